import { Refusal } from "@latchkey/sdk";
import { expect } from "chai";
import { DOCS_BASE } from "#sdk/errors/docsPath.ts";
import { jsonOf, loggable } from "#sdk/errors/json.ts";
import { exported, good } from "./goodInputs.ts";

/** What `JSON.stringify` must take: the result, and every object in it. */
function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== "object" || value === null) return;
  yield value;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (isPlain) for (const member of Object.values(value)) yield* objectsIn(member);
}

/** Those that give a viem object, which viem's own `stringify` is for, or one bigint. */
const notOurs = [
  "permit2Transfer",
  "toSessionSmartAccount",
  "passkeyVerifiers",
  "parseAmount",
  "validatorNonceKey",
];

describe("what a function of the SDK gives", function () {
  this.timeout(120_000);

  for (const [name, make] of Object.entries(good).filter(([name]) => !notOurs.includes(name)))
    it(`can be logged as JSON, whole and in parts: ${name}`, async () => {
      for (const args of make()) {
        let given: unknown;
        try {
          given = await (exported[name] as (...args: unknown[]) => unknown)(...args);
        } catch (refusal) {
          expect(refusal).to.be.instanceOf(Refusal);
          const json = JSON.parse(JSON.stringify(refusal));
          expect(json).to.have.all.keys("code", "message", "whatToDo", "details", "docsPath");
          continue;
        }
        for (const one of objectsIn(given)) {
          const keys = Object.keys(one);
          const json = JSON.stringify(one);
          if (Object.getPrototypeOf(one) !== Object.prototype) continue;
          // Nothing of it is lost, and nothing is added to what can be seen.
          const kept = Object.keys(JSON.parse(json));
          const written = keys.filter((key) => {
            const member = (one as Record<string, unknown>)[key];
            return member !== undefined && typeof member !== "function";
          });
          expect(kept).to.deep.equal(written);
          expect(keys).not.to.include("toJSON");
        }
      }
    });

  it("keeps its bigints in memory, and writes them as decimal strings at any depth", () => {
    const result = loggable({ amount: 5n, list: [{ of: [1n << 200n] }], none: undefined, date: new Date(0) });
    expect(result.amount).to.equal(5n);
    expect(JSON.parse(JSON.stringify(result))).to.deep.equal({
      amount: "5",
      list: [{ of: [(1n << 200n).toString()] }],
      date: "1970-01-01T00:00:00.000Z",
    });
    expect(JSON.stringify(result.list[0])).to.equal(`{"of":["${1n << 200n}"]}`);
    expect(JSON.stringify({ within: result.list })).to.include(String(1n << 200n));
    expect(Object.keys(result)).not.to.include("toJSON");
    expect(structuredClone({ amount: loggable({ of: 1n }) })).to.deep.equal({ amount: { of: 1n } });
    expect(jsonOf([1n, "1", null, true])).to.deep.equal(["1", "1", null, true]);
  });

  it("is a refusal whose code, message and details JSON has, bigints at any depth", () => {
    const refusal = new Refusal({
      code: "PERIOD",
      shortMessage: "Too much.",
      metaMessages: ["Ask for less."],
      details: { remaining: 5n, held: [{ value: 7n }], text: "x" },
    });
    expect(JSON.parse(JSON.stringify({ error: refusal }))).to.deep.equal({
      error: {
        code: "PERIOD",
        message: "Too much.",
        whatToDo: ["Ask for less."],
        details: { remaining: "5", held: [{ value: "7" }], text: "x" },
        docsPath: `${DOCS_BASE}/errors.md#period`,
      },
    });
  });
});
