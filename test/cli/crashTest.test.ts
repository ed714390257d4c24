import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import type { CrashReport, CrashRow, CrashScenario } from "#cli/core/crashTest/CrashReport.ts";
import { reportText } from "#cli/core/crashTest/crashText.ts";
import { loadPeers } from "#cli/core/crashTest/peers.ts";
import { SCENARIOS } from "#cli/core/crashTest/scenarios.ts";
import { latchkey, startLatchkey } from "./latchkey.ts";

const root = resolve(import.meta.dirname, "../..");

type MeasuredRow = Exclude<CrashRow, { verdict: "not installed" }>;

/** A folder that has packages installed, as npm would link them: by the names under which they are published. */
async function folderWith(packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-crash-test-"));
  await writeFile(join(folder, "package.json"), "{}");
  for (const [name, source] of Object.entries(packages)) {
    const path = join(folder, "node_modules", name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(join(root, "node_modules", source), path, "junction");
  }
  return folder;
}

/** As npm installs them: by the names under which they are published. */
const PEERS = {
  "@coinbase/cdp-sdk": "cdp-x402",
  "@x402/core": "@x402/core",
  "@x402/evm": "@x402/evm",
  "@x402/fetch": "@x402/fetch",
};

describe("the crash test", function () {
  this.timeout(400_000);
  let folder: string;
  let report: CrashReport;

  before(async () => {
    folder = await folderWith({ ...PEERS, "@latchkey/devchain": "@latchkey/devchain" });
    const { code, stdout, stderr } = await latchkey({ home: folder, cwd: folder }, "crash-test", "--json");
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    report = JSON.parse(stdout);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The one row of a guard whose setup has these words. */
  const rowOf = (scenario: CrashScenario, guard: string, setup = ""): MeasuredRow => {
    const rows = report.rows.filter(
      (row) => row.scenario === scenario && row.guard === guard && row.setup.includes(setup),
    );
    expect(rows, `${scenario}, ${guard}, ${setup}`).to.have.length(1);
    const [row] = rows;
    if (!row || row.verdict === "not installed") throw new Error(`${guard} is not installed`);
    return row;
  };
  const sessions = () => report.rows.filter(({ guard }) => guard === "Latchkey session") as MeasuredRow[];

  it("lets a session pay the whole day's limit in every scenario, and never more in a day", () => {
    expect(sessions().map(({ scenario }) => scenario)).to.deep.equal([
      "replicas",
      "replicas",
      "restart",
      "other token",
      "stolen key",
      "period edge",
    ]);
    for (const { scenario, parts } of sessions())
      for (const part of parts) expect(Number(part), scenario).to.equal(scenario === "other token" ? 0 : 20);
  });

  it("says that a session pays two days' worth around the edge of two days", () => {
    const row = rowOf("period edge", "Latchkey session");
    expect(row).to.include({ verdict: "exceeded", left: "40", beyond: "20" });
    expect(row.parts).to.deep.equal(["20", "20"]);
    expect(row.seconds).to.be.lessThan(600);
  });

  it("lets a thief have nothing of a session's, though the thief can pay the shop", () => {
    const row = rowOf("stolen key", "Latchkey session");
    expect(row).to.include({ verdict: "held", left: "20", toThief: "0" });
  });

  it("refuses a session's purchases for the limit, the token or a collision, and for nothing else", () => {
    const reasons = new Set(sessions().flatMap(({ refusals }) => refusals));
    expect(
      [...reasons].filter(
        (code) => !["PERIOD", "TOKEN_AUTHORIZATION_USED", "SLOTS_TAKEN", "UNKNOWN_TOKEN"].includes(code),
      ),
    ).to.deep.equal([]);
    expect(rowOf("other token", "Latchkey session").refusals).to.deep.equal(["UNKNOWN_TOKEN"]);
  });

  it("has x402's spend controls refuse another token, and no sum over time", () => {
    for (const scenario of ["replicas", "restart", "period edge"] as const) {
      const { verdict, left, asked, refusals } = rowOf(scenario, "x402 spend controls");
      expect({ verdict, left, refusals }, scenario).to.deep.equal({
        verdict: "exceeded",
        left: asked,
        refusals: [],
      });
    }
    const { left, refusals } = rowOf("other token", "x402 spend controls");
    expect(left).to.equal("0");
    expect(refusals.join()).to.match(/rejected by spendControls: only default assets/);
  });

  it("has Coinbase's guardrails hold in one process, across an edge too, and with a ledger after a restart", () => {
    expect(rowOf("period edge", "Coinbase guardrails")).to.include({ verdict: "held", left: "20" });
    expect(rowOf("restart", "Coinbase guardrails", "a ledger")).to.include({ verdict: "held", left: "20" });
    expect(rowOf("other token", "Coinbase guardrails", "allowedAssets")).to.include({
      verdict: "held",
      left: "0",
    });
  });

  it("has Coinbase's guardrails let more through: replicas, a restart without a ledger, a token they do not name", () => {
    for (const row of [
      rowOf("replicas", "Coinbase guardrails", "in memory"),
      rowOf("replicas", "Coinbase guardrails", "a ledger"),
      rowOf("restart", "Coinbase guardrails", "in memory"),
      rowOf("other token", "Coinbase guardrails", "allowedPayees; ledger"),
    ])
      expect(Number(row.beyond), `${row.scenario}, ${row.setup}`).to.be.greaterThan(0);
  });

  it("refuses by the guardrails' own sum, not for another reason", () => {
    for (const scenario of ["replicas", "restart", "period edge"] as const)
      for (const row of report.rows.filter(
        (one) => one.scenario === scenario && one.guard === "Coinbase guardrails",
      ))
        for (const refusal of (row as MeasuredRow).refusals)
          expect(refusal, scenario).to.match(/would push cumulative spend to \d+, exceeding cap 20000000/);
  });

  it("lets a thief with the wallet's key take everything, whatever guard the agent runs", () => {
    for (const guard of ["x402 spend controls", "Coinbase guardrails"]) {
      const { left, asked, toThief } = rowOf("stolen key", guard);
      expect(left).to.equal(asked);
      expect(Number(toThief)).to.equal(Number(asked) - 5);
    }
  });

  it("is what docs/crash-test.md shows, to the dollar", async () => {
    const page = await readFile(join(root, "docs/crash-test.md"), "utf8");
    const [, shown] = /<!-- crash-test -->\n\n```text\n([\s\S]*?)```\n\n<!-- end -->/.exec(page) ?? [];
    expect(shown).to.equal(`${reportText(report)}\n`);
  });

  it("runs the packages that are published, unmodified", async () => {
    const { versions } = report;
    const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")).packages;
    for (const [name, source] of Object.entries(PEERS))
      expect(versions[name], name).to.equal(lock[`node_modules/${source}`].version);
  });
});

describe("the crash test in a folder", function () {
  this.timeout(120_000);
  for (const [installed, missing] of [
    [[], ["@x402/fetch", "@x402/evm", "@coinbase/cdp-sdk"]],
    [["@x402/fetch", "@x402/evm", "@x402/core"], ["@coinbase/cdp-sdk"]],
    [["@coinbase/cdp-sdk"], ["@x402/fetch", "@x402/evm"]],
  ] as const)
    it(`with ${installed.join(", ") || "nothing"} says what to install, and leaves the session's rows`, async () => {
      const folder = await folderWith(Object.fromEntries(installed.map((name) => [name, PEERS[name]])));
      try {
        const peers = loadPeers(folder);
        const guards = SCENARIOS.flatMap((scenario) => scenario.guards.map(({ guard }) => guard));
        const lacking = (name: string) =>
          new Set(guards.filter((guard) => guard.name === name).flatMap((guard) => guard.missing({ peers })));
        expect([...lacking("Coinbase guardrails")]).to.deep.equal(missing);
        expect([...lacking("x402 spend controls")]).to.deep.equal(
          missing.filter((name) => name.startsWith("@x402")),
        );
        expect([...lacking("Latchkey session")]).to.deep.equal([]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

  it("without the development chain says how to install it", async () => {
    const folder = await folderWith({});
    try {
      const { code, stdout, stderr } = await latchkey({ home: folder, cwd: folder }, "crash-test");
      expect(stdout).to.equal("");
      expect(stderr).to.match(
        /^error: @latchkey\/devchain is not installed in .* \(NO_DEVCHAIN\)\nnpm install @latchkey\/devchain/,
      );
      expect(code).to.equal(5);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("prints what it does while it does it, and on Ctrl-C ends with 130", async () => {
    const folder = await folderWith({ "@latchkey/devchain": "@latchkey/devchain" });
    try {
      const running = await startLatchkey({ home: folder, cwd: folder }, "crash-test");
      await running.until(/^replicas\n {2}10 processes/m);
      running.child.kill("SIGINT");
      const { code, stdout, stderr } = await running.ended;
      expect(stdout).not.to.include("restart");
      expect(stderr).to.equal("error: Interrupted. (INTERRUPTED)\n");
      expect(code).to.equal(130);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
