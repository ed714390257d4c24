import { expect } from "chai";
import { type DemoReport, runDemo } from "../../scripts/demo/runDemo.ts";

/** Runs the story, and keeps what it prints. */
async function tell(version: "1.4.1" | "1.5.0"): Promise<{ report: DemoReport; lines: string[] }> {
  const lines: string[] = [];
  const print = console.log;
  console.log = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    return { report: await runDemo(version), lines };
  } finally {
    console.log = print;
  }
}

describe("the npm start demo", function () {
  this.timeout(120_000);

  for (const version of ["1.4.1", "1.5.0"] as const) {
    describe(`on Safe ${version}`, () => {
      let told: Awaited<ReturnType<typeof tell>>;
      before(async () => {
        told = await tell(version);
      });

      it("makes thirteen payments and prevents every theft", () => {
        expect(told.report.failures).to.deep.equal([]);
        expect(told.report.payments).to.equal(13);
        expect(told.report.refusals).to.equal(22);
        expect(told.report.stolen).to.equal(0);
        // Ten purchases and a transfer for $3.086, $0.03 by use, then a whole day's $20 by the thief, all to the owner's shop.
        expect(told.report.spent).to.equal(23.116);
      });

      it("says why each theft failed", () => {
        const reasons = told.lines.filter((line) => line.includes("refused"));
        expect(reasons).to.have.length(22 + 1);
        expect(told.lines.join("\n")).not.to.include("the chain gave no reason");
      });
    });
  }
});
