import { readdirSync, readFileSync } from "node:fs";
import {
  type Descriptor,
  type DescriptorFieldFormat,
  type DescriptorFieldGroup,
  type DisplayField,
  type DisplayFieldGroup,
  type DisplayModel,
  type FormatOptions,
  format,
  formatEip5792Batch,
  formatTypedData,
  isFieldGroup,
  type RegistryIndex,
  type TypedData,
  type Warning,
} from "@ethereum-sourcify/clear-signing";
import {
  ANYONE,
  type Call,
  createSession,
  GRANT_VERSION,
  type Grant,
  hashSession,
  type Session,
  sessionTypedData,
  usdcAddress,
} from "@latchkey/sdk";
import {
  erc7579SessionModuleAbi,
  safeSessionHandlerAbi,
  safeSessionModuleAbi,
  sessionLensAbi,
  sessionModuleAbi,
} from "@latchkey/sdk/abis";
import { deterministicAddresses } from "@latchkey/sdk/addresses";
import {
  encodeEnable,
  encodeExecute,
  encodeExecuteSigned,
  encodePause,
  encodePay,
  encodePermissionContext,
  encodeRenounce,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
  packSession,
  signExecution,
} from "@latchkey/sdk/encoding";
import { encodeRevokeGranter } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Abi,
  type Address,
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  keccak256,
  maxUint128,
  pad,
  toBytes,
  toFunctionSelector,
  toHex,
  zeroAddress,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { signTypedData as signTypedDataByErc7739 } from "viem/experimental/erc7739";
import { eip712Types } from "#sdk/session/eip712Types.ts";
import { LIVE_NETWORKS } from "../../scripts/deploy/liveNetworks.ts";
import { unsignedFunctions } from "../../scripts/generate/clearSigningWords.ts";
import { richSession } from "./session/richSession.ts";

const folder = new URL("../../packages/sdk/erc7730/", import.meta.url);
const readShipped = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Descriptor;
const shipped = new Map(readdirSync(folder).map((name) => [name, readShipped(name)]));
const formatsIn = (descriptor: Descriptor | undefined) => Object.entries(descriptor?.display?.formats ?? {});

/** As the registry's own index: calls by chain and address, messages by the hash of their type too. */
const index: RegistryIndex = { calldataIndex: {}, typedDataIndex: {} };
for (const [path, descriptor] of shipped) {
  const caip10 = ({ chainId, address }: { chainId?: number; address?: string }) =>
    `eip155:${chainId}:${address?.toLowerCase()}`;
  for (const one of descriptor.context?.contract?.deployments ?? []) index.calldataIndex[caip10(one)] = path;
  for (const one of descriptor.context?.eip712?.deployments ?? [])
    for (const [type] of formatsIn(descriptor)) {
      const primaryType = type.slice(0, type.indexOf("("));
      const entry = { path, encodeTypeHashes: [keccak256(toBytes(type))] };
      index.typedDataIndex[caip10(one)] = {
        ...index.typedDataIndex[caip10(one)],
        [primaryType]: [...(index.typedDataIndex[caip10(one)]?.[primaryType] ?? []), entry],
      };
    }
}

const key = privateKeyToAccount(generatePrivateKey());
const usdc = usdcAddress(base.id) as Address;
const safe = getAddress("0x00000000000000000000000000000000000000a1");
const shop = getAddress("0x00000000000000000000000000000000000000c1");
const names: Record<string, string> = {
  [safe]: "My Safe",
  [shop]: "Shop",
  [usdc]: "USDC",
  [deterministicAddresses.safeSessionModule]: "Latchkey",
};
for (const { recipients } of richSession.budgets)
  for (const one of recipients) if (one !== ANYONE) names[one] ??= `Payee ${one.slice(-2)}`;
for (const { target } of richSession.actions) names[target] = `Contract ${target.slice(-2)}`;

/** A wallet that knows the names above, two tokens and one chain. */
const wallet: FormatOptions = {
  descriptorResolverOptions: {
    type: "custom",
    resolver: { index, fetchDescriptor: async (path) => readShipped(path) },
    trustedTokens: { [base.id]: { [usdc]: "erc20" } },
  },
  externalDataProvider: {
    resolveToken: async (chainId, token) =>
      chainId !== base.id
        ? null
        : getAddress(token) === usdc
          ? { name: "USD Coin", symbol: "USDC", decimals: 6 }
          : { name: "Other", symbol: "OTH", decimals: 18 },
    resolveLocalName: async (address) => {
      const name = names[getAddress(address)];
      return name === undefined ? null : { name, typeMatch: true };
    },
    resolveChainInfo: async (chainId) =>
      chainId !== base.id
        ? null
        : { name: "Base", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 } },
  },
};

/** All that the wallet warns of, wherever it stands; but nobody expects it to know a name for anyone. */
function warningsIn(model: DisplayModel): Warning[] {
  const of = (one: DisplayField | DisplayFieldGroup): Warning[] => [
    ...(one.warning && !("value" in one && one.value === ANYONE) ? [one.warning] : []),
    ...(isFieldGroup(one)
      ? one.fields.flatMap(of)
      : one.embeddedCalldata
        ? warningsIn(one.embeddedCalldata.display)
        : []),
  ];
  return [...(model.warnings ?? []), ...(model.fields ?? []).flatMap(of)];
}

/** What stands on the wallet's screen, a line for each field; what is inside a call or a group is moved in. */
function screen(model: DisplayModel, tolerated: readonly Warning["code"][] = []): string[] {
  expect(warningsIn(model).filter(({ code }) => !tolerated.includes(code))).to.deep.equal([]);
  const linesOf = (one: DisplayField | DisplayFieldGroup): string[] => {
    if (isFieldGroup(one))
      return [`${one.label}:`, ...one.fields.flatMap(linesOf).map((line) => `  ${line}`)];
    const separator = one.separator === undefined ? [] : [one.separator];
    const inner = one.embeddedCalldata?.display;
    return inner?.fields
      ? [
          ...separator,
          `${one.label}: ${inner.intent}`,
          ...inner.fields.flatMap(linesOf).map((line) => `  ${line}`),
        ]
      : [...separator, `${one.label}: ${one.value}`];
  };
  return [`${model.intent}`, ...(model.fields ?? []).flatMap(linesOf)];
}

/** What `sign` has a wallet sign, as the wallet gets it: JSON, by eth_signTypedData_v4. */
async function asked(sign: (client: ReturnType<typeof clientOf>) => Promise<unknown>): Promise<TypedData> {
  let request: TypedData | undefined;
  await sign(
    clientOf((typedData) => {
      request = typedData;
    }),
  );
  if (!request) throw new Error("Nobody was asked.");
  return request;
}
const clientOf = (onRequest: (typedData: TypedData) => void) =>
  createWalletClient({
    account: key.address,
    chain: base,
    transport: custom({
      async request({ method, params }: { method: string; params: [Address, string] }) {
        if (method !== "eth_signTypedData_v4") throw new Error(method);
        const typedData = JSON.parse(params[1]);
        onRequest({ ...typedData, account: params[0] });
        return key.signTypedData(typedData);
      },
    }),
  });

const module = deterministicAddresses.safeSessionModule;
const signed = (session: Session, of: Address = module) =>
  asked((client) =>
    client.signTypedData(sessionTypedData(session, { chainId: base.id, module: of }) as never),
  );
const shownOf = async (session: Session, tolerated?: readonly Warning["code"][]) =>
  screen(await formatTypedData(await signed(session), wallet), tolerated);

const grantOf = (session: Session): Grant => ({
  version: GRANT_VERSION,
  chainId: base.id,
  module,
  accountKind: "safe",
  session,
  signature: `0x${"ab".repeat(65)}`,
});
const session = createSession(
  {
    account: safe,
    key: key.address,
    budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
    until: "7d",
  },
  { chainId: base.id, module, now: 1_800_000_000, epoch: 3n },
);
const grant = grantOf(session);
const id = hashSession(session);
const transfer: Call = {
  target: usdc,
  value: 0n,
  data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, 500_000n] }),
};

/** A session's screen but for its first line. */
const sessionLines = [
  "Account: My Safe",
  `Key that may spend: ${key.address}`,
  "From: 2027-01-15 08:00:00Z",
  "Until: 2027-01-22 08:00:00Z",
  "Budgets:",
  "  Budget 0",
  `  Token (0=native): ${usdc}`,
  "  Most per payment: 1 USDC",
  "  Most per period: 20 USDC",
  "  Period: 24:00:00",
  "  Pays by signature: Yes, by EIP-3009",
  `  Signed-payment sizes: ${session.budgets[0]?.sizes}`,
  "Payees, by budget:",
  "  0: payee (F..F=any): Shop",
  "Other calls:",
  "Conditions:",
  "Gas for userOps: 0 ETH",
];
const partiesLines = ["Account: My Safe", `Key that may spend: ${key.address.toLowerCase()}`];
const transferLines = [
  "Calls:",
  "  Call 0",
  "  To: USDC",
  "  Native value: 0 ETH",
  "  Call: Send",
  "    Amount: 0.5 USDC",
  "    To: Shop",
];

describe("a wallet that reads the ERC-7730 descriptions", () => {
  it("shows the session that a grant signs, with every limit", async () => {
    // The lists of other calls and of their conditions are empty, and the wallet says that they are.
    expect(await shownOf(session, ["EMPTY_ARRAY"])).to.deep.equal(["Let a key spend", ...sessionLines]);
  });

  it("shows streams, native coin, other calls with their conditions, gas and a paymaster", async () => {
    const lines = await shownOf(richSession);
    expect(lines).to.deep.equal([
      "Let a key spend",
      "Account: My Safe",
      `Key that may spend: ${richSession.key}`,
      "From: 2027-01-15 08:00:00Z",
      "Until: 2027-01-22 08:00:00Z",
      "Budgets:",
      "  Budget 0",
      `  Token (0=native): ${richSession.budgets[0]?.token}`,
      "  Most per payment: 0.000000000001 OTH",
      "  Most per period: 0.00000000002 OTH",
      "  Period: 24:00:00",
      "  Pays by signature: Yes, by EIP-3009",
      "  Signed-payment sizes: 5",
      "  Budget 1",
      `  Token (0=native): ${zeroAddress}`,
      "  Most per payment: 0.000000000000000005 ETH",
      "  Most per period: 0.000000000000000007 ETH",
      "  Period: 00:01:00",
      "  Period starts with: 0.000000000000000002 ETH",
      "  Added each second: 0.000000000000000001 ETH",
      "  Pays by signature: No",
      "  Budget 2",
      `  Token (0=native): ${richSession.budgets[2]?.token}`,
      "  Most per payment: 0.000000000000000005 OTH",
      "  Most per period: 0.000000000000000007 OTH",
      "  Period: 00:01:00",
      "  Pays by signature: No",
      "Payees, by budget:",
      "  0: payee (F..F=any): Shop",
      "  0: payee (F..F=any): Payee c2",
      `  1: payee (F..F=any): ${ANYONE}`,
      "  2: payee (F..F=any): Payee C3",
      "Other calls:",
      "  Call 0",
      "  Contract: Contract D1",
      "  Function: 0x12345678",
      "  Call 1",
      "  Contract: Contract D2",
      "  Function: 0x00000000",
      "Conditions:",
      "  0: word at byte: 4",
      "  0: word at byte: 292",
      "  0: test: is at most",
      "  0: test: is",
      `  0: compared with: ${pad("0x01f4", { size: 32 })}`,
      `  0: compared with: ${pad("0x", { size: 32 })}`,
      "Gas for userOps: 0.000000000000658188 ETH",
      `Paymaster (F..F=any): ${richSession.paymaster}`,
    ]);
  });

  it("calls no limit a limit: unlimited amounts, anyone as payee and as paymaster, gas without end", async () => {
    const [budget] = session.budgets;
    if (!budget) throw new Error("The session has a budget.");
    const lines = await shownOf(
      {
        ...session,
        gasAllowance: maxUint128,
        paymaster: ANYONE,
        budgets: [
          {
            ...budget,
            perTransaction: maxUint128,
            perPeriod: maxUint128,
            signatures: 0,
            sizes: 0,
            recipients: [ANYONE],
          },
        ],
      },
      ["EMPTY_ARRAY"],
    );
    expect(lines).to.include.members([
      "  Most per payment: Unlimited USDC",
      "  Most per period: Unlimited USDC",
      `  0: payee (F..F=any): ${ANYONE}`,
      `Paymaster (F..F=any): ${ANYONE}`,
      // More than there will ever be: the format has a word for no limit of tokens only.
      "Gas for userOps: 340282366920938463463.374607431768211455 ETH",
    ]);
  });

  it("shows each item of the longest lists", async () => {
    const address = (n: number) => getAddress(toHex(n, { size: 20 }));
    const rule = (n: number) => ({ offset: 4, op: 0, value: toHex(n, { size: 32 }) });
    const [budget] = session.budgets;
    if (!budget) throw new Error("The session has a budget.");
    const lines = await shownOf(
      {
        ...session,
        budgets: Array.from({ length: 8 }, (_, i) => ({
          ...budget,
          token: address(0x1000 + i),
          recipients: Array.from({ length: 32 }, (_, j) => address(0x2000 + 32 * i + j)),
        })),
        actions: Array.from({ length: 32 }, (_, i) => ({
          target: address(0x3000 + i),
          selector: "0x12345678" as Hex,
          rules: Array.from({ length: 8 }, (_, j) => rule(8 * i + j)),
        })),
      },
      ["UNKNOWN_ADDRESS"],
    );
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 32; j++)
        expect(lines).to.include(`  ${i}: payee (F..F=any): ${address(0x2000 + 32 * i + j)}`);
    for (let i = 0; i < 32; i++)
      for (let j = 0; j < 8; j++) expect(lines).to.include(`  ${i}: compared with: ${rule(8 * i + j).value}`);
  });

  it("shows a session that an account has its owner sign by ERC-7739", async () => {
    const domain = { chainId: base.id, module: deterministicAddresses.erc7579SessionModule };
    const request = await asked((client) =>
      signTypedDataByErc7739(client, {
        ...(sessionTypedData(session, domain) as object as Parameters<typeof signTypedDataByErc7739>[1]),
        verifier: safe,
        verifierDomain: {
          name: "Account",
          version: "1",
          chainId: base.id,
          verifyingContract: safe,
          salt: pad("0x", { size: 32 }),
        },
      } as never),
    );
    expect(screen(await formatTypedData(request, wallet), ["EMPTY_ARRAY"])).to.deep.equal([
      "Let a key spend",
      ...sessionLines,
      "Signed for account: My Safe",
      "Account's chain: Base",
    ]);
  });

  it("shows an execution that the key signs, call by call", async () => {
    for (const caller of [shop, "anyone"] as const) {
      const request = await asked((client) =>
        signExecution(client, { grant, calls: [transfer], caller, deadline: 1_800_000_600 }),
      );
      expect(screen(await formatTypedData(request, wallet))).to.deep.equal([
        "Execute calls by session",
        `Session id: ${id}`,
        ...transferLines,
        `Submitter (F..F=any): ${caller === "anyone" ? ANYONE : caller}`,
        "Good until: 2027-01-15 08:10:00Z",
      ]);
    }
  });

  it("says of a payment's userOp that the payment is not in sight", async () => {
    const request = await asked((client) =>
      client.signTypedData({
        domain: {
          name: "Latchkey",
          version: "1",
          chainId: base.id,
          verifyingContract: deterministicAddresses.erc7579SessionModule,
        },
        types: { PaymentUserOp: eip712Types.PaymentUserOp },
        primaryType: "PaymentUserOp",
        message: { session: id, period: 6n, userOpHash: id },
      }),
    );
    expect(screen(await formatTypedData(request, wallet))).to.deep.equal([
      "Sign payment (amount unseen)",
      `Session id: ${id}`,
      "Period number: 6",
      `UserOp hash: ${id}`,
    ]);
  });

  const lens = deterministicAddresses.sessionLens;
  const erc7579 = deterministicAddresses.erc7579SessionModule;
  const signedExecution = {
    calls: [transfer],
    caller: ANYONE,
    nonce: 7n,
    deadline: 1_800_000_600,
    keySignature: `0x${"cd".repeat(65)}` as Hex,
  };
  const packed = packSession(session);
  const cases: Record<string, { call: { to: Address; data: Hex }; lines: string[] }> = {
    enable: {
      call: encodeEnable(grant),
      lines: [
        "Enable session (limits unseen)",
        ...partiesLines,
        "From: 2027-01-15 08:00:00Z",
        "Until: 2027-01-22 08:00:00Z",
        // Behind the two times.
        `Packed limits: 0x${packed.slice(2 + 2 * 12)}`,
      ],
    },
    revoke: { call: encodeRevoke(grant), lines: ["Revoke session for good", `Session id: ${id}`] },
    revokeAll: { call: encodeRevokeAll({ module }), lines: ["Revoke all sessions, grants"] },
    pause: { call: encodePause(grant), lines: ["Pause session", `Session id: ${id}`] },
    resume: { call: encodeResume(grant), lines: ["Resume session", `Session id: ${id}`] },
    renounce: { call: encodeRenounce(grant), lines: ["Give up own session for good", ...partiesLines] },
    pay: {
      call: encodePay({ grant, token: usdc, to: shop, amount: 500_000n }),
      lines: [
        "Pay from account by session",
        "Amount: 0.5 USDC",
        `Token: ${usdc}`,
        "To: Shop",
        ...partiesLines,
      ],
    },
    execute: {
      call: encodeExecute({ grant, calls: [transfer], isEnabled: true }),
      lines: ["Execute calls by session", ...partiesLines, ...transferLines],
    },
    executeSigned: {
      call: encodeExecuteSigned({ grant, signed: signedExecution }),
      lines: [
        "Submit a signed execution",
        ...partiesLines,
        ...transferLines,
        `Submitter (F..F=any): ${ANYONE}`,
        "Good until: 2027-01-15 08:10:00Z",
      ],
    },
    redeemDelegations: {
      call: {
        to: module,
        data: encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "redeemDelegations",
          args: [[encodePermissionContext({ grant })], [pad("0x")], ["0xabcdef"]],
        }),
      },
      lines: ["Redeem permissions (unseen)", "Executions:", "  Packed execution: 0xabcdef"],
    },
    onInstall: {
      call: {
        to: erc7579,
        data: encodeFunctionData({
          abi: erc7579SessionModuleAbi,
          functionName: "onInstall",
          args: ["0x0100"],
        }),
      },
      lines: ["Install (sessions unseen)", "Granter, sessions: 0x0100"],
    },
    onUninstall: { call: encodeRevokeGranter({ module: erc7579 }), lines: ["Uninstall, end all sessions"] },
    requireSame: {
      call: {
        to: lens,
        data: encodeFunctionData({
          abi: sessionLensAbi,
          functionName: "requireSame",
          args: [session, packed],
        }),
      },
      lines: ["Show session to be enabled", ...sessionLines],
    },
  };

  for (const [name, { call, lines }] of Object.entries(cases))
    it(`says what ${name} does`, async () => {
      const model = await format(
        { chainId: base.id, to: call.to, data: call.data, value: 0n, from: safe },
        wallet,
      );
      expect(screen(model, name === "requireSame" ? ["EMPTY_ARRAY"] : [])).to.deep.equal(lines);
    });

  it("shows every limit before the packed session, in a batch that begins with requireSame", async () => {
    const calls = [cases.requireSame, cases.enable].map((one) => one?.call as { to: Address; data: Hex });
    const { callDisplays } = await formatEip5792Batch({ chainId: base.id, from: safe, calls }, wallet);
    expect(callDisplays.map((one) => screen(one, ["EMPTY_ARRAY"]))).to.deep.equal([
      cases.requireSame?.lines,
      cases.enable?.lines,
    ]);
  });

  it("shows where native coin goes, though no description tells it what a call without data is", async () => {
    const calls = [{ target: shop, value: 5n, data: "0x" as Hex }];
    const { to, data } = encodeExecute({ grant, calls, isEnabled: true });
    const model = await format({ chainId: base.id, to, data, value: 0n }, wallet);
    expect(screen(model, ["NO_DESCRIPTOR", "CALLDATA_TOO_SHORT"])).to.include.members([
      "  To: Shop",
      "  Native value: 0.000000000000000005 ETH",
      "  Call: 0x",
    ]);
  });

  const abis: Record<string, Abi> = {
    SafeSessionModule: safeSessionModuleAbi,
    SafeSessionHandler: safeSessionHandlerAbi,
    ERC7579SessionModule: erc7579SessionModuleAbi,
    SessionLens: sessionLensAbi,
  };
  /** Functions that change something, and the one that is called to show a session. */
  const calledIn = (abi: Abi) =>
    abi.flatMap((one) =>
      one.type === "function" &&
      (one.name === "requireSame" || (one.stateMutability !== "view" && one.stateMutability !== "pure"))
        ? [one]
        : [],
    );

  it("has words for every function that somebody may call, or a reason why nobody signs such a call", () => {
    const described: string[] = [];
    for (const [contract, abi] of Object.entries(abis)) {
      const keys = formatsIn(shipped.get(`calldata-${contract}.json`)).map(([key]) => key);
      for (const one of calledIn(abi)) {
        const isDescribed = keys.some(
          (key) => key.startsWith(`${one.name}(`) && selectorOf(key) === toFunctionSelector(one),
        );
        const reason = unsignedFunctions[contract]?.[one.name];
        expect(isDescribed, `${contract}.${one.name}`).to.equal(reason === undefined);
        if (isDescribed) described.push(one.name);
      }
      expect(keys, contract).to.have.length(
        calledIn(abi).length - Object.keys(unsignedFunctions[contract] ?? {}).length,
      );
    }
    // And each was shown above.
    expect([...new Set(described)].sort()).to.deep.equal(Object.keys(cases).sort());
  });

  /** Names of parameters left out, as a selector is made of types only. */
  const selectorOf = (key: string) => toFunctionSelector(key.replace(/ \w+(?=[,)])/g, ""));

  it("leaves no part of a message and no parameter of a call unmentioned, and names none that is not there", () => {
    type Member = { name: string; type: string; components?: readonly Member[] };
    const leavesOf = ({ name, type, components }: Member): string[] => {
      const list = type.endsWith("[]") ? ".[]" : "";
      const members =
        components ?? (eip712Types as Record<string, readonly Member[]>)[type.replace("[]", "")] ?? undefined;
      if (!members) return [`${name}${list}`];
      return members.flatMap(leavesOf).map((leaf) => `${name}${list}.${leaf}`);
    };
    const wrapper = [
      { name: "contents", type: "Session" },
      ...["name", "version", "chainId", "verifyingContract", "salt"].map((name) => ({ name, type: "word" })),
    ];
    const wanted = new Map<string, string[]>();
    for (const [name, members] of [
      ...(["Session", "Execute", "PaymentUserOp"] as const).map((type) => [type, eip712Types[type]] as const),
      ["TypedDataSign", wrapper] as const,
    ])
      wanted.set(`eip712-${name}.json ${name}`, (members as readonly Member[]).flatMap(leavesOf));
    for (const [contract, abi] of Object.entries(abis))
      for (const one of calledIn(abi))
        if (!unsignedFunctions[contract]?.[one.name])
          wanted.set(
            `calldata-${contract}.json ${one.name}`,
            (one.inputs as readonly Member[]).flatMap(leavesOf),
          );

    let counted = 0;
    for (const [file, descriptor] of shipped)
      for (const [key, { fields = [] }] of formatsIn(descriptor)) {
        counted++;
        const paths = fieldsIn(fields).map(({ path = "" }) => path);
        const named = new Set(
          paths.map((path) => path.replace(/\.\[-?\d*:-?\d*\]$/, "").replace(/\.\[\d+\]/g, ".[]")),
        );
        expect([...named].sort(), `${file} ${key}`).to.deep.equal(
          wanted.get(`${file} ${key.slice(0, key.indexOf("("))}`)?.sort(),
        );
        // Bytes that are shown in slices: each begins where the one before it ends, and the last has no end.
        const slices = paths.flatMap((path) => path.match(/^session\.\[(\d+):(\d*)\]$/)?.slice(1, 3) ?? []);
        expect(slices.slice(1, -1).filter((_, i) => i % 2 === 0)).to.deep.equal(
          slices.slice(1, -1).filter((_, i) => i % 2 === 1),
        );
        if (slices.length > 0) expect([slices.at(0), slices.at(-1)]).to.deep.equal(["0", ""]);
      }
    expect(counted).to.equal(wanted.size);
  });

  it("needs no words longer than a Ledger's screen, and no sentence that could stand for the fields", () => {
    for (const [file, descriptor] of shipped) {
      for (const [key, { intent, interpolatedIntent, fields = [] }] of formatsIn(descriptor)) {
        expect(intent, `${file} ${key}`).to.be.a("string").with.length.within(1, 30);
        expect(interpolatedIntent).to.equal(undefined);
        for (const { label } of [...fieldsIn(fields), ...fields.filter((one) => "fields" in one)])
          expect(label, file).to.be.a("string").with.length.within(1, 20);
      }
      for (const values of Object.values(descriptor.metadata?.enums ?? {}))
        for (const word of Object.values(values)) expect(word).to.have.length.within(1, 20);
    }
  });

  const fieldsIn = (
    fields: readonly (DescriptorFieldFormat | DescriptorFieldGroup)[],
  ): DescriptorFieldFormat[] =>
    fields.flatMap((field) =>
      "fields" in field ? fieldsIn(field.fields ?? []) : [field as DescriptorFieldFormat],
    );

  it("finds the contracts at the addresses to expect, on every live chain", () => {
    const { contracts } = JSON.parse(
      readFileSync(new URL("../../deployments/expected.json", import.meta.url), "utf8"),
    ) as { contracts: Record<string, { addresses: { safe: Address } }> };
    const on = (...names: string[]) =>
      names.flatMap((name) =>
        Object.values(LIVE_NETWORKS).map((chainId) => `${chainId} ${contracts[name]?.addresses.safe}`),
      );
    const found = Object.fromEntries(
      [...shipped].map(([file, { context }]) => [
        file,
        (context?.contract ?? context?.eip712)?.deployments
          ?.map(({ chainId, address }) => `${chainId} ${address}`)
          .sort(),
      ]),
    );
    const both = on("SafeSessionModule", "ERC7579SessionModule").sort();
    expect(found).to.deep.equal({
      "calldata-ERC7579SessionModule.json": on("ERC7579SessionModule").sort(),
      "calldata-SafeSessionModule.json": on("SafeSessionModule").sort(),
      "calldata-SessionLens.json": on("SessionLens").sort(),
      "eip712-Execute.json": both,
      "eip712-PaymentUserOp.json": on("ERC7579SessionModule").sort(),
      "eip712-Session.json": both,
      "eip712-TypedDataSign.json": on("ERC7579SessionModule").sort(),
    });
  });

  it("takes a message of another domain for none of these", async () => {
    const request = await signed(session);
    const model = await formatTypedData(
      { ...request, domain: { ...request.domain, name: "Latchkey2" } },
      wallet,
    );
    expect(model.fields).to.equal(undefined);
    expect(warningsIn(model).map(({ code }) => code)).to.deep.equal(["DOMAIN_MISMATCH"]);
  });
});
