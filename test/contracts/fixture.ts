import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  createPasskey,
  installSafe,
  installUsdc,
  installX402Proxies,
  openTestChain,
  type SafeContracts,
  type Usdc,
  usdcAbi,
} from "@latchkey/devchain";
import { passkeyVerifiers } from "@latchkey/sdk";
import { safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { network } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  decodeErrorResult,
  decodeEventLog,
  encodeFunctionData,
  encodePacked,
  getAddress,
  getContractAddress,
  type Hex,
  hashTypedData,
  keccak256,
  type Log,
  pad,
  parseAbi,
  size,
  slice,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import type { Action, Budget, Call, Session } from "#sdk/session/Session.ts";
import { type LeftOut, sessionBytes } from "./sessionBytes.ts";
import { sessionTypes } from "./sessionTypes.ts";

export type { Action, Budget, Call, Rule, Session } from "#sdk/session/Session.ts";
export { sessionBytes } from "./sessionBytes.ts";
export { sessionTypes } from "./sessionTypes.ts";
export { usdcAbi };

/** One for each way in which a Safe asks the module. 1.3.0 asks as 1.4.1 does: `test/accounts` and `test/fork` run on it. */
export const SAFE_VERSIONS = ["1.4.1", "1.5.0"] as const;
export type SafeVersion = (typeof SAFE_VERSIONS)[number];

/** Stands for everybody in a list of recipients and as the caller of a signed execution. */
export const ANYONE: Address = getAddress(`0x${"ff".repeat(20)}`);
/** One USDC. */
export const USD = 1_000_000n;
/** The second that every test begins at; sessions are valid from it on unless they say otherwise. */
export const T0 = 2_000_000_000;
export const DAY = 86_400;
export const MAX_UINT128 = 2n ** 128n - 1n;
export const MAX_UINT256 = 2n ** 256n - 1n;
/** What ERC-1271 answers for yes. */
export const YES: Hex = "0x1626ba7e";

/** The contracts' functions, written down here once more: a renamed function must fail a test. */
export const moduleAbi = parseAbi([
  "struct Call { address target; uint256 value; bytes data; }",
  "function enable(bytes session)",
  "function revoke(bytes32 id)",
  "function revokeAll()",
  "function pause(bytes32 id)",
  "function resume(bytes32 id)",
  "function pay(bytes session, bytes grant, address token, address to, uint256 amount)",
  "function renounce(bytes session)",
  "function execute(bytes session, bytes grant, Call[] calls) returns (bytes[] results)",
  "function executeSigned(bytes session, bytes grant, Call[] calls, address caller, uint256 nonce, uint48 deadline, bytes keySignature) returns (bytes[] results)",
  "function redeemDelegations(bytes[] contexts, bytes32[] modes, bytes[] executions)",
  "function hashSession(bytes session) pure returns (bytes32 id)",
  "function grantDigest(bytes session) view returns (bytes32 digest)",
  "function epochOf(address account) view returns (uint64)",
  "function stateOf(bytes32 id, address account) view returns (uint8 state, bool paused)",
  "function budgetOf(bytes session, uint256 index) view returns (uint256 period, uint256 released, uint256 spent, uint256 resetsAt)",
  "function nonceUsed(bytes32 id, address account, uint256 nonce) view returns (bool)",
  "function slotNonce(bytes32 id, uint256 budgetIndex, uint256 period, uint256 lot, uint256 size, uint256 index) pure returns (bytes32)",
  "function nodeNonce(bytes32 id, uint256 budgetIndex, uint256 period, uint256 lot, uint256 depth, uint256 index) pure returns (uint256)",
  "function isValidSignatureFor(address account, bytes32 hash, bytes payload) view returns (bytes4)",
  "function isValidSafeSignature(address safe, address sender, bytes32 hash, bytes32 domainSeparator, bytes32 typeHash, bytes encodeData, bytes payload) view returns (bytes4)",
  "event SessionEnabled(address indexed account, bytes32 indexed id, address indexed key, bytes session)",
  "event SessionPaused(address indexed account, bytes32 indexed id, bool paused)",
  "event SessionRevoked(address indexed account, bytes32 indexed id)",
  "event EpochChanged(address indexed account, uint64 epoch)",
  "event Spent(address indexed account, bytes32 indexed id, address indexed token, uint256 period, uint256 amount)",
]);

export const safeAccountAbi = parseAbi([
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
  "function approveHash(bytes32 hashToApprove)",
  "function nonce() view returns (uint256)",
  "function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 nonce) view returns (bytes32)",
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
]);

export const erc20Abi = parseAbi([
  "function transfer(address to, uint256 value) returns (bool)",
  "function approve(address spender, uint256 value) returns (bool)",
  "function transferFrom(address from, address to, uint256 value) returns (bool)",
]);

const actorAbi = parseAbi([
  "struct Step { address target; uint256 value; bytes data; }",
  "function prepare(Step[] steps, bool forgiving)",
  "function act(uint256 first, uint256 second) payable returns (uint256)",
  "function failure() view returns (bytes)",
  "function turns() view returns (uint256)",
]);

const oddTokenAbi = parseAbi([
  "function script(bytes4 selector, bool fails, bytes answer)",
  "function setIdle(bool idle)",
  "function setHook(address hook)",
  "function mint(address account, uint256 amount)",
  "function setUsed(address account, bytes32 nonce, bool used)",
  "function balanceOf(address account) view returns (uint256)",
]);

const cannedAnswersAbi = parseAbi([
  "function answer(bytes question, bool fails, bytes answer)",
  "function answerAll(bytes4 selector, bool fails, bytes answer)",
]);

const proxyFactoryAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address)",
  "function proxyCreationCode() view returns (bytes)",
]);

const sharedSignerAbi = parseAbi([
  "struct Signer { uint256 x; uint256 y; uint176 verifiers; }",
  "function configure(Signer signer)",
]);

/** Someone with a key that the name decides. */
export const someone = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey test: ${name}`)));

export const owner = someone("owner");
export const secondOwner = someone("second owner");
/** The agent's key. */
export const key = someone("key");
export const stranger = someone("stranger");
export const relayer = someone("relayer");
export const alice = someone("alice").address;
export const bob = someone("bob").address;
/** Recipient of nothing, in no session. */
export const mallory = someone("mallory").address;
export const passkey = createPasskey("contract tests");

/** A fixed place for a contract of a test. */
const place = (name: string): Address => getAddress(`0x${keccak256(toBytes(`latchkey ${name}`)).slice(26)}`);

/** x402's own addresses for its spenders of Permit2 transfers. */
export const X402_EXACT: Address = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
export const X402_UPTO: Address = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";

export const MODULE = place("module");
export const HANDLER = place("handler");
/** A second module of the same code, for what must not carry over. */
export const OTHER_MODULE = place("other module");
export const ACTOR = place("actor");
export const OTHER_ACTOR = place("other actor");
export const ODD_TOKEN = place("odd token");
export const OTHER_TOKEN = place("other token");
export const CANNED = place("canned answers");

export type Transaction = { from?: Address; to: Address; data?: Hex; value?: bigint };
export type Receipt = { logs: Log[]; gasUsed: Hex; blockNumber: Hex };

type World = {
  provider: { request(args: { method: string; params?: unknown[] }): Promise<unknown> };
  takeSnapshot(): Promise<{ restore(): Promise<void> }>;
  base: { restore(): Promise<void> };
  usdc: Usdc;
  safeContracts: SafeContracts;
  safes: Record<SafeVersion, Address>;
  passkeySafe: Address;
  twoOwnerSafe: Address;
};

const root = resolve(import.meta.dirname, "../..");

/** An artifact of this repository's own build. */
export const ownArtifact = (
  source: string,
  name: string,
): { abi: Abi; bytecode: Hex; deployedBytecode: Hex } =>
  JSON.parse(readFileSync(join(root, "artifacts", source, `${name}.json`), "utf8"));

type OwnContract = "SafeSessionModule" | "SafeSessionHandler" | "SessionLens";

/**
 * The runtime code under test. LATCHKEY_CODE names a JSON file of other code to be tested in its place: what
 * `npm run test:rules` makes of the contracts with a rule left out.
 */
export function codeUnderTest(): Record<OwnContract, Hex> {
  const of = (name: OwnContract) => ownArtifact(`contracts/accounts/safe/${name}.sol`, name).deployedBytecode;
  const code = {
    SafeSessionModule: of("SafeSessionModule"),
    SafeSessionHandler: of("SafeSessionHandler"),
    SessionLens: ownArtifact("contracts/SessionLens.sol", "SessionLens").deployedBytecode,
  };
  const path = process.env.LATCHKEY_CODE;
  return path ? { ...code, ...JSON.parse(readFileSync(path, "utf8")) } : code;
}

const PREVALIDATED = (signer: Address): Hex =>
  encodePacked(["bytes32", "bytes32", "uint8"], [pad(signer), pad("0x"), 1]);

/** The chain that all contract tests of a process share. Each test begins at the same snapshot of it. */
let world: World | undefined;
let placed = "";

async function createWorld(): Promise<World> {
  const connection = await network.create("ethereum");
  const testChain = await openTestChain(connection.provider);
  const usdc = await installUsdc(testChain, { chain: "ethereum" });
  const safeContracts = await installSafe(testChain);
  await installX402Proxies(testChain);
  const hostile = (name: string) => ownArtifact(`test/mocks/hostile/${name}.sol`, name).deployedBytecode;
  for (const [address, name] of [
    [ACTOR, "Actor"],
    [OTHER_ACTOR, "Actor"],
    [ODD_TOKEN, "OddToken"],
    [OTHER_TOKEN, "OddToken"],
    [CANNED, "CannedAnswers"],
  ] as const)
    await testChain.setCode(address, hostile(name));
  await placeCode(connection.provider);

  const { passkey: passkeyContracts } = safeContracts;
  const configure = encodeFunctionData({
    abi: sharedSignerAbi,
    functionName: "configure",
    args: [{ x: passkey.publicKey.x, y: passkey.publicKey.y, verifiers: passkeyVerifiers() }],
  });
  /** A Safe with the module and its handler. The owner, who may be any address, installs call by call. */
  const createSafe = async (
    version: SafeVersion,
    saltNonce: bigint,
    owners: Address[],
    setUpTo: Address = zeroAddress,
    setUpData: Hex = "0x",
  ) => {
    const contracts = safeContracts[version];
    const initializer = encodeFunctionData({
      abi: safeAbi,
      functionName: "setup",
      args: [
        owners,
        BigInt(owners.length),
        setUpTo,
        setUpData,
        contracts.compatibilityFallbackHandler,
        zeroAddress,
        0n,
        zeroAddress,
      ],
    });
    await testChain.send({
      from: owner.address,
      to: contracts.proxyFactory,
      data: encodeFunctionData({
        abi: proxyFactoryAbi,
        functionName: "createProxyWithNonce",
        args: [contracts.safe, initializer, saltNonce],
      }),
    });
    const creationCode = await testChain.client.readContract({
      address: contracts.proxyFactory,
      abi: proxyFactoryAbi,
      functionName: "proxyCreationCode",
    });
    const safe = getContractAddress({
      opcode: "CREATE2",
      from: contracts.proxyFactory,
      salt: keccak256(concat([keccak256(initializer), pad(toHex(saltNonce))])),
      bytecode: concat([creationCode, pad(contracts.safe)]),
    });
    const handler = contracts.extensibleFallbackHandler ?? HANDLER;
    const install = [
      encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [MODULE] }),
      encodeFunctionData({ abi: safeAbi, functionName: "setFallbackHandler", args: [handler] }),
      version === "1.5.0"
        ? encodeFunctionData({
            abi: safeAbi,
            functionName: "setDomainVerifier",
            args: [usdc.domainSeparator, MODULE],
          })
        : encodeFunctionData({ abi: safeAbi, functionName: "setSessionModule", args: [MODULE] }),
    ];
    for (const data of install) await testChain.send({ from: safe, to: safe, data });
    await usdc.deal(safe, 1000n * USD);
    await testChain.setBalance(safe, 10n ** 20n);
    return safe;
  };
  const safes = {
    "1.4.1": await createSafe("1.4.1", 0n, [owner.address]),
    "1.5.0": await createSafe("1.5.0", 0n, [owner.address]),
  };
  const passkeySafe = await createSafe(
    "1.4.1",
    1n,
    [passkeyContracts.sharedSigner],
    passkeyContracts.sharedSigner,
    configure,
  );
  const twoOwnerSafe = await createSafe("1.4.1", 2n, [owner.address, secondOwner.address]);
  await connection.networkHelpers.time.increaseTo(T0);
  return {
    provider: connection.provider,
    takeSnapshot: () => connection.networkHelpers.takeSnapshot(),
    base: await connection.networkHelpers.takeSnapshot(),
    usdc,
    safeContracts,
    safes,
    passkeySafe,
    twoOwnerSafe,
  };
}

async function placeCode(provider: World["provider"]) {
  const code = codeUnderTest();
  for (const [address, name] of [
    [MODULE, "SafeSessionModule"],
    [OTHER_MODULE, "SafeSessionModule"],
    [HANDLER, "SafeSessionHandler"],
  ] as const)
    await provider.request({ method: "hardhat_setCode", params: [address, code[name]] });
  placed = keccak256(toBytes(JSON.stringify(code)));
}

async function openWorld() {
  if (!world) {
    world = await createWorld();
  } else if (placed !== keccak256(toBytes(JSON.stringify(codeUnderTest())))) {
    await world.base.restore();
    await placeCode(world.provider);
    world.base = await world.takeSnapshot();
  }
}

/**
 * Gives the tests of a `describe` the shared chain: Safes 1.4.1 and 1.5.0 with the module, 1,000 USDC and 100
 * ether each. Whatever a test does to it is undone after the test.
 */
export function useChain() {
  before(async function () {
    this.timeout(60_000);
    await openWorld();
    await at().base.restore();
  });
  afterEach(async () => {
    await at().base.restore();
  });
}

function at(): World {
  if (!world) throw new Error("useChain() is missing in the describe");
  return world;
}

/** What a test asks of its chain. */
export const chain = {
  get usdc(): Usdc {
    return at().usdc;
  },
  get safes(): Record<SafeVersion, Address> {
    return at().safes;
  },
  get passkeySafe(): Address {
    return at().passkeySafe;
  },
  /** Two owners, threshold two. */
  get twoOwnerSafe(): Address {
    return at().twoOwnerSafe;
  },
  get safeContracts(): SafeContracts {
    return at().safeContracts;
  },
  request: <T>(method: string, params: unknown[] = []) =>
    at().provider.request({ method, params }) as Promise<T>,
  /** Calls in the last block: `block.timestamp` is that of the last block. Rejects with the revert data. */
  call: (transaction: Transaction) =>
    expected(chain.request<Hex>("eth_call", [{ ...inHex(transaction), gas: GAS }, "latest"])),
  /**
   * Mines the transaction, from any address. Rejects with the revert data.
   * @param second The block's time; by default the second after the last block's.
   */
  send: (transaction: Transaction & { from: Address }, second?: number): Promise<Receipt> =>
    expected(mine(transaction, second)),
  /** Mines an empty block at that second, so that calls see it. */
  async setTime(second: number) {
    await chain.request("evm_setNextBlockTimestamp", [toHex(second)]);
    await chain.request("evm_mine");
  },
  async now(): Promise<number> {
    return Number(
      (await chain.request<{ timestamp: Hex }>("eth_getBlockByNumber", ["latest", false])).timestamp,
    );
  },
  setCode: (address: Address, code: Hex) => chain.request("hardhat_setCode", [address, code]),
  codeOf: (address: Address) => chain.request<Hex>("eth_getCode", [address, "latest"]),
  setBalance: (address: Address, wei: bigint) => chain.request("hardhat_setBalance", [address, toHex(wei)]),
  async balance(address: Address): Promise<bigint> {
    return BigInt(await chain.request<Hex>("eth_getBalance", [address, "latest"]));
  },
  storageAt: (address: Address, slot: Hex) =>
    chain.request<Hex>("eth_getStorageAt", [address, slot, "latest"]),
  setStorageAt: (address: Address, slot: Hex, word: Hex) =>
    chain.request("hardhat_setStorageAt", [address, toHex(BigInt(slot)), word]),
};

/** Lets a test await something else before it looks at a refusal, which Node would take for forgotten. */
function expected<T>(attempt: Promise<T>): Promise<T> {
  attempt.catch(() => {});
  return attempt;
}

async function mine(transaction: Transaction & { from: Address }, second?: number): Promise<Receipt> {
  const { from } = transaction;
  await chain.request("hardhat_impersonateAccount", [from]);
  if (BigInt(await chain.request<Hex>("eth_getBalance", [from, "latest"])) < 10n ** 19n)
    await chain.request("hardhat_setBalance", [from, toHex(10n ** 20n)]);
  // Left alone, the chain's clock would go on with the computer's.
  await chain.request("evm_setNextBlockTimestamp", [toHex(second ?? (await chain.now()) + 1)]);
  const hash = await chain.request<Hex>("eth_sendTransaction", [{ ...inHex(transaction), gas: GAS }]);
  return chain.request<Receipt>("eth_getTransactionReceipt", [hash]);
}

/** Below the cap of a transaction's gas (EIP-7825). */
const GAS = toHex(16_000_000);

const inHex = ({ value, ...rest }: Transaction) => ({ ...rest, ...(value ? { value: toHex(value) } : {}) });

/* SESSIONS */

/** $1 a transaction, $20 a day, to Alice and Bob, five slot sizes. */
export const budget = (changes: Partial<Budget> = {}): Budget => ({
  token: chain.usdc.address,
  perTransaction: 1n * USD,
  perPeriod: 20n * USD,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 1,
  sizes: 5,
  recipients: [alice, bob],
  ...changes,
});

/** The chain's native coin instead: 1 ether a transaction, 20 a day. */
export const nativeBudget = (changes: Partial<Budget> = {}): Budget =>
  budget({
    token: zeroAddress,
    perTransaction: 10n ** 18n,
    perPeriod: 20n * 10n ** 18n,
    signatures: 0,
    sizes: 0,
    ...changes,
  });

/** A week of the Safe 1.4.1, for the key. */
export const session = (changes: Partial<Session> = {}): Session => ({
  account: chain.safes["1.4.1"],
  key: key.address,
  validAfter: T0,
  validUntil: T0 + 7 * DAY,
  epoch: 0n,
  salt: 1n,
  gasAllowance: 0n,
  paymaster: zeroAddress,
  budgets: [budget()],
  actions: [],
  ...changes,
});

/** The actor's function, under no rule. */
export const actAction = (changes: Partial<Action> = {}): Action => ({
  target: ACTOR,
  selector: actData().slice(0, 10) as Hex,
  rules: [],
  ...changes,
});

const domainOf = (module: Address, chainId: number) =>
  ({ name: "Latchkey", version: "1", chainId, verifyingContract: module }) as const;

const executeTypes = {
  Execute: [
    { name: "session", type: "bytes32" },
    { name: "calls", type: "Call[]" },
    { name: "caller", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint48" },
  ],
  Call: [
    { name: "target", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
  ],
} as const;

/** The digest of a struct hash in a module's domain. */
export const digestIn = (structHash: Hex, { module = MODULE, chainId = 1 } = {}): Hex => {
  const separator = keccak256(
    concat([
      keccak256(
        toBytes("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
      ),
      keccak256(toBytes("Latchkey")),
      keccak256(toBytes("1")),
      pad(toHex(chainId)),
      pad(module),
    ]),
  );
  return keccak256(concat(["0x1901", separator, structHash]));
};

/** What the owner signs, computed by viem. */
export const grantDigest = (of: Session, { module = MODULE, chainId = 1 } = {}): Hex =>
  hashTypedData({
    domain: domainOf(module, chainId),
    types: sessionTypes,
    primaryType: "Session",
    message: of,
  });

/** The hash that a Safe's owners sign so that the Safe accepts a digest. */
export const safeMessageHash = (safe: Address, digest: Hex, chainId = 1): Hex =>
  hashTypedData({
    domain: { chainId, verifyingContract: safe },
    types: { SafeMessage: [{ name: "message", type: "bytes" }] },
    primaryType: "SafeMessage",
    message: { message: digest },
  });

/** The Safe's signature over a digest, by owners with an ordinary key. */
export async function signAsSafe(safe: Address, digest: Hex, owners = [owner], chainId = 1): Promise<Hex> {
  const hash = safeMessageHash(safe, digest, chainId);
  return safeSignatures(
    await Promise.all(
      owners.map(async (one) => ({ signer: one.address, signature: await one.sign({ hash }) })),
    ),
  );
}

/** The owner's grant of a session. */
export const grantOf = (of: Session, owners = [owner]): Promise<Hex> =>
  signAsSafe(of.account, grantDigest(of), owners);

/** The key's word for a signed execution, computed by viem. */
export const signExecution = (
  id: Hex,
  calls: readonly Call[],
  {
    caller,
    nonce,
    deadline,
    by = key,
    module = MODULE,
    chainId = 1,
  }: {
    caller: Address;
    nonce: bigint;
    deadline: number;
    by?: PrivateKeyAccount;
    module?: Address;
    chainId?: number;
  },
): Promise<Hex> =>
  by.signTypedData({
    domain: domainOf(module, chainId),
    types: executeTypes,
    primaryType: "Execute",
    message: { session: id, calls, caller, nonce, deadline },
  });

/* CALLS THAT A SESSION MAKES */

export const transferData = (to: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] });
export const approveData = (spender: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [spender, amount] });
export const transferFromData = (from: Address, to: Address, amount: bigint): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: "transferFrom", args: [from, to, amount] });
export function actData(first = 0n, second = 0n): Hex {
  return encodeFunctionData({ abi: actorAbi, functionName: "act", args: [first, second] });
}

export const pay = (to: Address, amount: bigint, token: Address = chain.usdc.address): Call => ({
  target: token,
  value: 0n,
  data: transferData(to, amount),
});
export const approve = (spender: Address, amount: bigint, token: Address = chain.usdc.address): Call => ({
  target: token,
  value: 0n,
  data: approveData(spender, amount),
});
export const payNative = (to: Address, value: bigint): Call => ({ target: to, value, data: "0x" });
export const act = (changes: Partial<Call> = {}): Call => ({
  target: ACTOR,
  value: 0n,
  data: actData(),
  ...changes,
});

/* TRANSACTIONS */

type ModuleFunction = Extract<(typeof moduleAbi)[number], { type: "function" }>["name"];

const isSession = (argument: unknown): argument is Session =>
  typeof argument === "object" && argument !== null && "budgets" in argument && "key" in argument;

/** Calldata of one of the module's functions. A session among the arguments is packed, whole. */
// biome-ignore lint/suspicious/noExplicitAny: viem cannot type the arguments of a name that is not known yet.
export const encode = (functionName: ModuleFunction, args: any[]): Hex =>
  encodeFunctionData({
    abi: moduleAbi,
    functionName,
    args: args.map((argument) => (isSession(argument) ? sessionBytes(argument) : argument)),
  } as never);

export const enable = (of: Session): Transaction & { from: Address } => ({
  from: of.account,
  to: MODULE,
  data: encode("enable", [of]),
});
export const revoke = (account: Address, id: Hex): Transaction & { from: Address } => ({
  from: account,
  to: MODULE,
  data: encode("revoke", [id]),
});
export const revokeAll = (account: Address): Transaction & { from: Address } => ({
  from: account,
  to: MODULE,
  data: encode("revokeAll", []),
});
export const renounce = (of: Session): Transaction & { from: Address } => ({
  from: of.key,
  to: MODULE,
  data: encode("renounce", [of]),
});
export const execute = (
  of: Session,
  calls: readonly Call[],
  grant: Hex = "0x",
): Transaction & { from: Address } => ({
  from: of.key,
  to: MODULE,
  data: encode("execute", [of, grant, calls]),
});
/** The module's `pay`, by the key. */
export const payDirectly = (
  of: Session,
  to: Address,
  amount: bigint,
  { token = chain.usdc.address, grant = "0x" as Hex, leftOut = {} as LeftOut } = {},
): Transaction & { from: Address } => ({
  from: of.key,
  to: MODULE,
  data: encode("pay", [sessionBytes(of, leftOut), grant, token, to, amount]),
});
export const pause = (account: Address, id: Hex): Transaction & { from: Address } => ({
  from: account,
  to: MODULE,
  data: encode("pause", [id]),
});
export const resume = (account: Address, id: Hex): Transaction & { from: Address } => ({
  from: account,
  to: MODULE,
  data: encode("resume", [id]),
});
/** A transaction of a Safe with one owner: a genuine one, by its owner. */
export const asOwner = (
  safe: Address,
  { to, data = "0x", value = 0n }: Transaction,
  operation = 0,
): Transaction & { from: Address } => ({
  from: owner.address,
  to: safe,
  data: encodeFunctionData({
    abi: safeAccountAbi,
    functionName: "execTransaction",
    args: [to, value, data, operation, 0n, 0n, 0n, zeroAddress, zeroAddress, PREVALIDATED(owner.address)],
  }),
});

/** A transaction of the Safe 1.4.1 that its owner has approved: from now on anybody may submit it. */
export async function approvedByOwner(to: Address, data: Hex): Promise<Transaction> {
  const safe = chain.safes["1.4.1"];
  const ask = (functionName: "nonce" | "getTransactionHash", args: readonly unknown[] = []) =>
    chain.call({ to: safe, data: encodeFunctionData({ abi: safeAccountAbi, functionName, args } as never) });
  const terms = [to, 0n, data, 0, 0n, 0n, 0n, zeroAddress, zeroAddress] as const;
  const hash = await ask("getTransactionHash", [...terms, BigInt(await ask("nonce"))]);
  const approve = encodeFunctionData({ abi: safeAccountAbi, functionName: "approveHash", args: [hash] });
  await chain.send({ from: owner.address, to: safe, data: approve });
  const submitted = [...terms, PREVALIDATED(owner.address)] as const;
  return {
    to: safe,
    data: encodeFunctionData({ abi: safeAccountAbi, functionName: "execTransaction", args: submitted }),
  };
}

/* ANSWERS */

const read = async (functionName: ModuleFunction, args: unknown[]): Promise<Hex> =>
  chain.call({ from: stranger.address, to: MODULE, data: encode(functionName, args) });

export const idOf = async (of: Session): Promise<Hex> => read("hashSession", [of]);
export const stateOf = async (id: Hex, account: Address = chain.safes["1.4.1"]): Promise<string> =>
  ["UNKNOWN", "ENABLED", "REVOKED"][Number(slice(await read("stateOf", [id, account]), 0, 32))] ?? "?";
export const isPaused = async (id: Hex, account: Address = chain.safes["1.4.1"]): Promise<boolean> =>
  BigInt(slice(await read("stateOf", [id, account]), 32)) === 1n;
export const epochOf = async (account: Address): Promise<bigint> => BigInt(await read("epochOf", [account]));
export const nonceUsed = async (id: Hex, account: Address, nonce: bigint): Promise<boolean> =>
  BigInt(await read("nonceUsed", [id, account, nonce])) === 1n;
/** What executions have spent of a budget, and the rest of what the module says about it. */
export async function budgetOf(of: Session, index = 0) {
  const words = (await read("budgetOf", [of, BigInt(index)])).slice(2).match(/.{64}/g) ?? [];
  const [period, released, spent, resetsAt] = words.map((word) => BigInt(`0x${word}`));
  return { period, released, spent, resetsAt };
}
export const spentOf = async (of: Session, index = 0) => (await budgetOf(of, index)).spent;

/* HOSTILE CONTRACTS */

/** Writes into an actor what it does at its next chance. */
export const prepare = (steps: Transaction[], { actor = ACTOR, forgiving = false } = {}) =>
  chain.send({
    from: stranger.address,
    to: actor,
    data: encodeFunctionData({
      abi: actorAbi,
      functionName: "prepare",
      args: [steps.map(({ to, data = "0x", value = 0n }) => ({ target: to, value, data })), forgiving],
    }),
  });

/** How often an actor had its chance, and what its last failed step reverted with. */
export async function actorReport(actor = ACTOR) {
  const ask = (functionName: "turns" | "failure") =>
    chain.call({ to: actor, data: encodeFunctionData({ abi: actorAbi, functionName }) });
  const failure = await ask("failure");
  const length = Number(`0x${failure.slice(66, 130)}`);
  return {
    turns: BigInt(await ask("turns")),
    failure: `0x${failure.slice(130, 130 + 2 * length)}` as Hex,
  };
}

const writeToToken = (data: Hex, token: Address) => chain.send({ from: stranger.address, to: token, data });
/** The odd token, for tests to bend. */
export const oddToken = {
  script: (selector: Hex, answer: Hex, { fails = false, token = ODD_TOKEN } = {}) =>
    writeToToken(
      encodeFunctionData({ abi: oddTokenAbi, functionName: "script", args: [selector, fails, answer] }),
      token,
    ),
  setIdle: (idle: boolean) =>
    writeToToken(encodeFunctionData({ abi: oddTokenAbi, functionName: "setIdle", args: [idle] }), ODD_TOKEN),
  setHook: (hook: Address) =>
    writeToToken(encodeFunctionData({ abi: oddTokenAbi, functionName: "setHook", args: [hook] }), ODD_TOKEN),
  mint: (account: Address, amount: bigint, token = ODD_TOKEN) =>
    writeToToken(
      encodeFunctionData({ abi: oddTokenAbi, functionName: "mint", args: [account, amount] }),
      token,
    ),
  setUsed: (account: Address, nonce: Hex, used = true) =>
    writeToToken(
      encodeFunctionData({ abi: oddTokenAbi, functionName: "setUsed", args: [account, nonce, used] }),
      ODD_TOKEN,
    ),
  async balanceOf(account: Address) {
    const data = encodeFunctionData({ abi: oddTokenAbi, functionName: "balanceOf", args: [account] });
    return BigInt(await chain.call({ to: ODD_TOKEN, data }));
  },
};

/** Prepares what the canned contract answers: to exactly a calldata, or to a whole function (4 bytes). */
export const teach = (question: Hex, answer: Hex, { fails = false, to = CANNED } = {}) =>
  chain.send({
    from: stranger.address,
    to,
    data:
      size(question) === 4
        ? encodeFunctionData({
            abi: cannedAnswersAbi,
            functionName: "answerAll",
            args: [question, fails, answer],
          })
        : encodeFunctionData({
            abi: cannedAnswersAbi,
            functionName: "answer",
            args: [question, fails, answer],
          }),
  });

/* REFUSALS AND EVENTS */

const ownErrors: Abi = [
  ...ownArtifact("contracts/interfaces/ISessionErrors.sol", "ISessionErrors").abi,
  ...ownArtifact("contracts/interfaces/ISafeSessionHandler.sol", "ISafeSessionHandler").abi,
];

/** What a failed call of the account failed with, and in it, and so on. */
export const chainOfReasons = (data: Hex): string[] => {
  const { name, args } = decodeRevert(data);
  return name === "CallFailed" ? [name, ...chainOfReasons(args[1] as Hex)] : [name];
};

/** An error's name and arguments; `Error` with its text for a `require`. */
export function decodeRevert(data: Hex): { name: string; args: readonly unknown[] } {
  if (data === "0x") return { name: "", args: [] };
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: ownErrors, data });
    return { name: errorName, args: args as readonly unknown[] };
  } catch {
    return { name: data, args: [] };
  }
}

/** What a call or a transaction was reverted with. */
export async function revertOf(attempt: Promise<unknown>): Promise<Hex> {
  try {
    await attempt;
  } catch (error) {
    const { data } = error as { data?: Hex | { data?: Hex } };
    const bytes = typeof data === "object" ? data.data : data;
    if (typeof bytes === "string" && bytes.startsWith("0x")) return bytes;
    throw error;
  }
  return expect.fail("nothing was refused") as never;
}

const plain = (value: unknown): unknown => {
  if (typeof value === "number" || typeof value === "bigint") return BigInt(value);
  return typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value) ? value.toLowerCase() : value;
};

/** Expects a revert with that error and exactly these arguments. */
export async function refused(attempt: Promise<unknown>, name: string, ...args: unknown[]) {
  const { name: actual, args: values } = decodeRevert(await revertOf(attempt));
  expect(actual, `refused with ${actual}(${values.join(", ")})`).to.equal(name);
  expect(values.map(plain), name).to.deep.equal(args.map(plain));
}

/** The module's events of a transaction, in order. */
export const eventsOf = (receipt: Receipt) =>
  receipt.logs
    .filter(({ address }) => address.toLowerCase() === MODULE.toLowerCase())
    .map((log) => {
      const { eventName, args } = decodeEventLog({
        abi: moduleAbi,
        topics: log.topics as [Hex, ...Hex[]],
        data: log.data,
      });
      return { name: eventName, args: args as Record<string, unknown> };
    });
