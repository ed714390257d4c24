import { type Transaction, transferWithAuthorizationTypes, usdcAbi } from "@latchkey/devchain";
import {
  type Address,
  encodeFunctionData,
  encodePacked,
  erc20Abi,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  numberToHex,
  pad,
  slice,
  toBytes,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { encodePayload } from "#sdk/encoding/payload/encodePayload.ts";
import { encodePermissionContext } from "#sdk/encoding/permissionContext.ts";
import { sessionLensAbi } from "#sdk/generated/abis/sessionLensAbi.ts";
import { GRANT_VERSION, type Grant } from "#sdk/grant/Grant.ts";
import { eip712Domain } from "#sdk/session/eip712Domain.ts";
import { eip712Types } from "#sdk/session/eip712Types.ts";
import { hashSession } from "#sdk/session/hashSession.ts";
import { encodeSession } from "#sdk/session/packSession.ts";
import { partsNeeded } from "#sdk/session/partsNeeded.ts";
import { ANYONE, type Call, type Session } from "#sdk/session/Session.ts";
import type { Slot } from "#sdk/session/Slot.ts";
import { slotNonce } from "#sdk/session/slotNonce.ts";
import { type BenchChain, GENESIS, ONE_USDC } from "./BenchChain.ts";

const DAY = 86_400;
/** Of authorizations and of executions that are signed; hours after everything. */
export const DEADLINE = GENESIS + DAY / 2;

/**
 * The session of the bench: 20 USDC a day for a year, to one recipient. On the execution rail at most 1 USDC a
 * transaction, as the peers have it; 4 on the signature rail, where 1 USDC is then a whole slot of the second size.
 */
export function benchSession(
  { key, usdc, recipient }: BenchChain,
  account: Address,
  {
    sizes = 0,
    perTransaction = ONE_USDC,
    gasAllowance = 0n,
    signatures = sizes > 0 ? 1 : 0,
  }: { sizes?: number; perTransaction?: bigint; gasAllowance?: bigint; signatures?: number } = {},
): Session {
  return {
    account,
    key: key.address,
    validAfter: GENESIS,
    validUntil: GENESIS + 365 * DAY,
    epoch: 0n,
    // As long as those of the SDK, without a zero byte.
    salt: 0x6c_61_74_63_68_6bn,
    gasAllowance,
    paymaster: zeroAddress,
    budgets: [
      {
        token: usdc.address,
        perTransaction,
        perPeriod: 20n * ONE_USDC,
        period: DAY,
        initial: 0n,
        perSecond: 0n,
        signatures,
        sizes,
        recipients: [recipient],
      },
    ],
    actions: [],
  };
}

/** A session that may let the shop pull, and nothing else. */
export function shoppingSession(chain: BenchChain, account: Address): Session {
  const session = benchSession(chain, account);
  return {
    ...session,
    budgets: session.budgets.map((budget) => ({ ...budget, recipients: [chain.puller] })),
    actions: [{ target: chain.puller, selector: toFunctionSelector("pull(address,uint256)"), rules: [] }],
  };
}

/** 3 budgets of 5, 3 and 3 recipients, and 2 actions of 2 rules. The first budget pays. */
export function wideSession(chain: BenchChain, account: Address): Session {
  const session = benchSession(chain, account);
  const [budget] = session.budgets;
  if (!budget) throw new Error("the session of the bench has a budget");
  const stranger = (name: string): Address =>
    getAddress(slice(keccak256(toBytes(`latchkey bench ${name}`)), 12));
  const strangers = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => stranger(`${name} ${index}`));
  const action = (name: string) => ({
    target: stranger(name),
    selector: toFunctionSelector("swap(address,uint256)"),
    rules: [
      { offset: 4, op: 0, value: pad(chain.recipient) },
      { offset: 36, op: 3, value: numberToHex(ONE_USDC, { size: 32 }) },
    ],
  });
  return {
    ...session,
    budgets: [
      { ...budget, recipients: [...strangers("payee", 4), chain.recipient] },
      { ...budget, token: stranger("token"), recipients: strangers("shop", 3) },
      { ...budget, token: stranger("other token"), recipients: strangers("friend", 3) },
    ],
    actions: [action("exchange"), action("other exchange")],
  };
}

/** The payment of every row: 1 USDC to the recipient. */
export const transferOneUsdc = ({ recipient }: BenchChain): Hex =>
  encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [recipient, ONE_USDC] });

/** The calls of every execution but the shopping. */
export const payment = (chain: BenchChain): Call[] => [
  { target: chain.usdc.address, value: 0n, data: transferOneUsdc(chain) },
];

const shopping = ({ usdc, puller, pullerAbi }: BenchChain): Call[] => [
  {
    target: usdc.address,
    value: 0n,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [puller, ONE_USDC] }),
  },
  {
    target: puller,
    value: 0n,
    data: encodeFunctionData({ abi: pullerAbi, functionName: "pull", args: [usdc.address, ONE_USDC] }),
  },
];

/** Calldata by which the account enables a session. */
export const enableSession = ({ moduleAbi: abi }: BenchChain, session: Session): Hex =>
  encodeFunctionData({ abi, functionName: "enable", args: [encodeSession(session)] });

/** The calls by which the account enables a session in a batch that shows all of it. */
export const enableShown = (chain: BenchChain, session: Session): { to: Address; data: Hex }[] => [
  {
    to: chain.lens,
    data: encodeFunctionData({
      abi: sessionLensAbi,
      functionName: "requireSame",
      args: [session, encodeSession(session)],
    }),
  },
  { to: chain.module, data: enableSession(chain, session) },
];

/** Calldata by which the account revokes a session. */
export const revokeSession = ({ moduleAbi: abi }: BenchChain, session: Session): Hex =>
  encodeFunctionData({ abi, functionName: "revoke", args: [hashSession(session)] });

/** The session as the payment needs it: whole where a grant travels along. */
const bytesFor = (chain: BenchChain, session: Session, grant: Hex): Hex =>
  encodeSession(session, grant === "0x" ? partsNeeded(session, payment(chain)) : undefined);

/** The key itself has the account pay 1 USDC, by the entry point for one payment. */
export const payOneUsdc = (chain: BenchChain, session: Session, grant: Hex = "0x"): Transaction => ({
  from: chain.key.address,
  to: chain.module,
  data: encodeFunctionData({
    abi: chain.moduleAbi,
    functionName: "pay",
    args: [bytesFor(chain, session, grant), grant, chain.usdc.address, chain.recipient, ONE_USDC],
  }),
});

/** The key itself has the account pay 1 USDC. */
export const executePayment = (
  chain: BenchChain,
  session: Session,
  grant: Hex = "0x",
  module: Address = chain.module,
): Transaction => ({
  from: chain.key.address,
  to: module,
  data: encodeFunctionData({
    abi: chain.moduleAbi,
    functionName: "execute",
    args: [bytesFor(chain, session, grant), grant, payment(chain)],
  }),
});

/** The key itself has the account approve 1 USDC and call the shop, which pulls it. */
export const executeShopping = (chain: BenchChain, session: Session): Transaction => ({
  from: chain.key.address,
  to: chain.module,
  data: encodeFunctionData({
    abi: chain.moduleAbi,
    functionName: "execute",
    args: [encodeSession(session), "0x", shopping(chain)],
  }),
});

/** An execution of 1 USDC that the key has signed, for anyone to submit. */
async function signPayment(chain: BenchChain, session: Session, nonce: bigint) {
  const calls = payment(chain);
  const keySignature = await chain.key.signTypedData({
    domain: eip712Domain(chain.testChain.chainId, chain.module),
    types: { Execute: eip712Types.Execute, Call: eip712Types.Call },
    primaryType: "Execute",
    message: { session: hashSession(session), calls, caller: ANYONE, nonce, deadline: DEADLINE },
  });
  return { calls, caller: ANYONE, nonce, deadline: DEADLINE, keySignature };
}

/** A relayer submits what the key has signed: a payment of 1 USDC. */
export async function executeSignedPayment(
  chain: BenchChain,
  session: Session,
  nonce: bigint,
): Promise<Transaction> {
  const { calls, caller, deadline, keySignature } = await signPayment(chain, session, nonce);
  return {
    from: chain.relayer,
    to: chain.module,
    data: encodeFunctionData({
      abi: chain.moduleAbi,
      functionName: "executeSigned",
      args: [bytesFor(chain, session, "0x"), "0x", calls, caller, nonce, deadline, keySignature],
    }),
  };
}

/** By ERC-7710: the key has the account pay 1 USDC, with one context from the first use to the last. */
export const redeemPayment = (
  chain: BenchChain,
  session: Session,
  grant: Hex,
  module: Address = chain.module,
): Transaction => ({
  from: chain.key.address,
  to: module,
  data: redemption(chain, encodePermissionContext({ grant: grantOf(chain, session, module, grant) })),
});

/** By ERC-7710, as x402's facilitators settle: one of them redeems what the key has signed for this payment. */
export async function redeemSignedPayment(
  chain: BenchChain,
  session: Session,
  nonce: bigint,
): Promise<Transaction> {
  const signed = await signPayment(chain, session, nonce);
  const grant = grantOf(chain, session, chain.module, "0x");
  return {
    from: chain.relayer,
    to: chain.module,
    data: redemption(chain, encodePermissionContext({ grant, signed, isEnabled: true })),
  };
}

const grantOf = (chain: BenchChain, session: Session, module: Address, signature: Hex): Grant => ({
  version: GRANT_VERSION,
  chainId: chain.testChain.chainId,
  module,
  accountKind: "safe",
  session,
  signature,
});

/** ERC-7579's single mode: target, value, calldata. */
const redemption = (chain: BenchChain, context: Hex): Hex =>
  encodeFunctionData({
    abi: chain.moduleAbi,
    functionName: "redeemDelegations",
    args: [
      [context],
      [pad("0x")],
      payment(chain).map(({ target, value, data }) =>
        encodePacked(["address", "uint256", "bytes"], [target, value, data]),
      ),
    ],
  });

/** The six fields of an EIP-3009 authorization. */
export type Authorization = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

/** An authorization of 1 USDC to the recipient, as x402's clients make them: valid at once. */
export const authorizeOneUsdc = ({ recipient }: BenchChain, from: Address, nonce: Hex): Authorization => ({
  from,
  to: recipient,
  value: ONE_USDC,
  validAfter: 0n,
  validBefore: BigInt(DEADLINE),
  nonce,
});

/** What is signed of an authorization. */
export const authorizationDigest = ({ usdc }: BenchChain, authorization: Authorization): Hex =>
  hashTypedData({
    domain: usdc.domain,
    types: transferWithAuthorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: authorization,
  });

/** A facilitator settles an authorization, by the overload that takes bytes. */
export const settle = (
  { usdc, relayer }: BenchChain,
  { from, to, value, validAfter, validBefore, nonce }: Authorization,
  signature: Hex,
): Transaction => ({
  from: relayer,
  to: usdc.address,
  data: encodeFunctionData({
    abi: usdcAbi,
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, signature],
  }),
});

/** An account that the token asks about an authorization. */
export type Payer = {
  address: Address;
  /** Whether it asks the module about a hash of its own. */
  wrapsHash?: boolean;
  /** The ERC-1271 signature that a payload goes as. */
  wrap(payload: Hex, authorization: Authorization): Hex;
};

/** A facilitator settles what the key has signed in a slot of the day. */
export async function settleSlot(
  chain: BenchChain,
  payer: Payer,
  session: Session,
  slot: Slot,
  grant?: Hex,
): Promise<Transaction> {
  const { usdc, key } = chain;
  const nonce = slotNonce({ id: hashSession(session), budgetIndex: 0, period: 0n, ...slot });
  const authorization = authorizeOneUsdc(chain, payer.address, nonce);
  const payload = encodePayload({
    session,
    budgetIndex: 0,
    slot,
    to: authorization.to,
    value: authorization.value,
    validAfter: authorization.validAfter,
    validBefore: authorization.validBefore,
    tokenDomain: usdc.domain,
    keySignature: await key.sign({ hash: authorizationDigest(chain, authorization) }),
    wrapsHash: payer.wrapsHash ?? false,
    ...(grant === undefined ? {} : { grant }),
  });
  return settle(chain, authorization, payer.wrap(payload, authorization));
}
