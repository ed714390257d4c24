import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  ChainRefusal,
  decodeError,
  errorCatalogue,
  InvalidInput,
  isRefusal,
  Refusal,
  type RefusalCode,
  safeCreation,
  safeInstallation,
  safeRemoval,
} from "@latchkey/sdk";
import {
  erc7579SessionModuleAbi,
  safeSessionHandlerAbi,
  safeSessionModuleAbi,
  sessionErrorsAbi,
  sessionLensAbi,
} from "@latchkey/sdk/abis";
import { encodePasskeyAssertion, safeSignatures } from "@latchkey/sdk/encoding";
import {
  erc7579Installation,
  erc7579KindOf,
  erc7579Removal,
  granterPrefix,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import { x402ExactPermit2ProxyABI, x402UptoPermit2ProxyABI } from "@x402/evm";
import { expect } from "chai";
import {
  type AbiParameter,
  BaseError,
  encodeErrorResult,
  type Hex,
  parseAbi,
  RawContractError,
  TimeoutError,
  toHex,
  zeroAddress,
} from "viem";
import { DOCS_BASE } from "#sdk/errors/docsPath.ts";
import { settlementErrorAbi } from "#sdk/errors/settlementErrors.ts";

const token = "0x00000000000000000000000000000000000000A1";
const encode = (errorName: string, args: readonly unknown[] = []): Hex =>
  encodeErrorResult({ abi: sessionErrorsAbi as never, errorName, args } as never);
const textError = (text: string): Hex =>
  encodeErrorResult({ abi: parseAbi(["error Error(string)"]), errorName: "Error", args: [text] });

/** Some value of a type. */
function sample({ type }: AbiParameter): unknown {
  if (type === "address") return zeroAddress;
  const bytes = /^bytes(\d*)$/.exec(type);
  if (bytes) return toHex(1, { size: Number(bytes[1] || 1) });
  return type === "uint8" || type === "uint48" ? 1 : 1n;
}

describe("the page that a refusal names", () => {
  const root = resolve(import.meta.dirname, "../..");
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const codes = Object.keys(errorCatalogue) as RefusalCode[];
  const { repository } = JSON.parse(read("package.json")) as { repository: { url: string } };
  const home = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

  it("is a URL in the repository that every package names", () => {
    expect(DOCS_BASE).to.equal(`${home}/blob/main/docs`);
    for (const directory of ["packages/sdk", "packages/page"])
      expect(JSON.parse(read(`${directory}/package.json`)).repository).to.deep.equal({
        ...repository,
        directory,
      });
    expect(
      new Refusal({ code: "PER_TRANSACTION", shortMessage: "no", metaMessages: ["do"] }).docsPath,
    ).to.equal(`${home}/blob/main/docs/errors.md#per-transaction`);
  });

  it("is there, and has a heading for the code", () => {
    expect(codes).to.include("PERIOD").and.to.include("OUTCOME_UNKNOWN");
    /** GitHub's anchors of a page's headings. */
    const anchorsOf = (path: string) =>
      [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
        heading.toLowerCase().replaceAll(" ", "-"),
      );
    const unresolved = codes.filter((code) => {
      const { docsPath } = new Refusal({ code, shortMessage: "no", metaMessages: ["do"] });
      const [path = "", anchor = ""] = docsPath.replace(DOCS_BASE, "docs").split("#");
      return !anchorsOf(path).includes(anchor);
    });
    expect(unresolved).to.deep.equal([]);
  });
});

describe("the catalogue of errors", () => {
  const root = resolve(import.meta.dirname, "../..");
  const entries = Object.values(errorCatalogue);
  const contractErrors = [
    ...safeSessionModuleAbi,
    ...erc7579SessionModuleAbi,
    ...safeSessionHandlerAbi,
    ...sessionLensAbi,
    ...sessionErrorsAbi,
  ].flatMap((item) => (item.type === "error" ? [item] : []));

  it("has every code once, and none more", () => {
    const source = readFileSync(join(root, "packages/sdk/src/errors/Refusal.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map(([, code]) => code);
    expect(Object.keys(errorCatalogue).sort()).to.deep.equal(codes.sort());
  });

  it("has every error of the contracts once, and none more", () => {
    const names = [...new Set(contractErrors.map(({ name }) => name))];
    expect(entries.flatMap(({ error }) => error ?? []).sort()).to.deep.equal(names.sort());
  });

  it("names only values that the error carries", () => {
    const unknown = entries.flatMap(({ error, message = "" }) => {
      const names = contractErrors.find(({ name }) => name === error)?.inputs.map(({ name }) => name);
      return [...message.matchAll(/\{(\w+)\}/g)].flatMap(([, name = ""]) =>
        names?.some((one) => one === name) ? [] : [`${error}: ${name}`],
      );
    });
    expect(unknown).to.deep.equal([]);
  });

  it("is all of what decodeError says of a contract's error", () => {
    for (const item of contractErrors) {
      const refusal = decodeError(
        encodeErrorResult({ abi: [item], errorName: item.name, args: item.inputs.map(sample) } as never),
      );
      const { meaning, message = meaning, whatToDo, error } = errorCatalogue[refusal.code];
      expect(error).to.equal(item.name);
      expect(refusal.metaMessages).to.deep.equal(whatToDo);
      const fixed = message.split(/\{\w+\}/);
      if (item.name !== "CallFailed")
        for (const part of fixed) expect(refusal.shortMessage, item.name).to.contain(part);
      expect(refusal.shortMessage, item.name).not.to.match(/[{}]/);
    }
  });

  it("fills docs/errors.md", () => {
    const page = readFileSync(join(root, "docs/errors.md"), "utf8");
    for (const { meaning, whatToDo } of entries) expect(page).to.contain([meaning, ...whatToDo].join(" "));
  });

  it("is where the page finds what it has no words of its own for", () => {
    const source = readFileSync(join(root, "packages/page/src/wording/wordsFor.ts"), "utf8");
    expect(source).to.contain("errorCatalogue[code].meaning");
  });
});

describe("amounts in messages", () => {
  const usdc = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
  const other = "0x00000000000000000000000000000000000000A1";

  it("have the decimals and the symbol of a token that is known", () => {
    expect(
      decodeError(encode("PerTransactionExceeded", [usdc, 1_010_000n, 1_000_000n])).shortMessage,
    ).to.equal("1.01 USDC exceeds the limit of 1 USDC per payment.");
    expect(
      decodeError(encode("PerTransactionExceeded", [zeroAddress, 10n ** 17n, 1n])).shortMessage,
    ).to.equal("0.1 native coin exceeds the limit of 0.000000000000000001 native coin per payment.");
    expect(
      decodeError(encode("PeriodExceeded", [usdc, 2_500_000n, 0n, 1_800_000_000n])).shortMessage,
    ).to.equal("2.5 USDC exceeds the 0 USDC left until 2027-01-15T08:00:00Z.");
    expect(decodeError(encode("AllowanceLeft", [usdc, other, 1n])).shortMessage).to.equal(
      `${other} could still transfer 0.000001 USDC after the batch.`,
    );
  });

  it("are in base units of a token that is not, which is named", () => {
    expect(
      decodeError(encode("PerTransactionExceeded", [other, 1_010_000n, 1_000_000n])).shortMessage,
    ).to.equal(
      "1010000 base units of 0x0000…00A1 exceeds the limit of 1000000 base units of 0x0000…00A1 per payment.",
    );
  });
});

describe("the SDK", () => {
  const root = resolve(import.meta.dirname, "../../packages/sdk/src");
  /** Errors that reach callers only as the cause of a refusal or the reason of an abort; an offer's never does. */
  const inside = [
    "agent/x402/offerBody.ts",
    "agent/x402/payingFetch.ts",
    "agent/x402/redisPaymentStore.ts",
    "encoding/userOp/decodeSessionUserOpCallData.ts",
    "internal/aggregate3.ts",
    "internal/aggregatingClient.ts",
  ];

  it("throws only refusals, which say what to do", () => {
    const sources = globSync("**/*.ts", { cwd: root }).filter((path) => !path.startsWith("generated"));
    expect(sources.length).to.be.greaterThan(100);
    const plain = sources.filter((path) =>
      /new (Type|Range)?Error\(/.test(readFileSync(join(root, path), "utf8")),
    );
    expect(plain.map((path) => path.replaceAll("\\", "/")).sort()).to.deep.equal(inside);
  });

  const kernel = { kind: "kernel", validator: token } as const;
  const rail = { version: "1.4.1", handler: token } as const;
  const assertion = (flags: number) => ({
    authenticatorData: new Uint8Array(37).fill(flags),
    clientDataJSON: new Uint8Array(),
    signature: new Uint8Array(),
  });
  const refused: Record<string, [RefusalCode, () => unknown]> = {
    "a granter without bytes": [
      "GRANTER_TOO_LONG",
      () => erc7579Installation({ kind: "nexus", account: zeroAddress, module: token, granter: "0x" }),
    ],
    "a granter that is too long": [
      "GRANTER_TOO_LONG",
      () =>
        erc7579Installation({
          kind: "nexus",
          account: zeroAddress,
          module: token,
          granter: `0x${"11".repeat(24)}`,
        }),
    ],
    "a validator that was not named": ["UNKNOWN_VALIDATOR", () => granterPrefix({ kind: "nexus" })],
    "a lane that is too large": ["INVALID_LANE", () => validatorNonceKey({ ...kernel, lane: 2 ** 16 })],
    "a lane that is not a whole number": ["INVALID_LANE", () => validatorNonceKey({ ...kernel, lane: 0.5 })],
    "a negative lane": ["INVALID_LANE", () => validatorNonceKey({ ...kernel, lane: -1 })],
    "a module that is not in an account's list": [
      "MODULE_NOT_ENABLED",
      () =>
        erc7579Removal({ kind: "nexus", account: zeroAddress, module: token, validators: [], executors: [] }),
    ],
    "a module that is not in a Safe's list": [
      "MODULE_NOT_ENABLED",
      () =>
        safeRemoval({ ...rail, safe: zeroAddress, module: token, modules: [], fallbackHandler: zeroAddress }),
    ],
    "the module as a Safe's fallback handler": [
      "MODULE_IS_FALLBACK_HANDLER",
      () => safeInstallation({ ...rail, safe: zeroAddress, module: token }),
    ],
    "a Safe 1.5.0 without a token": [
      "UNKNOWN_TOKEN",
      () => safeInstallation({ version: "1.5.0", domainSeparators: [], safe: zeroAddress, module: token }),
    ],
    "a new Safe without an owner": ["INVALID_OWNERS", () => safeCreation({ ...rail, module: zeroAddress })],
    "a threshold above the number of owners": [
      "INVALID_OWNERS",
      () => safeCreation({ ...rail, module: zeroAddress, owners: [token], threshold: 2 }),
    ],
    "an owner who signed twice": [
      "INVALID_SIGNER",
      () => safeSignatures([0, 1].map(() => ({ signer: token, signature: `0x${"11".repeat(65)}` as const }))),
    ],
    "an owner's signature of another length": [
      "INVALID_SIGNER",
      () => safeSignatures([{ signer: token, signature: "0x11" }]),
    ],
    "a passkey that did not verify its user": ["INVALID_SIGNER", () => encodePasskeyAssertion(assertion(1))],
    "a passkey's answer in another form": ["INVALID_SIGNER", () => encodePasskeyAssertion(assertion(5))],
  };
  for (const [what, [code, attempt]] of Object.entries(refused))
    it(`refuses ${what} with a code and what to do`, () => {
      let error: unknown;
      try {
        attempt();
      } catch (caught) {
        error = caught;
      }
      if (!(error instanceof InvalidInput)) throw error ?? new Error("it was not refused");
      expect(error.code).to.equal(code);
      expect(error.metaMessages.length).to.be.greaterThan(0);
    });

  it("takes the largest lane that each kind's nonces have room for", () => {
    const largest = { kernel: 2 ** 16, nexus: 2 ** 24, openzeppelin: 2 ** 32 } as const;
    for (const kind of ["kernel", "nexus", "openzeppelin"] as const) {
      expect(validatorNonceKey({ kind, validator: token, lane: largest[kind] - 1 })).to.be.a("bigint");
      expect(() => validatorNonceKey({ kind, validator: token, lane: largest[kind] })).to.throw(InvalidInput);
    }
  });
});

describe("a revert", () => {
  const codes = new Map<string, string>();
  for (const item of sessionErrorsAbi)
    it(`${item.name} has its own code and says what to do`, () => {
      const refusal = decodeError(encode(item.name, item.inputs.map(sample)));
      expect(refusal).to.be.instanceOf(ChainRefusal);
      expect(refusal.code).not.to.equal("UNKNOWN");
      expect(refusal.metaMessages).to.have.length.greaterThan(0);
      expect(refusal.docsPath).to.match(/^https:.*\/docs\/errors\.md#[a-z-]+$/);
      expect(refusal.message).to.contain(refusal.shortMessage).and.to.contain(refusal.docsPath);
      expect(codes.get(refusal.code), `the error that has ${refusal.code} already`).to.equal(undefined);
      codes.set(refusal.code, item.name);
    });

  it("says what is left of a period, and when it ends", () => {
    const error: unknown = decodeError(encode("PeriodExceeded", [token, 5n, 3n, 1_800_000_000n]));
    if (!isRefusal(error, "PERIOD")) throw error;
    expect(error.details).to.deep.equal({ token, amount: 5n, remaining: 3n, resetsAt: 1_800_000_000 });
    expect(error.shortMessage).to.contain("2027-01-15T08:00:00Z");
    expect(isRefusal(error, "EXPIRED")).to.equal(false);
  });

  it("carries the recipient that is not allowed, and the amount that is too large", () => {
    const recipient = decodeError(encode("RecipientNotAllowed", [1n, token, zeroAddress]));
    expect(recipient.details).to.deep.equal({ index: 1, token, recipient: zeroAddress });
    const amount = decodeError(encode("PerTransactionExceeded", [token, 5n, 3n]));
    expect(amount.details).to.deep.equal({ token, amount: 5n, limit: 3n });
    const over = decodeError(encode("Expired", [1_800_000_000]));
    expect(over.details).to.deep.equal({ validUntil: 1_800_000_000 });
  });

  it("distinguishes a pause, which ends, and an omitted part", () => {
    const id = `0x${"11".repeat(32)}` as const;
    const paused = decodeError(encode("SessionIsPaused", [id]));
    expect(paused).to.deep.include({ code: "PAUSED", errorName: "SessionIsPaused", details: { id } });
    expect(paused.message).to.contain("paused").and.to.contain("resumes");
    const missing = (parts: bigint) => decodeError(encode("PartLeftOut", [parts]));
    expect(missing(5n)).to.deep.include({
      code: "PART_LEFT_OUT",
      errorName: "PartLeftOut",
      details: { parts: 5n },
    });
  });

  it("names the flaw that the contract numbers", () => {
    const flaws = sessionErrorsAbi.find(({ name }) => name === "MalformedSession");
    expect(flaws?.inputs[0]?.internalType).to.equal("enum Flaw");
    const source = readFileSync(
      resolve(import.meta.dirname, "../../contracts/interfaces/ISessionErrors.sol"),
      "utf8",
    );
    const [, members = ""] = /enum Flaw \{([^}]*)\}/.exec(source) ?? [];
    const names = [...members.matchAll(/^ {4}([A-Z]+),?$/gm)].map(([, name]) => name);
    expect(names).to.have.lengthOf(10);
    for (const [number, flaw] of names.entries())
      expect(decodeError(encode("MalformedSession", [number, 3n])).details).to.deep.equal({ flaw, index: 3 });
  });

  it("has a code even if only the module for ERC-7579 accounts has the error", () => {
    const data = encodeErrorResult({
      abi: parseAbi(["error GranterTooLong(uint256 length)"]),
      errorName: "GranterTooLong",
      args: [24n],
    });
    expect(decodeError(data)).to.deep.include({ code: "GRANTER_TOO_LONG", details: { length: 24 } });
  });

  it("becomes JSON without bigints, with what to do and the URL of its documentation", () => {
    const json = JSON.parse(JSON.stringify(decodeError(encode("PeriodExceeded", [token, 5n, 3n, 9n]))));
    expect(json).to.deep.include({
      code: "PERIOD",
      details: { token, amount: "5", remaining: "3", resetsAt: 9 },
      docsPath: `${DOCS_BASE}/errors.md#period`,
    });
    expect(json.whatToDo).to.have.length.greaterThan(0);
  });

  it("is found at any depth of a viem error", () => {
    const data = encode("SessionIsRevoked", [`0x${"11".repeat(32)}`]);
    const outer = new BaseError("outer", {
      cause: new BaseError("inner", { cause: new RawContractError({ data }) }),
    });
    expect(decodeError(outer)).to.include({ code: "REVOKED", errorName: "SessionIsRevoked", cause: outer });
    const nested = new Error("outside viem", { cause: new RawContractError({ data: { data } }) });
    expect(decodeError(nested).code).to.equal("REVOKED");
  });

  it("is found in the error texts of nodes and bundlers", () => {
    const data = encode("RecipientNotAllowed", [0n, token, zeroAddress]);
    for (const text of [
      `reverted with an unrecognized custom error (return data: ${data})`,
      `UserOperation reverted during simulation with reason: ${data}`,
    ])
      expect(decodeError(new Error(text)).code, text).to.equal("RECIPIENT");
  });

  it("is read through a failed call of the account", () => {
    const refusal = decodeError(
      encode("CallFailed", [2n, textError("ERC20: transfer amount exceeds balance")]),
    );
    expect(refusal.code).to.equal("CALL_FAILED");
    expect(refusal.details).to.include({ index: 2, reasonCode: "TOKEN_INSUFFICIENT_BALANCE" });
    expect(refusal.shortMessage).to.contain("token balance is too low");
  });

  for (const [text, code] of [
    ["GS026", "SAFE_ERROR"],
    ["GS104", "MODULE_NOT_ENABLED"],
    ["GS999", "SAFE_ERROR"],
    ["FiatTokenV2: invalid signature", "TOKEN_INVALID_SIGNATURE"],
    ["FiatTokenV2: authorization is used or canceled", "TOKEN_AUTHORIZATION_USED"],
    ["FiatTokenV2: authorization is expired", "TOKEN_AUTHORIZATION_EXPIRED"],
    ["FiatTokenV2: authorization is not yet valid", "TOKEN_AUTHORIZATION_NOT_YET_VALID"],
    ["ERC20: transfer amount exceeds balance", "TOKEN_INSUFFICIENT_BALANCE"],
    ["Blacklistable: account is blacklisted", "TOKEN_BLACKLISTED"],
    ["Pausable: paused", "TOKEN_PAUSED"],
  ] as const)
    it(`understands "${text}", as bytes and as a node's message`, () => {
      expect(decodeError(textError(text)).code).to.equal(code);
      expect(decodeError(new Error(`execution reverted: ${text}`)).code).to.equal(code);
      expect(decodeError(new Error(`VM Exception: reverted with reason string '${text}'`)).code).to.equal(
        code,
      );
    });

  it("stays unknown if it cannot be read, and keeps the cause", () => {
    const cause = new Error("connection reset");
    expect(decodeError(cause)).to.include({ code: "UNKNOWN", cause });
    expect(decodeError("0xdeadbeef").code).to.equal("UNKNOWN");
    expect(decodeError("0x").code).to.equal("UNKNOWN");
    expect(decodeError(undefined).code).to.equal("UNKNOWN");
  });

  it("says that the calldata may be too short if there is no reason, as the module reverts then", () => {
    const inside = new BaseError("around", { cause: new RawContractError({ data: "0x" }) });
    for (const error of ["0x", inside] as const) {
      const { code, shortMessage, metaMessages } = decodeError(error);
      expect(code).to.equal("UNKNOWN");
      expect(shortMessage).to.equal("The contract reverted without a reason.");
      expect(metaMessages?.join(" ")).to.match(/calldata.*ends before the arguments/);
    }
  });

  it("is distinguished from a node that could not be reached", () => {
    const error = new BaseError("around", { cause: new TimeoutError({ body: {}, url: "" }) });
    expect(decodeError(error).code).to.equal("NETWORK");
  });

  it("is returned as it is if it is already a refusal, also inside another error", () => {
    const refusal = new InvalidInput({
      code: "INVALID_AMOUNT",
      shortMessage: "no",
      metaMessages: ["do"],
    });
    expect(decodeError(refusal)).to.equal(refusal);
    expect(decodeError(new Error("around", { cause: refusal }))).to.equal(refusal);
    expect(refusal).to.be.instanceOf(Refusal);
  });

  it("knows why Permit2 or x402's proxy did not settle", () => {
    const published = [...x402ExactPermit2ProxyABI, ...x402UptoPermit2ProxyABI];
    const reasons = {
      InvalidContractSignature: "TOKEN_INVALID_SIGNATURE",
      InvalidSigner: "TOKEN_INVALID_SIGNATURE",
      InvalidNonce: "TOKEN_AUTHORIZATION_USED",
      SignatureExpired: "TOKEN_AUTHORIZATION_EXPIRED",
      InvalidAmount: "SETTLEMENT_AMOUNT",
      AmountExceedsPermitted: "SETTLEMENT_AMOUNT",
      PaymentTooEarly: "TOKEN_AUTHORIZATION_NOT_YET_VALID",
      UnauthorizedFacilitator: "NOT_FACILITATOR",
    } as const;
    expect(new Set(settlementErrorAbi.map(({ name }) => name))).to.deep.equal(new Set(Object.keys(reasons)));
    for (const item of settlementErrorAbi) {
      const args = item.inputs.map(() => 7n);
      const data = encodeErrorResult({ abi: [item], errorName: item.name, args } as never);
      expect(decodeError(data).code, item.name).to.equal(reasons[item.name]);
      // Permit2's own errors are in its code, not in the proxies' ABIs.
      const isOfProxy = !/^(InvalidContractSignature|InvalidSigner|InvalidNonce|SignatureExpired)$/.test(
        item.name,
      );
      if (isOfProxy && item.inputs.length === 0)
        expect(
          published.some((one) => one.type === "error" && one.name === item.name),
          item.name,
        ).to.equal(true);
    }
    expect(decodeError(textError("TRANSFER_FROM_FAILED")).code).to.equal("TOKEN_TRANSFER_FAILED");
  });

  it("has the text, the panic or the selector of a contract in between", () => {
    const abi = parseAbi([
      "error Error(string text)",
      "error Panic(uint256 number)",
      "error NotNow(uint256 hour)",
      "error CallFailed(uint256 index, bytes reason)",
    ]);
    const own = encodeErrorResult({ abi, errorName: "NotNow", args: [7n] });
    const said = (data: Hex) => {
      const refusal = decodeError(data);
      expect((refusal as ChainRefusal).revertData).to.equal(data);
      return refusal.shortMessage;
    };
    expect(said(encodeErrorResult({ abi, errorName: "Error", args: ["Not on Sundays"] }))).to.equal(
      "The reason is unknown: Not on Sundays.",
    );
    expect(said(encodeErrorResult({ abi, errorName: "Panic", args: [17n] }))).to.include(
      "panicked with 0x11",
    );
    expect(said(own)).to.match(new RegExp(`own error ${own.slice(0, 10)}\\.$`));
    const inner = encodeErrorResult({ abi, errorName: "CallFailed", args: [0n, own] });
    expect(said(inner)).to.equal(
      `Call 0 of the account failed: a contract in between, such as a module guard, reverted with its own error ${own.slice(0, 10)}.`,
    );
  });

  it("lists the known account ids if one is unknown, such as a later Kernel's", () => {
    for (const id of ["kernel.advanced.v0.3.4", "kernel.advanced.v0.4.0", "unheard.of.1"])
      expect(() => erc7579KindOf(id))
        .to.throw(InvalidInput)
        .with.property("message")
        .that.includes("kernel.advanced.v0.3.1")
        .and.includes("biconomy.nexus.1.");
  });
});
