import "../environment/seed.ts";
import { readFileSync } from "node:fs";
import {
  GRANT_SCHEMA_ID,
  type Grant,
  grantJsonSchema,
  isRefusal,
  parseGrant,
  serializeGrant,
} from "@latchkey/sdk";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import fc from "fast-check";
import { keccak256, toBytes } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { arbitrarySession } from "./arbitrarySession.ts";

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(grantJsonSchema);

const module = privateKeyToAccount(keccak256(toBytes("module"))).address;
const arbitraryGrant = arbitrarySession().map(
  (session): Grant => ({
    version: 1,
    chainId: 8453,
    module,
    accountKind: "safe",
    session,
    signature: "0x1234",
  }),
);
const [example] = fc.sample(arbitraryGrant, { numRuns: 1, seed: 1 }) as [Grant];

const isParsed = (file: unknown): boolean => {
  try {
    parseGrant(file);
    return true;
  } catch (error) {
    if (isRefusal(error, "INVALID_GRANT")) return false;
    throw error;
  }
};

describe("a grant file", () => {
  it("is what its published schema describes, whatever the session", () => {
    fc.assert(
      fc.property(arbitraryGrant, (grant) => {
        const file: unknown = JSON.parse(serializeGrant(grant));
        expect(validate(file), JSON.stringify(validate.errors)).to.equal(true);
        expect(parseGrant(serializeGrant(grant))).to.deep.equal(grant);
      }),
    );
  });

  it("names its schema, and is read without that too", () => {
    const file = JSON.parse(serializeGrant(example));
    expect(file.$schema).to.equal(GRANT_SCHEMA_ID).and.to.equal(grantJsonSchema.$id);
    expect(parseGrant(example)).to.deep.equal(example);
    expect(parseGrant({ ...file, $schema: "./grant-1.schema.json" })).to.deep.equal(example);
  });

  it("is read with the byte order mark that an editor put before it", () => {
    expect(parseGrant(`\uFEFF${serializeGrant(example)}`)).to.deep.equal(example);
  });

  const spoiled: Record<
    string,
    (file: Record<string, unknown>, session: Record<string, unknown>) => unknown
  > = {
    "another version": (file) => ({ ...file, version: 2 }),
    "no version": ({ version: _, ...file }) => file,
    "a field that nobody knows": (file) => ({ ...file, privateKey: "0x01" }),
    "a field of the session that nobody knows": (file, session) => ({
      ...file,
      session: { ...session, memo: "" },
    }),
    "a chain that is a text": (file) => ({ ...file, chainId: "8453" }),
    "an account of a kind that was never tried": (file) => ({ ...file, accountKind: "simple" }),
    "half a byte of signature": (file) => ({ ...file, signature: "0x123" }),
    "a salt as a number": (file, session) => ({ ...file, session: { ...session, salt: 1 } }),
    "a salt with leading zeros": (file, session) => ({ ...file, session: { ...session, salt: "01" } }),
    "an end that is not a whole second": (file, session) => ({
      ...file,
      session: { ...session, validUntil: 1.5 },
    }),
    "a short address": (file, session) => ({ ...file, session: { ...session, key: "0x01" } }),
    "no actions": (file, { actions: _, ...session }) => ({ ...file, session }),
  };
  for (const [what, spoil] of Object.entries(spoiled))
    it(`is refused with ${what}, by the schema and by the SDK`, () => {
      const file = JSON.parse(serializeGrant(example));
      expect(isParsed(file)).to.equal(true);
      const bad = spoil(file, file.session);
      expect(validate(bad)).to.equal(false);
      expect(isParsed(bad)).to.equal(false);
    });

  it("is refused with the place of each fault and what is wrong there, whatever else the program loads", () => {
    const file = JSON.parse(serializeGrant(example));
    const [budget] = file.session.budgets;
    const faultsOf = (spoilt: unknown) => {
      try {
        parseGrant(spoilt);
      } catch (error) {
        if (isRefusal(error, "INVALID_GRANT") && "faults" in error.details) return error.details.faults;
        throw error;
      }
      return undefined;
    };
    expect(faultsOf({ ...file, memo: "", chainId: 0 })).to.deep.equal([
      "chainId: less than 1",
      "grant: unknown: memo",
    ]);
    expect(faultsOf({ ...file, accountKind: "simple", module: 1 })).to.deep.equal([
      "module: not of type string",
      "accountKind: not safe or openzeppelin or reference or nexus or kernel or kernel-0.3.2 or kernel-0.3.3 or safe7579",
    ]);
    const session = { ...file.session, salt: "01", budgets: [{ ...budget, sizes: 9, recipients: [] }] };
    expect(faultsOf({ ...file, session })).to.deep.equal([
      "session.salt: not a decimal string of at most 78 digits",
      "session.budgets.0.sizes: more than or equal to 9",
      "session.budgets.0.recipients: less than 1 entries",
    ]);
  });

  it("is refused where it cannot be written as JSON at all", () => {
    const circular: Record<string, unknown> = JSON.parse(serializeGrant(example));
    circular.session = circular;
    const hostile = {
      ...example,
      get session(): never {
        throw new Error("no");
      },
    };
    for (const bad of [circular, hostile, { toJSON: () => expect.fail("no") }, () => example, undefined, 1n])
      expect(isParsed(bad)).to.equal(false);
  });

  it("has its schema in the package, as a file", () => {
    const path = new URL("../../packages/sdk/schemas/grant-1.schema.json", import.meta.url);
    expect(JSON.parse(readFileSync(path, "utf8")), "run: npm run reference").to.deep.equal(grantJsonSchema);
  });

  it("holds no secret: what hangs on the object beside the grant's own fields is not written", () => {
    const secret = generatePrivateKey();
    const careless = {
      ...example,
      privateKey: secret,
      session: {
        ...example.session,
        privateKey: secret,
        budgets: example.session.budgets.map((budget) => ({ ...budget, privateKey: secret })),
        actions: example.session.actions.map((action) => ({
          ...action,
          privateKey: secret,
          rules: action.rules.map((rule) => ({ ...rule, privateKey: secret })),
        })),
      },
    };
    const text = serializeGrant(careless);
    expect(text).not.to.contain(secret.slice(2)).and.not.to.contain("privateKey");
    expect(text).to.equal(serializeGrant(example));
  });
});
