import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import type { ModularOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { RELAYER, transferWithAuthorizationTypes, type UserOpGas, usdcAbi } from "@latchkey/devchain";
import {
  ANYONE,
  type Budget,
  type Call,
  type EncodedCall,
  grantDigest,
  hashSession,
  type Session,
  type Slot,
} from "@latchkey/sdk";
import { sessionErrorsAbi, sessionModuleAbi } from "@latchkey/sdk/abis";
import { eip712Domain, eip712Types, encodePayload, slotNonce } from "@latchkey/sdk/encoding";
import {
  encodePaymentUserOpCallData,
  encodeSessionUserOpCallData,
  erc7579Abi,
  erc7579Installation,
  granterPrefix,
  signPaymentUserOp,
  VALIDATOR_TYPE,
  validatorNonceKey,
  wrapForErc7579,
} from "@latchkey/sdk/erc7579";
import {
  type Address,
  decodeErrorResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  hashTypedData,
  isHex,
  keccak256,
  numberToHex,
  parseAbi,
  type TransactionReceipt,
  toBytes,
  zeroAddress,
} from "viem";
import type { PackedUserOperation } from "viem/account-abstraction";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { erc7579AdapterOf } from "#sdk/accounts/accountAdapterOf.ts";
import { sessionBytes } from "../../contracts/sessionBytes.ts";
import { createWorld7579, type World7579 } from "../../environment/erc7579/World7579.ts";

/** Someone with a key that the name decides. */
export const someone = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey ERC-7579 test: ${name}`)));

/** The agent's key. */
export const key = someone("key");
export const stranger = someone("stranger");
export const alice = someone("alice").address;
export const bob = someone("bob").address;
/** Recipient of nothing, in no session. */
export const mallory = someone("mallory").address;

/** One USDC. */
export const USD = 1_000_000n;
export const DAY = 86_400;
export const MAX_UINT128 = 2n ** 128n - 1n;

/** What only the module for ERC-7579 accounts has. */
export const erc7579ModuleAbi = parseAbi([
  "function onInstall(bytes data)",
  "function onUninstall(bytes data)",
  "function isModuleType(uint256 moduleTypeId) view returns (bool)",
  "function isInitialized(address account) view returns (bool)",
  "function granterOf(address account) view returns (bytes)",
  "function gasSpentBy(bytes32 id, address account) view returns (uint256)",
  "struct PackedUserOperation { address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature; }",
  "function validateUserOp(PackedUserOperation userOp, bytes32 userOpHash) returns (uint256)",
]);

const moduleErrors = [...sessionErrorsAbi, ...parseAbi(["error GranterTooLong(uint256 length)"])];

const erc20Abi = parseAbi([
  "function transfer(address to, uint256 value) returns (bool)",
  "function approve(address spender, uint256 value) returns (bool)",
]);

/** The chain that all these tests share; each begins at the same snapshot of it. */
let made: { world: World7579; now: number; restore: () => Promise<void> } | undefined;

const at = () => {
  if (!made) throw new Error("useWorld() is missing in the describe");
  return made;
};

/** What a test asks of its chain. */
export const world = (): World7579 => at().world;
/** The second at which every test begins. */
export const now = (): number => at().now;

/** Gives the tests of a `describe` the shared chain. Whatever a test does to it is undone after the test. */
export function useWorld() {
  before(async function () {
    this.timeout(120_000);
    if (!made) {
      const world = await createWorld7579();
      const { timestamp } = await world.testChain.client.getBlock();
      const { takeSnapshot, time } = world.connection.networkHelpers;
      const [snapshot, start] = [await takeSnapshot(), Number(timestamp)];
      // Hardhat's clock runs on through a restore: after some minutes, payments would expire before they are made.
      const restore = async () => {
        await snapshot.restore();
        await time.setNextBlockTimestamp(start + 1);
      };
      made = { world, now: start, restore };
    }
    await at().restore();
  });
  afterEach(() => at().restore());
}

/** $1 at once, $3 a day, to Alice and Bob, by both rails. */
export const budget = (changes: Partial<Budget> = {}): Budget => ({
  token: world().usdc.address,
  perTransaction: USD,
  perPeriod: 3n * USD,
  period: DAY,
  initial: 0n,
  perSecond: 0n,
  signatures: 1,
  sizes: 3,
  recipients: [alice, bob],
  ...changes,
});

/** A session of the account, valid for a week. No paymaster; its gas is not counted. */
export const sessionOf = (
  { address }: Pick<ModularAccount, "address">,
  changes: Partial<Session> = {},
): Session => ({
  account: address,
  key: key.address,
  validAfter: now() - 60,
  validUntil: now() + 7 * DAY,
  epoch: 0n,
  salt: 1n,
  gasAllowance: MAX_UINT128,
  paymaster: zeroAddress,
  budgets: [budget()],
  actions: [],
  ...changes,
});

export const pay = (to: Address, amount: bigint, token: Address = world().usdc.address): Call => ({
  target: token,
  value: 0n,
  data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, amount] }),
});

export const balanceOf = (account: Address): Promise<bigint> => world().usdc.balanceOf(account);

/** Installs both types of the module, by the account's owner. */
export const install = (
  account: ModularAccount,
  { granter = account.granter, sessions }: { granter?: Hex | undefined; sessions?: readonly Session[] } = {},
) => account.execute(installationOf(account, granter, sessions));

/** Installs both types and names nobody who may grant. */
export const installWithoutGranter = (account: ModularAccount, sessions?: readonly Session[]) =>
  account.execute(installationOf(account, undefined, sessions));

/** The call by which an account installs a validator; `inner` is what that one gets. */
export const installValidator = (
  { address, kind }: ModularAccount,
  validator: Address,
  inner: Hex = "0x",
): EncodedCall => ({
  to: address,
  value: 0n,
  data: encodeFunctionData({
    abi: erc7579Abi,
    functionName: "installModule",
    args: [VALIDATOR_TYPE, validator, erc7579AdapterOf(kind).installationBytes(VALIDATOR_TYPE, inner)],
  }),
});

/** Gives the account another validator, and installs the module with that one as who may grant. */
export async function installWithGranter(
  account: ModularAccount,
  { validator, installation }: Pick<ModularOwner, "validator" | "installation">,
): Promise<Hex> {
  const granter = granterPrefix({ kind: account.kind, validator });
  await account.execute([installValidator(account, validator, installation)]);
  await install(account, { granter });
  return granter;
}

const installationOf = (
  account: ModularAccount,
  granter: Hex | undefined,
  sessions: readonly Session[] | undefined,
): EncodedCall[] =>
  erc7579Installation({
    kind: account.kind,
    account: account.address,
    module: world().module,
    ...(granter === undefined ? {} : { granter }),
    ...(sessions === undefined ? {} : { sessions }),
  });

export const digestOf = (session: Session): Hex =>
  grantDigest(session, { chainId: world().testChain.chainId, module: world().module });

/** The owner's grant. */
export const grantOf = (account: ModularAccount, session: Session): Promise<Hex> =>
  account.sign(digestOf(session));

/**
 * A call of the module, from any sender.
 * @throws With the name of the module's error and its values: read here, as the node knows only code that it has seen
 * compiled.
 */
export async function toModule(from: Address, data: Hex): Promise<TransactionReceipt> {
  try {
    return await world().testChain.send({ from, to: world().module, data });
  } catch (error) {
    const { data: reason } = error as { data?: unknown };
    if (!isHex(reason) || reason === "0x") throw error;
    const { errorName, args = [] } = decodeErrorResult({ abi: moduleErrors, data: reason });
    throw new Error(`${errorName}(${args.join(", ")})`, { cause: error });
  }
}

/** The session's key makes the account perform calls, by a transaction of its own. */
export const execute = (session: Session, calls: readonly Call[], grant: Hex = "0x", from = key.address) =>
  toModule(
    from,
    encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "execute",
      args: [sessionBytes(session), grant, calls],
    }),
  );

/** A relayer submits an execution that the key signed. */
export async function executeSigned(
  session: Session,
  calls: readonly Call[],
  grant: Hex = "0x",
  { by = key, nonce = 0n } = {},
) {
  const [caller, deadline] = [ANYONE, now() + DAY];
  const signature = await by.signTypedData({
    domain: eip712Domain(world().testChain.chainId, world().module),
    types: { Execute: eip712Types.Execute, Call: eip712Types.Call },
    primaryType: "Execute",
    message: { session: hashSession(session), calls, caller, nonce, deadline },
  });
  return toModule(
    RELAYER,
    encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "executeSigned",
      args: [sessionBytes(session), grant, calls, caller, nonce, deadline, signature],
    }),
  );
}

/** What may differ from a plain userOp of the session's key. */
export type UserOpChanges = {
  grant?: Hex;
  callData?: Hex;
  /** Asks this world's paymaster to pay. */
  sponsored?: boolean;
  gas?: Partial<UserOpGas>;
  by?: PrivateKeyAccount;
};

/** A userOp of a session, signed by its key. */
export async function userOpOf(
  account: ModularAccount,
  session: Session,
  calls: readonly Call[],
  { grant = "0x", callData, sponsored = false, gas = {}, by = key }: UserOpChanges = {},
): Promise<PackedUserOperation> {
  const { module, paymasters } = world();
  const { entryPoint, kind, address } = account;
  const draft = await entryPoint.draft({
    sender: address,
    nonceKey: validatorNonceKey({ kind, validator: module }),
    callData:
      callData ?? encodeSessionUserOpCallData({ session: { module, session }, signature: grant, calls }),
    gas,
  });
  const userOp = sponsored ? await paymasters[entryPoint.version].sponsor(draft) : draft;
  return { ...userOp, signature: await by.sign({ hash: await entryPoint.hash(userOp) }) };
}

/** What may differ from a payment of $1 to Alice in period 0, by a userOp. */
export type PaymentUserOpChanges = UserOpChanges & {
  token?: Address;
  to?: Address;
  /** In the token's base units. */
  amount?: bigint;
  period?: bigint;
  /** How many userOps of the session come before it in the same bundle. */
  behind?: bigint;
};

/** A userOp by which the account itself makes one payment, signed by the session's key. */
export async function paymentUserOpOf(
  account: ModularAccount,
  session: Session,
  changes: PaymentUserOpChanges = {},
): Promise<PackedUserOperation> {
  const { module, usdc, paymasters, testChain } = world();
  const { token = usdc.address, to = alice, amount = USD, period = 0n, behind = 0n } = changes;
  const { grant = "0x", sponsored = false, gas = {}, by = key } = changes;
  const { entryPoint, kind, address } = account;
  const draft = await entryPoint.draft({
    sender: address,
    nonceKey: validatorNonceKey({ kind, validator: module }),
    callData: changes.callData ?? encodePaymentUserOpCallData({ token, to, amount }),
    gas,
  });
  const numbered = { ...draft, nonce: draft.nonce + behind };
  const userOp = sponsored ? await paymasters[entryPoint.version].sponsor(numbered) : numbered;
  const signature = await signPaymentUserOp(by, {
    session: { module, session },
    chainId: testChain.chainId,
    signature: grant,
    period,
    userOpHash: await entryPoint.hash(userOp),
    payment: { token, to, amount },
  });
  return { ...userOp, signature };
}

/** A payment by userOp, included in a block. */
export const payByUserOp = async (...parameters: Parameters<typeof paymentUserOpOf>) =>
  parameters[0].entryPoint.handle(await paymentUserOpOf(...parameters));

/** Has the next block be of that second. */
export const nextBlockAt = (second: number) =>
  world().testChain.provider.request({ method: "evm_setNextBlockTimestamp", params: [numberToHex(second)] });

/** What executions and userOps have spent of a budget, in the last block's period. */
export async function spentOf(session: Session, index = 0n): Promise<bigint> {
  const [, , spent] = await world().testChain.client.readContract({
    address: world().module,
    abi: sessionModuleAbi,
    functionName: "budgetOf",
    args: [sessionBytes(session), index],
  });
  return spent;
}

/** A userOp of a session, included in a block. */
export const sendUserOp = async (...parameters: Parameters<typeof userOpOf>) =>
  parameters[0].entryPoint.handle(await userOpOf(...parameters));

/** What the module itself says to a userOp that the account asks it about: 1 is no. */
export async function validationOf(account: ModularAccount, userOp: PackedUserOperation): Promise<bigint> {
  const { data } = await world().testChain.client.call({
    account: account.address,
    to: world().module,
    data: encodeFunctionData({
      abi: erc7579ModuleAbi,
      functionName: "validateUserOp",
      args: [userOp, await account.entryPoint.hash(userOp)],
    }),
  });
  return BigInt(data ?? "0x");
}

/** The name of the module's error in bytes that somebody passed on; undefined if it is invalid of them. */
export function errorIn(reason: Hex): string | undefined {
  try {
    return decodeErrorResult({ abi: sessionErrorsAbi, data: reason }).errorName;
  } catch {
    return undefined;
  }
}

/** What may differ from a payment of $1 to Alice in slot (0, 0, 0) of period 0. */
export type PaymentChanges = {
  to?: Address;
  value?: bigint;
  slot?: Partial<Slot>;
  period?: bigint;
  /** Carried by the payload. */
  grant?: Hex;
  by?: PrivateKeyAccount;
};

/** An EIP-3009 authorization of a session, with the signature that the account takes, as x402 settles it. */
export async function authorizationOf(
  account: ModularAccount,
  session: Session,
  { to = alice, value = USD, slot: slotChanges = {}, period = 0n, grant, by = key }: PaymentChanges = {},
) {
  const { usdc, module } = world();
  const slot: Slot = { lot: 0n, size: 0, index: 0n, ...slotChanges };
  const budgetIndex = session.budgets.findIndex(({ token }) => token === usdc.address);
  const authorization = {
    from: account.address,
    to,
    value,
    validAfter: 0n,
    validBefore: BigInt(now() + 300),
    nonce: slotNonce({ id: hashSession(session), budgetIndex, period, ...slot }),
  };
  const digest = hashTypedData({
    domain: usdc.domain,
    types: transferWithAuthorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: authorization,
  });
  const payload = encodePayload({
    session,
    budgetIndex,
    slot,
    // The payload has no word for a payee of nobody's: what is signed differs from what it says.
    to: session.budgets[budgetIndex]?.recipients.some((one) => getAddress(one) === getAddress(to))
      ? to
      : alice,
    value,
    validAfter: authorization.validAfter,
    validBefore: authorization.validBefore,
    tokenDomain: usdc.domain,
    keySignature: await by.sign({ hash: digest }),
    wrapsHash: account.kind === "kernel",
    ...(grant === undefined ? {} : { grant }),
  });
  return { ...authorization, digest, signature: wrapForErc7579(payload, { kind: account.kind, module }) };
}

/** Anybody submits a payment to the genuine token, which asks the account. */
export async function settle(...parameters: Parameters<typeof authorizationOf>): Promise<TransactionReceipt> {
  const { from, to, value, validAfter, validBefore, nonce, signature } = await authorizationOf(...parameters);
  return world().testChain.send({
    from: RELAYER,
    to: world().usdc.address,
    data: encodeFunctionData({
      abi: usdcAbi,
      functionName: "transferWithAuthorization",
      args: [from, to, value, validAfter, validBefore, nonce, signature],
    }),
  });
}

/** The token's error when the account rejects. */
export const TOKEN_REFUSED = /FiatTokenV2: invalid signature/;

const standingOf = (session: Session) =>
  world().testChain.client.readContract({
    address: world().module,
    abi: sessionModuleAbi,
    functionName: "stateOf",
    args: [hashSession(session), session.account],
  });
export const stateOf = async (session: Session): Promise<number> => (await standingOf(session))[0];
export const isPaused = async (session: Session): Promise<boolean> => (await standingOf(session))[1];
/** The numbers behind the states of a session. */
export const UNKNOWN = 0;
export const ENABLED = 1;
export const REVOKED = 2;

export const epochOf = (account: Address): Promise<bigint> =>
  world().testChain.client.readContract({
    address: world().module,
    abi: sessionModuleAbi,
    functionName: "epochOf",
    args: [account],
  });

export const granterOf = (account: Address): Promise<Hex> =>
  world().testChain.client.readContract({
    address: world().module,
    abi: erc7579ModuleAbi,
    functionName: "granterOf",
    args: [account],
  });

export const isInitialized = (account: Address): Promise<boolean> =>
  world().testChain.client.readContract({
    address: world().module,
    abi: erc7579ModuleAbi,
    functionName: "isInitialized",
    args: [account],
  });

export const gasSpentBy = (session: Session): Promise<bigint> =>
  world().testChain.client.readContract({
    address: world().module,
    abi: erc7579ModuleAbi,
    functionName: "gasSpentBy",
    args: [hashSession(session), session.account],
  });
