import { readFileSync } from "node:fs";
import { expect } from "chai";
import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  slice,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { hashSession } from "#sdk/session/hashSession.ts";
import type { Call, Session } from "#sdk/session/Session.ts";
import { executeData, grantDigest, MODULE, onInstallData } from "../../erc7562/plainAccounts.ts";
import { halves, type PackedUserOp, packedUserOp } from "../../erc7562/userOp.ts";
import { type LeftOut, sessionBytes } from "../sessionBytes.ts";

export { grantDigest, MODULE, onInstallData as installData };

export const T0 = 2_000_000_000;
export const DAY = 86_400;
export const MAX_UINT128 = 2n ** 128n - 1n;
/** The chain's id. */
export const CHAIN_ID = 31_337;
/** What ERC-1271 answers for yes, as a word. */
export const YES = pad("0x1626ba7e", { dir: "right" });
/** What the validator returns for no. */
export const NO = 1n;

const place = (name: string): Address => getAddress(`0x${keccak256(toBytes(`latchkey ${name}`)).slice(26)}`);
const someone = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey 7579: ${name}`)));

/** A contract that answers what a test taught it, and speaks when a test makes it. */
export const ACCOUNT = place("account");
export const OTHER_ACCOUNT = place("other account");
export const key = someone("key");
export const stranger = someone("stranger");
export const payee = someone("payee").address;
/** What the fixture takes for the hash of every userOp. */
export const USER_OP_HASH = keccak256(toBytes("latchkey userOp"));

type Provider = { request(args: { method: string; params?: unknown[] }): Promise<unknown> };
type World = { provider: Provider; restore(): Promise<void>; abi: Abi; harnesses: Record<string, Abi> };
let world: World | undefined;
const at = (): World => world ?? expect.fail("useAccounts() is missing in the describe");

const HARNESSES = ["CanonicalExecutionHarness", "AccountDomainHarness", "PaymentUserOpHarness"] as const;
export type Harness = (typeof HARNESSES)[number];

/**
 * Other runtime code to be tested in place of the contracts', by name: LATCHKEY_CODE names a JSON file of it, as
 * `npm run test:rules` makes it with a rule left out.
 */
function codeUnderTest(): Record<string, Hex> {
  const path = process.env.LATCHKEY_CODE;
  return path ? JSON.parse(readFileSync(path, "utf8")) : {};
}

/** Gives a `describe` a chain with the module and two accounts; what a test does to it is undone after the test. */
export function useAccounts() {
  before(async function () {
    this.timeout(60_000);
    const connection = await network.create("default");
    const provider = connection.provider as Provider;
    const code = codeUnderTest();
    const put = async (address: Address, name: string): Promise<Abi> => {
      const { abi, deployedBytecode } = await artifacts.readArtifact(name);
      await provider.request({
        method: "hardhat_setCode",
        params: [address, code[name] ?? deployedBytecode],
      });
      return abi as Abi;
    };
    const abi = await put(MODULE, "ERC7579SessionModule");
    for (const account of [ACCOUNT, OTHER_ACCOUNT]) await put(account, "CannedAnswers");
    const harnesses: Record<string, Abi> = {};
    for (const name of HARNESSES) harnesses[name] = await put(place(name), name);
    await connection.networkHelpers.time.increaseTo(T0);
    let snapshot = await connection.networkHelpers.takeSnapshot();
    const restore = async () => {
      await snapshot.restore();
      snapshot = await connection.networkHelpers.takeSnapshot();
    };
    world = { provider, abi, harnesses, restore };
  });
  afterEach(() => at().restore());
}

const GAS = toHex(16_000_000);

type Transaction = { from: Address; to: Address; data: Hex };
/** Calls in the last block. Rejects with the revert data. */
export const call = (transaction: Transaction): Promise<Hex> =>
  at().provider.request({
    method: "eth_call",
    params: [{ ...transaction, gas: GAS }, "latest"],
  }) as Promise<Hex>;

export type Log = { address: Address; topics: [Hex, ...Hex[]]; data: Hex };
/** Mines the transaction, from any address; tells its logs. */
export async function send({ from, ...rest }: Transaction): Promise<Log[]> {
  const { provider } = at();
  await provider.request({ method: "hardhat_impersonateAccount", params: [from] });
  await provider.request({ method: "hardhat_setBalance", params: [from, toHex(10n ** 20n)] });
  const hash = await provider.request({
    method: "eth_sendTransaction",
    params: [{ from, ...rest, gas: GAS }],
  });
  const receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
  return (receipt as { logs: Log[] }).logs;
}
/** Puts runtime code at an address. */
export const setCode = (address: Address, code: Hex) =>
  at().provider.request({ method: "hardhat_setCode", params: [address, code] });
/** Mines an empty block at that second. */
export async function setTime(second: number) {
  await at().provider.request({ method: "evm_setNextBlockTimestamp", params: [toHex(second)] });
  await at().provider.request({ method: "evm_mine" });
}

/** What a call or a transaction was reverted with. */
async function revertOf(attempt: Promise<unknown>): Promise<Hex> {
  try {
    await attempt;
  } catch (error) {
    const { data } = error as { data?: Hex | { data?: Hex } };
    const bytes = typeof data === "object" ? data.data : data;
    if (typeof bytes === "string") return bytes;
    throw error;
  }
  return expect.fail("nothing was refused") as never;
}
/** Expects a revert with one of the module's errors, with these arguments. */
export async function refused(attempt: Promise<unknown>, name: string, ...args: unknown[]) {
  const data = await revertOf(attempt);
  const decoded = decodeErrorResult({ abi: at().abi, data });
  const plain = (value: unknown) => (typeof value === "number" ? BigInt(value) : value);
  expect(decoded.errorName).to.equal(name);
  expect((decoded.args ?? []).map(plain)).to.deep.equal(args.map(plain));
}

/* THE MODULE */

const isSession = (argument: unknown): argument is Session =>
  typeof argument === "object" && argument !== null && "budgets" in argument;
/** Calldata of one of the module's functions. A session among the arguments is packed, whole. */
export const encode = (functionName: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({
    abi: at().abi,
    functionName,
    args: args.map((argument) => (isSession(argument) ? sessionBytes(argument) : argument)),
  });
export const byAccount = (functionName: string, args: readonly unknown[], from: Address = ACCOUNT) => ({
  from,
  to: MODULE,
  data: encode(functionName, args),
});
async function read<T>(functionName: string, args: readonly unknown[]): Promise<T> {
  const data = await call({ from: stranger.address, to: MODULE, data: encode(functionName, args) });
  return decodeFunctionResult({ abi: at().abi, functionName, data }) as T;
}
const standingOf = (of: Session) =>
  read<readonly [state: number, paused: boolean]>("stateOf", [hashSession(of), of.account]);
export const stateOf = async (of: Session): Promise<string> =>
  ["UNKNOWN", "ENABLED", "REVOKED"][(await standingOf(of))[0]] ?? "?";
export const isPaused = async (of: Session): Promise<boolean> => (await standingOf(of))[1];
export const gasSpentBy = (of: Session) => read<bigint>("gasSpentBy", [hashSession(of), of.account]);
export const granterOf = (account: Address = ACCOUNT) => read<Hex>("granterOf", [account]);
export const epochOf = (account: Address = ACCOUNT) => read<bigint>("epochOf", [account]);
export const isInitialized = (account: Address = ACCOUNT) => read<boolean>("isInitialized", [account]);
/** What `budgetOf` says, in the last block's second. */
export const budgetOf = async (of: Session, index = 0) => {
  const [period, released, spent, resetsAt] = await read<readonly [bigint, bigint, bigint, bigint]>(
    "budgetOf",
    [of, BigInt(index)],
  );
  return { period, released, spent, resetsAt };
};
export const enable = (of: Session) => send(byAccount("enable", [of], of.account));
export const pause = (of: Session) => send(byAccount("pause", [hashSession(of)], of.account));
export const resume = (of: Session) => send(byAccount("resume", [hashSession(of)], of.account));
export const install = (data: Hex, from: Address = ACCOUNT) => send(byAccount("onInstall", [data], from));
export const uninstall = (data: Hex = "0x", from: Address = ACCOUNT) =>
  send(byAccount("onUninstall", [data], from));

/** Asks a harness that stands for an internal library. */
export async function ask<T>(name: Harness, functionName: string, args: readonly unknown[]): Promise<T> {
  const abi = at().harnesses[name] ?? [];
  const data = encodeFunctionData({ abi, functionName, args: [...args] });
  const answer = await call({ from: stranger.address, to: place(name), data });
  return decodeFunctionResult({ abi, functionName, data: answer }) as T;
}

const cannedAnswersAbi = parseAbi([
  "function answer(bytes question, bool fails, bytes answer)",
  "function answerAll(bytes4 selector, bool fails, bytes answer)",
]);
/** Prepares what an account answers: to exactly a calldata, or to a whole function (4 bytes). */
export const teach = (question: Hex, answer: Hex, { fails = false, account = ACCOUNT } = {}) =>
  send({
    from: stranger.address,
    to: account,
    data: encodeFunctionData({
      abi: cannedAnswersAbi,
      functionName: question.length === 10 ? "answerAll" : "answer",
      args: [question, fails, answer],
    }),
  });
export const isValidSignatureData = (digest: Hex, signature: Hex): Hex =>
  encodeFunctionData({
    abi: parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]),
    args: [digest, signature],
  });
/** How an account is asked whether a module is its fallback handler for the function that `data` calls. */
export const isFallbackHandlerData = (data: Hex, module: Address = MODULE): Hex =>
  encodeFunctionData({
    abi: parseAbi(["function isModuleInstalled(uint256 moduleTypeId, address module, bytes context)"]),
    args: [3n, module, pad(slice(data, 0, 4), { dir: "right", size: 32 })],
  });

/* SESSIONS AND USER OPS */

/** A week for the key, to pay 1,000 wei a time; gas is not counted, and no paymaster may be named. */
export const session = (changes: Partial<Session> = {}): Session => ({
  account: ACCOUNT,
  key: key.address,
  validAfter: T0,
  validUntil: T0 + 7 * DAY,
  epoch: 0n,
  salt: 1n,
  gasAllowance: MAX_UINT128,
  paymaster: zeroAddress,
  budgets: [
    {
      token: zeroAddress,
      perTransaction: 1000n,
      perPeriod: 5000n,
      period: DAY,
      initial: 0n,
      perSecond: 0n,
      signatures: 0,
      sizes: 0,
      recipients: [payee],
    },
  ],
  actions: [],
  ...changes,
});

export const payment: Call = { target: payee, value: 1000n, data: "0x" };
export const executeOf = (
  of: Session,
  grant: Hex = "0x",
  calls: readonly Call[] = [payment],
  leftOut: LeftOut = {},
): Hex => encode("execute", [sessionBytes(of, leftOut), grant, calls]);
/** The callData that the validator takes. */
export const callDataOf = (...of: Parameters<typeof executeOf>): Hex =>
  executeData(MODULE, 0n, executeOf(...of));

/** Gas of a userOp, each part; in units, and the fee in wei. */
export type GasParts = {
  verification?: bigint;
  execution?: bigint;
  preVerification?: bigint;
  paymasterVerification?: bigint;
  paymasterPostOp?: bigint;
  fee?: bigint;
  priorityFee?: bigint;
};
export const paymasterAndDataOf = (paymaster: Address, gas: GasParts = {}): Hex =>
  concat([paymaster, halves(gas.paymasterVerification ?? 0n, gas.paymasterPostOp ?? 0n)]);
/** A userOp of the session, whose signature is the key's. */
export async function userOpOf(
  of: Session,
  {
    gas = {},
    grant,
    leftOut,
    ...changes
  }: Partial<PackedUserOp> & { gas?: GasParts; grant?: Hex; leftOut?: LeftOut } = {},
): Promise<PackedUserOp> {
  return packedUserOp({
    sender: of.account,
    callData: callDataOf(of, grant, [payment], leftOut),
    accountGasLimits: halves(gas.verification ?? 0n, gas.execution ?? 0n),
    preVerificationGas: gas.preVerification ?? 0n,
    gasFees: halves(gas.priorityFee ?? 0n, gas.fee ?? 0n),
    signature: await key.sign({ hash: USER_OP_HASH }),
    ...changes,
  });
}
export const validationOf = (userOp: PackedUserOp, from: Address = userOp.sender) =>
  byAccount("validateUserOp", [userOp, USER_OP_HASH], from);
/** What the validator returns; nothing is kept. Rejects where it reverts. */
export const validate = async (userOp: PackedUserOp, from?: Address): Promise<bigint> =>
  BigInt(await call(validationOf(userOp, from)));
/** Validates for good. */
export const validateForGood = (userOp: PackedUserOp) => send(validationOf(userOp));
/** What the validator returns for yes. */
export const windowOf = ({ validAfter, validUntil }: Session): bigint =>
  (BigInt(validAfter) << 208n) | (BigInt(validUntil - 1) << 160n);
/** The events of the module, by name, with their values. */
export const eventsOf = (logs: Log[]) =>
  logs
    .filter(({ address }) => address.toLowerCase() === MODULE.toLowerCase())
    .map(({ topics, data }) => {
      const { eventName, args } = decodeEventLog({ abi: at().abi, topics, data });
      return { name: `${eventName}`, ...(args as unknown as Record<string, unknown>) };
    });
/** First topics of the events of the module. */
export const topicsOf = (logs: Log[]): Hex[] =>
  logs.filter(({ address }) => address.toLowerCase() === MODULE.toLowerCase()).map(({ topics }) => topics[0]);
