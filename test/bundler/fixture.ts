import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { RELAYER } from "@latchkey/devchain";
import {
  type Budget,
  GRANT_VERSION,
  type Grant,
  grantDigest,
  hashSession,
  type Session,
  sessionState,
} from "@latchkey/sdk";
import { erc7579SessionModuleAbi, sessionModuleAbi } from "@latchkey/sdk/abis";
import { eip712Domain, eip712Types, unpackSession } from "@latchkey/sdk/encoding";
import {
  decodeSessionUserOpCallData,
  encodePaymentUserOpCallData,
  encodePaymentUserOpSignature,
  encodeSessionUserOpCallData,
  erc7579Installation,
  toSessionSmartAccount,
  type UserOpPayment,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import { createSmartAccountClient } from "permissionless";
import { createPimlicoClient } from "permissionless/clients/pimlico";
import {
  type Address,
  BaseError,
  type Chain,
  ContractFunctionRevertedError,
  concat,
  createPublicClient,
  defineChain,
  encodeFunctionData,
  getAddress,
  type Hex,
  hexToNumber,
  http,
  keccak256,
  type PublicClient,
  parseAbi,
  size,
  slice,
  type Transport,
  toBytes,
  zeroAddress,
} from "viem";
import {
  type BundlerClient,
  createBundlerClient,
  entryPoint07Abi,
  getUserOperationHash,
  type PaymasterActions,
  type SmartAccount,
  toPackedUserOperation,
  type UserOperation,
  type UserOperationReceipt,
} from "viem/account-abstraction";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { hashCarriedSession } from "#sdk/session/hashCarriedSession.ts";
import { sessionBytes } from "../contracts/sessionBytes.ts";
import { type Bundler, startBundler } from "../environment/erc7579/bundler.ts";
import {
  createWorld7579,
  type ModularAccountName,
  type World7579,
} from "../environment/erc7579/World7579.ts";

/**
 * The accounts whose userOps go through the bundler. Alto knows an EntryPoint's version by the beginning of its address,
 * so it cannot serve the release candidate of 0.9, which stands at an address of its own.
 */
export const BUNDLED_ACCOUNTS = [
  "OpenZeppelin AccountERC7579 on EntryPoint 0.7",
  "OpenZeppelin AccountERC7579 on EntryPoint 0.8",
  "Nexus 1.0.0",
  "Kernel 3.1",
  "Safe7579 1.0.0 on Safe 1.4.1",
  "Safe7579 1.0.0 on Safe 1.5.0",
  "the reference account",
  "an EOA that runs OpenZeppelin AccountERC7579",
  "an EOA that runs Nexus 1.0.0",
  "an EOA that runs Kernel 3.1",
] as const satisfies readonly ModularAccountName[];

/** For what is the same on all of a kind. */
export const ONE_OF_EACH_KIND = [
  "OpenZeppelin AccountERC7579 on EntryPoint 0.8",
  "Nexus 1.0.0",
  "Kernel 3.1",
  "Safe7579 1.0.0 on Safe 1.4.1",
] as const;

/** Someone with a key that the name decides. */
export const someone = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey bundler test: ${name}`)));

/** The agent's key. */
export const key = someone("key");
export const alice = someone("alice").address;
export const bob = someone("bob").address;
/** Recipient of nothing, in no session. */
export const mallory = someone("mallory").address;

/** One USDC. */
export const USD = 1_000_000n;
export const DAY = 86_400;
export const MAX_UINT128 = 2n ** 128n - 1n;

/** What the tests share: one chain, one bundler over it. Nothing is undone in between: each test has sessions of its own. */
type Shared = { world: World7579; bundler: Bundler; client: PublicClient<Transport, Chain> };
let shared: Promise<Shared> | undefined;
let ready: Shared | undefined;

async function start(): Promise<Shared> {
  const world = await createWorld7579();
  const accounts = BUNDLED_ACCOUNTS.map((name) => world.accounts[name]);
  for (const { kind, address, granter, execute } of accounts)
    await execute(erc7579Installation({ kind, account: address, module: world.module, granter }));
  const entryPoints = accounts.map(({ entryPoint }) => entryPoint.address);
  const bundler = await startBundler(world.testChain, [...new Set(entryPoints)]);
  const chain = defineChain({
    id: world.testChain.chainId,
    name: "the chain of the tests",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [bundler.chainUrl] } },
  });
  const transport = http(bundler.chainUrl, { retryCount: 0 });
  ready = {
    world,
    bundler,
    client: createPublicClient({ chain, transport, pollingInterval: 20, cacheTime: 0 }),
  };
  return ready;
}

/** Gives the tests of a `describe` the chain and the bundler. */
export function useBundler() {
  before(async function () {
    this.timeout(120_000);
    shared ??= start();
    await shared;
  });
}

// Of the whole run, whichever of its files were asked for.
after(async () => {
  await ready?.bundler.close();
});

const at = (): Shared => {
  if (!ready) throw new Error("useBundler() is missing in the describe");
  return ready;
};
export const world = () => at().world;
/** A client of the chain, by JSON-RPC. */
export const client = () => at().client;

/** An account as these tests need it: deployed, or still to be made. */
export type Sender = Pick<ModularAccount, "kind" | "address"> & {
  entryPoint: { address: Address; version: "0.7" | "0.8" };
};

/** An account of the world, which has the module installed and names its owner as who may grant. */
export function bundledAccount(name: (typeof BUNDLED_ACCOUNTS)[number]): ModularAccount & Sender {
  const account = world().accounts[name];
  const { address, version } = account.entryPoint;
  if (version === "0.9") throw new Error(`the bundler does not serve ${name}`);
  return { ...account, entryPoint: { ...account.entryPoint, address, version } };
}

/** $1 at once, $3 a day, to Alice and Bob. */
export const budget = (changes: Partial<Budget> = {}): Budget => ({
  token: world().usdc.address,
  perTransaction: USD,
  perPeriod: 3n * USD,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 0,
  sizes: 0,
  recipients: [alice, bob],
  ...changes,
});

let sessions = 0n;

/** A session of the account like no other of this run, valid for a week. No paymaster; its gas is not counted. */
export async function sessionOf(
  { address }: Pick<Sender, "address">,
  changes: Partial<Session> = {},
): Promise<Session> {
  const { timestamp } = await client().getBlock();
  // The bundler looks at this machine's clock, the account at the chain's, which runs ahead.
  const validAfter = Math.floor(Date.now() / 1000) - 600;
  sessions += 1n;
  const epoch = await client().readContract({
    address: world().module,
    abi: sessionModuleAbi,
    functionName: "epochOf",
    args: [address],
  });
  return {
    account: address,
    key: key.address,
    validAfter,
    validUntil: Number(timestamp) + 7 * DAY,
    epoch,
    salt: sessions,
    gasAllowance: MAX_UINT128,
    paymaster: zeroAddress,
    budgets: [budget()],
    actions: [],
    ...changes,
  };
}

const erc20Abi = parseAbi(["function transfer(address to, uint256 value) returns (bool)"]);

/** A payment in USDC, as bundler clients want calls. */
export const pay = (to: Address, amount: bigint) => ({
  to: world().usdc.address,
  value: 0n,
  data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] }),
});

export const balanceOf = (holder: Address): Promise<bigint> => world().usdc.balanceOf(holder);

export const stateOf = (session: Session) =>
  sessionState(client(), { module: world().module, id: hashSession(session), account: session.account });

/** What the session's first budget has spent in its current period, in base units. */
export const spentOf = async (session: Session): Promise<bigint> => {
  const [, , spent] = await client().readContract({
    address: world().module,
    abi: sessionModuleAbi,
    functionName: "budgetOf",
    args: [sessionBytes(session), 0n],
  });
  return spent;
};

/** In wei. */
export const gasSpentBy = (session: Session): Promise<bigint> =>
  client().readContract({
    address: world().module,
    abi: erc7579SessionModuleAbi,
    functionName: "gasSpentBy",
    args: [hashSession(session), session.account],
  });

/** What the owner signs. */
export const digestOf = (session: Session): Hex =>
  grantDigest(session, { chainId: world().testChain.chainId, module: world().module });

/** The agent's file. `0x`: the session is enabled already. */
export const grantFile = ({ kind }: Sender, session: Session, signature: Hex): Grant => ({
  version: GRANT_VERSION,
  chainId: world().testChain.chainId,
  module: world().module,
  accountKind: kind,
  session,
  signature,
});

/** The paymaster of the account's EntryPoint. */
export const paymasterOf = ({ entryPoint }: Sender) => world().paymasters[entryPoint.version];

/** A paymaster's service in this process, as bundler clients ask one: its consent is a real contract's. */
export function paymasterService(sender: Sender): PaymasterActions {
  const { address, sponsor } = paymasterOf(sender);
  const consent = async (userOp: Partial<UserOperation>) => {
    const { paymasterAndData } = await sponsor(
      toPackedUserOperation({
        callGasLimit: 0n,
        verificationGasLimit: 0n,
        preVerificationGas: 0n,
        maxFeePerGas: 0n,
        maxPriorityFeePerGas: 0n,
        ...userOp,
        signature: "0x",
      } as UserOperation),
    );
    return {
      paymaster: address,
      paymasterVerificationGasLimit: BigInt(slice(paymasterAndData, 20, 36)),
      paymasterPostOpGasLimit: BigInt(slice(paymasterAndData, 36, 52)),
      paymasterData: size(paymasterAndData) > 52 ? slice(paymasterAndData, 52) : ("0x" as const),
    };
  };
  return {
    getPaymasterStubData: (userOp) => consent(userOp as Partial<UserOperation>),
    getPaymasterData: (userOp) => consent(userOp as Partial<UserOperation>),
  };
}

const bundlerTransport = () => http(at().bundler.url, { retryCount: 0 });

/** Fees in wei, as Alto wants them. */
const gasPrice = async ({ entryPoint }: Pick<Sender, "entryPoint">) =>
  (
    await createPimlicoClient({
      chain: client().chain,
      transport: bundlerTransport(),
      entryPoint,
    }).getUserOperationGasPrice()
  ).fast;

/** permissionless' client of a smart account over Alto. No gas limit is set by hand. */
export const clientOf = <account extends SmartAccount>(
  account: account,
  { entryPoint, paymaster }: { entryPoint: Sender["entryPoint"]; paymaster?: PaymasterActions },
) =>
  createSmartAccountClient({
    account,
    chain: client().chain,
    client: client(),
    bundlerTransport: bundlerTransport(),
    pollingInterval: 20,
    ...(paymaster ? { paymaster } : {}),
    userOperation: { estimateFeesPerGas: () => gasPrice({ entryPoint }) },
  });

/** viem's own client of the bundler, for userOps that are complete. */
export const bundlerClient = (): BundlerClient =>
  createBundlerClient({
    client: client(),
    chain: client().chain,
    transport: bundlerTransport(),
    pollingInterval: 20,
  });

/** What an agent does with its key and its grant. */
export type Agent = {
  /** Sends the calls as one userOp and waits for it. */
  send(...calls: ReturnType<typeof pay>[]): Promise<UserOperationReceipt>;
  /** The userOp that would be sent, with a signature that only says what it is to be made of. */
  prepare(...calls: ReturnType<typeof pay>[]): Promise<UserOperation<"0.7">>;
};

/** What an agent may do otherwise. */
type AgentOptions = {
  /** The owner's grant. `0x`: the session is enabled already. */
  grant?: Hex;
  sponsored?: boolean;
  /** What makes the account, where it is not there yet. */
  factory?: { address: Address; data: Hex };
  lane?: number;
  /** Whose client of the bundler it uses. */
  clientBy?: "viem" | "permissionless";
  /** Default: the SDK's. */
  payments?: "validation" | "execution";
};

/** The agent of a session, with nothing but the SDK and somebody's client of a bundler. */
export async function agentOf(sender: Sender, session: Session, options: AgentOptions = {}): Promise<Agent> {
  const {
    grant = "0x",
    sponsored = false,
    factory,
    lane = 0,
    clientBy = "permissionless",
    payments,
  } = options;
  const account = await toSessionSmartAccount({
    client: client(),
    key,
    grant: grantFile(sender, session, grant),
    entryPoint: sender.entryPoint,
    lane,
    ...(factory ? { factory } : {}),
    ...(payments ? { payments } : {}),
  });
  const { entryPoint } = sender;
  const paymaster = sponsored ? { paymaster: paymasterService(sender) } : {};
  const bundler =
    clientBy === "viem"
      ? createBundlerClient({
          account,
          client: client(),
          transport: bundlerTransport(),
          pollingInterval: 20,
          userOperation: { estimateFeesPerGas: () => gasPrice({ entryPoint }) },
          ...paymaster,
        })
      : clientOf(account, { entryPoint, ...paymaster });
  return {
    async send(...calls) {
      const hash = await bundler.sendUserOperation({ account, calls });
      return receiptOf(hash);
    },
    async prepare(...calls) {
      const { account: _, ...userOp } = await bundler.prepareUserOperation({ account, calls });
      // viem also gives the fields of another EntryPoint's userOps, empty.
      return userOp as unknown as UserOperation<"0.7">;
    },
  };
}

/**
 * Waits until the bundler has included a userOp.
 * @throws With what the bundler said: it takes some userOps that it then cannot include, and drops them.
 */
async function receiptOf(hash: Hex): Promise<UserOperationReceipt> {
  try {
    return await bundlerClient().waitForUserOperationReceipt({ hash, timeout: 20_000 });
  } catch (error) {
    const reasons =
      at()
        .bundler.output()
        .match(/reason: .*/g) ?? [];
    throw new Error(`the userOp was not included; the bundler's last reason: ${reasons.at(-1) ?? "none"}`, {
      cause: error,
    });
  }
}

/**
 * Whether an EntryPoint would include a userOp now, which the session's key signs for it.
 * @param changes To the userOp.
 */
export async function wouldBeIncluded(
  sender: Sender,
  userOp: UserOperation<"0.7">,
  changes: Partial<UserOperation<"0.7">> = {},
): Promise<boolean> {
  const signed = await signByHand(sender, { ...userOp, ...changes });
  try {
    await client().simulateContract({
      account: RELAYER,
      address: sender.entryPoint.address,
      abi: entryPoint07Abi,
      functionName: "handleOps",
      args: [[toPackedUserOperation(signed)], RELAYER],
    });
    return true;
  } catch (error) {
    if (error instanceof BaseError && error.walk((one) => one instanceof ContractFunctionRevertedError))
      return false;
    throw error;
  }
}

/** Plenty of each, for userOps that nobody estimates. */
const PLENTY = { callGasLimit: 1_500_000n, verificationGasLimit: 1_500_000n, preVerificationGas: 200_000n };

/** A userOp that a key signs by hand, past the SDK's own checks: it sets its gas limits and fees as it likes. */
export async function handmadeUserOp(
  sender: Sender,
  session: Session,
  calls: readonly ReturnType<typeof pay>[],
  { grant = "0x", ...changes }: { grant?: Hex } & Partial<UserOperation<"0.7">> = {},
): Promise<UserOperation<"0.7">> {
  const { module } = world();
  const { maxFeePerGas, maxPriorityFeePerGas } = await gasPrice(sender);
  const userOp: UserOperation<"0.7"> = {
    sender: sender.address,
    nonce: await client().readContract({
      address: sender.entryPoint.address,
      abi: entryPoint07Abi,
      functionName: "getNonce",
      args: [sender.address, validatorNonceKey({ kind: sender.kind, validator: module })],
    }),
    callData: encodeSessionUserOpCallData({ session: { module, session }, signature: grant, calls }),
    ...PLENTY,
    maxFeePerGas,
    maxPriorityFeePerGas,
    ...changes,
    signature: "0x",
  };
  return signByHand(sender, userOp);
}

/** A userOp by which the account pays itself, made past the SDK's checks as {@link handmadeUserOp}. */
export async function handmadePaymentUserOp(
  sender: Sender,
  session: Session,
  payment: UserOpPayment,
  {
    grant = "0x",
    period = 0n,
    ...changes
  }: { grant?: Hex; period?: bigint } & Partial<UserOperation<"0.7">> = {},
): Promise<UserOperation<"0.7">> {
  const draft = await handmadeUserOp(sender, session, [pay(payment.to, payment.amount)]);
  const stub = { session: { module: world().module, session }, signature: grant, period };
  return signByHand(sender, {
    ...draft,
    callData: encodePaymentUserOpCallData(payment),
    ...changes,
    signature: encodePaymentUserOpSignature({ ...stub, keySignature: draft.signature }),
  });
}

/** What the signature of a userOp says by which the account pays itself. */
export function readPaymentSignature(signature: Hex, account: Address) {
  const key = getAddress(slice(signature, 71, 91));
  const { session, rest } = unpackSession(slice(signature, 91));
  return {
    id: hashCarriedSession({ account, key, ...session }),
    period: hexToNumber(slice(signature, 65, 71)),
    grant: size(rest) === 20 ? "0x" : slice(rest, 0, size(rest) - 20),
  };
}

/** The form of a userOp that was included, and the owner's grant in it. */
export async function sentAs({ userOpHash }: UserOperationReceipt) {
  const { userOperation } = await bundlerClient().getUserOperation({ hash: userOpHash });
  const said = decodeSessionUserOpCallData(userOperation.callData, world().module);
  const grant =
    said.form === "execution"
      ? said.signature
      : readPaymentSignature(userOperation.signature, userOperation.sender).grant;
  return { form: said.form, grant };
}

/** Signs a userOp by the session's key, whatever it says. One that pays by itself has its session in the signature. */
export async function signByHand(
  { entryPoint }: Sender,
  userOp: UserOperation<"0.7">,
): Promise<UserOperation<"0.7">> {
  const { module, testChain } = world();
  const hash = getUserOperationHash({
    chainId: testChain.chainId,
    entryPointAddress: entryPoint.address,
    entryPointVersion: entryPoint.version,
    userOperation: userOp,
  });
  if (decodeSessionUserOpCallData(userOp.callData, module).form === "execution")
    return { ...userOp, signature: await key.sign({ hash }) };
  const { id, period } = readPaymentSignature(userOp.signature, userOp.sender);
  const keySignature = await key.signTypedData({
    domain: eip712Domain(testChain.chainId, module),
    types: { PaymentUserOp: eip712Types.PaymentUserOp },
    primaryType: "PaymentUserOp",
    message: { session: id, period: BigInt(period), userOpHash: hash },
  });
  return { ...userOp, signature: concat([keySignature, slice(userOp.signature, 65)]) };
}

/** Hands a complete userOp to the bundler, and waits until it is included. */
export async function submit(
  { entryPoint }: Sender,
  userOp: UserOperation<"0.7">,
): Promise<UserOperationReceipt> {
  return receiptOf(
    await bundlerClient().sendUserOperation({ ...userOp, entryPointAddress: entryPoint.address }),
  );
}

/** Asks the bundler what gas a userOp needs, past the SDK. */
export const estimate = ({ entryPoint }: Sender, userOp: UserOperation<"0.7">) =>
  bundlerClient().estimateUserOperationGas({ ...userOp, entryPointAddress: entryPoint.address });

/**
 * Waits for a refusal of the bundler and gives its own words, which viem keeps in `details`.
 * @throws If nothing was refused, or a block was made meanwhile.
 */
export async function refusedByBundler(attempt: () => Promise<unknown>): Promise<string> {
  const before = await client().getBlockNumber();
  const error: unknown = await attempt().then(
    () => undefined,
    (error) => error,
  );
  if (!(error instanceof BaseError)) throw error ?? new Error("it was not refused");
  if ((await client().getBlockNumber()) !== before) throw new Error("something was included all the same");
  return error.details;
}
