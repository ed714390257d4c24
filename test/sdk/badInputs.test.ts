import { rmSync } from "node:fs";
import { Refusal } from "@latchkey/sdk";
import { expect } from "chai";
import { isAddress as isAddressText } from "viem";
import * as sdk from "./everyEntry.ts";
import { exportedFunctions } from "./exportedFunctions.ts";
import { agents, apart, exported, files, good, grant, shop, validator } from "./goodInputs.ts";

const isAddress = (value: unknown) => typeof value === "string" && isAddressText(value);
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const isClient = (value: unknown) =>
  isPlain(value) && ("transport" in value || ("publicKey" in value && "sign" in value));

/** What stands in place of a good value. */
function spoilt(value: unknown): unknown[] {
  if (typeof value === "bigint") return [-1n, 1n << 300n, 0.5, Number.NaN, "", "dai", null];
  if (typeof value === "number")
    return [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 64, "", "dai", null];
  if (value instanceof Date) return [new Date(Number.NaN), "tomorrow", 5, null];
  if (typeof value === "string")
    return [
      "",
      "dai",
      "0x12",
      "0xzz",
      `${value.slice(0, -1)}`,
      "-1",
      "0.1234567",
      Number.NaN,
      5,
      -1n,
      undefined,
      null,
    ];
  if (typeof value === "boolean" || typeof value === "function") return [];
  return [undefined, null, 5, "dai", {}, []];
}

/** The arguments, each time with one value in them spoilt, and where. A whole object of options is not left out. */
function* spoilings(
  value: unknown,
  path: string,
  depth = 0,
): Generator<{ path: string; bad: unknown; was: unknown; value: unknown }> {
  const opaque =
    isClient(value) ||
    (typeof value === "object" &&
      value !== null &&
      !isPlain(value) &&
      !Array.isArray(value) &&
      !(value instanceof Date));
  if (opaque) return;
  if (Array.isArray(value)) {
    if (depth > 0) for (const bad of spoilt(value)) yield { path, bad, was: value, value: bad };
    for (const [index, one] of value.entries())
      for (const inner of spoilings(one, `${path}[${index}]`, depth + 1))
        yield { ...inner, value: value.map((other, at) => (at === index ? inner.value : other)) };
    return;
  }
  if (isPlain(value)) {
    // An object of options always comes as an object: only what it holds is spoilt.
    if (depth > 1) for (const bad of spoilt(value)) yield { path, bad, was: value, value: bad };
    for (const [name, one] of Object.entries(value))
      for (const inner of spoilings(one, `${path}.${name}`, depth + 1))
        yield { ...inner, value: { ...value, [name]: inner.value } };
    return;
  }
  for (const bad of spoilt(value)) yield { path, bad, was: value, value: bad };
}

/** Addresses that a function has no use for, and those that end in a verdict rather than an error. */
const unread =
  /^(?:(?:grantSession|spendMeter)#.*\.module|mostSpendable#.*|readBalanceFloors#.*(?:module|key|paymaster|recipients\[0\]|target)|encodePaymentUserOpSignature#.*\.module|safeCreation#1.*sharedSigner|signatureRailCalls#.*handler|verifyGrant#.*) = /;

const print = (value: unknown) =>
  typeof value === "bigint" ? `${value}n` : typeof value === "string" ? JSON.stringify(value) : String(value);

describe("a bad input", function () {
  this.timeout(120_000);
  // A spoilt path is a relative one: what is written there must not land in the checkout.
  const checkout = process.cwd();
  before(() => process.chdir(files));
  after(() => {
    process.chdir(checkout);
    rmSync(files, { recursive: true });
  });

  it("is tried on every exported function", () => {
    const names = exportedFunctions();
    expect(names.length).to.be.greaterThan(90);
    const listed = [...Object.keys(good), ...Object.keys(apart)];
    expect(names.filter((name) => !listed.includes(name))).to.deep.equal([]);
    expect(listed.filter((name) => !names.includes(name))).to.deep.equal([]);
  });

  it("of a token or an amount is refused by pay with what is wrong, before anything is asked", async () => {
    const paying = (more: object) =>
      sdk.pay(agents, { grant: grant(), to: shop, amount: "0.50", ...more } as Parameters<typeof sdk.pay>[1]);
    const refused = async (more: object) => {
      const error = await paying(more).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error, print(more)).to.be.instanceOf(sdk.InvalidInput);
      return (error as sdk.InvalidInput).code;
    };
    for (const token of ["dai", "USDC", "", "0x12", validator])
      expect(await refused({ token }), token).to.equal("UNKNOWN_TOKEN");
    for (const amount of ["-1", "0", "", "1e3", "0.1234567", "1,5", 1, 1n, Number.NaN, undefined])
      expect(await refused({ amount }), String(amount)).to.equal("INVALID_AMOUNT");
    for (const to of ["dai", "", "0x12", undefined, shop.replace("0x", "0X")])
      expect(await refused({ to }), String(to)).to.equal("INVALID_ADDRESS");
    const noGrant = await sdk
      .pay(agents, { to: shop, amount: "1" } as never)
      .catch((error: unknown) => error);
    expect(noGrant).to.be.instanceOf(sdk.InvalidGrant);
    expect((noGrant as sdk.InvalidGrant).code).to.equal("INVALID_GRANT");
  });

  for (const [name, make] of Object.entries(good))
    it(`ends ${name} in a refusal that says what to do, and in no other error`, async () => {
      const wrong: string[] = [];
      for (const [way, args] of make().entries())
        for (const { path, bad, was, value } of spoilings(args, `${name}#${way}`)) {
          const what = `${path} = ${print(bad)}`;
          try {
            await (exported[name] as (...args: unknown[]) => unknown)(...(value as unknown[]));
            if (bad === "dai" && isAddress(was) && !unread.test(what)) wrong.push(`${what}: was accepted`);
          } catch (error) {
            if (!(error instanceof Refusal)) wrong.push(`${what}: ${String(error).split("\n")[0]}`);
            else if (error.code === "UNKNOWN") wrong.push(`${what}: UNKNOWN ${error.shortMessage}`);
          }
        }
      expect(wrong).to.deep.equal([]);
    });
});
