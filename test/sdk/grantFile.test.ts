import "../environment/seed.ts";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GRANT_SCHEMA_ID,
  type Grant,
  grantJsonSchema,
  isRefusal,
  parseGrant,
  type RefusalCode,
  serializeGrant,
} from "@latchkey/sdk";
import { readGrantFile, readKeyFile, writeGrantFile, writeKeyFile } from "@latchkey/sdk/node";
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

describe("a grant's file on disk", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-grant-"));
    path = join(folder, "grant.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refusedWith = async (attempt: Promise<unknown>, code: RefusalCode): Promise<string> => {
    const error: unknown = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(isRefusal(error, code), String(error)).to.equal(true);
    return `${error}\n${JSON.stringify(error)}`;
  };
  const other: Grant = { ...example, signature: "0x5678" };

  it("is written for its user alone, read as it was, and replaced by a later grant", async () => {
    await writeGrantFile(path, example);
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, "utf8")).to.equal(serializeGrant(example));
    expect(await readGrantFile(path)).to.deep.equal(example);
    await writeGrantFile(path, other);
    expect(await readGrantFile(path)).to.deep.equal(other);
    expect(await readdir(folder)).to.deep.equal(["grant.json"]);
  });

  it("is always complete, also while many write and read it at once", async () => {
    await writeGrantFile(path, example);
    const writing = Array.from({ length: 12 }, (_, at) => writeGrantFile(path, at % 2 ? example : other));
    const reading = Array.from({ length: 12 }, () => readGrantFile(path));
    for (const grant of await Promise.all(reading)) expect(["0x1234", "0x5678"]).to.include(grant.signature);
    await Promise.all(writing);
    expect(await readdir(folder)).to.deep.equal(["grant.json"]);
    // Nor does one fail where there was no file before.
    const fresh = join(folder, "fresh.json");
    await Promise.all(Array.from({ length: 12 }, () => writeGrantFile(fresh, example)));
    expect(await readGrantFile(fresh)).to.deep.equal(example);
  });

  it("is read with a byte order mark, and with any mode: it is not a secret", async () => {
    await writeFile(path, `\uFEFF${serializeGrant(example)}`, { mode: 0o644 });
    expect(await readGrantFile(path)).to.deep.equal(example);
    await writeGrantFile(path, other);
    expect(await readGrantFile(path)).to.deep.equal(other);
  });

  it("is refused where it is missing, a folder, damaged, or another file, which is not quoted", async () => {
    expect(await refusedWith(readGrantFile(path), "GRANT_FILE")).to.contain("does not exist");
    expect(await refusedWith(readGrantFile(folder), "GRANT_FILE")).to.contain("cannot be read");
    await writeFile(path, serializeGrant(example).slice(0, -20));
    expect(await refusedWith(readGrantFile(path), "INVALID_GRANT")).to.contain(path);
    await writeFile(path, serializeGrant(example).replace('"version": 1', '"version": 2'));
    expect(await refusedWith(readGrantFile(path), "INVALID_GRANT")).to.contain("supports version 1");
    const privateKey = generatePrivateKey();
    const keyPath = join(folder, "key.json");
    await writeKeyFile(keyPath, { privateKey });
    expect(await refusedWith(readGrantFile(keyPath), "INVALID_GRANT")).not.to.contain(
      privateKey.slice(2, 12),
    );
  });

  it("never replaces another file, and says where it cannot be written", async () => {
    const keyPath = join(folder, "key.json");
    const { address } = await writeKeyFile(keyPath);
    expect(await refusedWith(writeGrantFile(keyPath, example), "GRANT_FILE")).to.contain("is not a grant");
    expect((await readKeyFile(keyPath)).address).to.equal(address);
    await writeFile(path, "something dear");
    expect(await refusedWith(writeGrantFile(path, example), "GRANT_FILE")).to.contain("is not a grant");
    expect(await readFile(path, "utf8")).to.equal("something dear");
    expect(await refusedWith(writeGrantFile(folder, example), "GRANT_FILE")).to.contain("cannot be read");
    const nowhere = join(folder, "nowhere", "grant.json");
    expect(await refusedWith(writeGrantFile(nowhere, example), "GRANT_FILE")).to.contain("cannot be written");
  });
});
