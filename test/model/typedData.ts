import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  numberToHex,
} from "viem";
import type { Action, Budget, Call, Session } from "#sdk/session/Session.ts";

/** The EIP-712 types of a session, as the design lists the fields. */
export const sessionTypes = {
  Session: [
    { name: "account", type: "address" },
    { name: "key", type: "address" },
    { name: "validAfter", type: "uint48" },
    { name: "validUntil", type: "uint48" },
    { name: "epoch", type: "uint64" },
    { name: "salt", type: "uint256" },
    { name: "gasAllowance", type: "uint128" },
    { name: "paymaster", type: "address" },
    { name: "budgets", type: "SessionBudget[]" },
    { name: "actions", type: "SessionAction[]" },
  ],
  SessionAction: [
    { name: "target", type: "address" },
    { name: "selector", type: "bytes4" },
    { name: "rules", type: "SessionRule[]" },
  ],
  SessionBudget: [
    { name: "token", type: "address" },
    { name: "perTransaction", type: "uint128" },
    { name: "perPeriod", type: "uint128" },
    { name: "period", type: "uint32" },
    { name: "initial", type: "uint128" },
    { name: "perSecond", type: "uint128" },
    { name: "signatures", type: "uint8" },
    { name: "sizes", type: "uint8" },
    { name: "recipients", type: "address[]" },
  ],
  SessionRule: [
    { name: "offset", type: "uint16" },
    { name: "op", type: "uint8" },
    { name: "value", type: "bytes32" },
  ],
} as const;

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

const paymentUserOpTypes = {
  PaymentUserOp: [
    { name: "session", type: "bytes32" },
    { name: "period", type: "uint256" },
    { name: "userOpHash", type: "bytes32" },
  ],
} as const;

const transferTypes = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

const cancelTypes = {
  CancelAuthorization: [
    { name: "authorizer", type: "address" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

const safeMessageTypes = { SafeMessage: [{ name: "message", type: "bytes" }] } as const;

const domainOf = (module: Address, chainId: number) =>
  ({ name: "Latchkey", version: "1", chainId, verifyingContract: module }) as const;

const ids = new WeakMap<Session, Hex>();

/** A session's id: its EIP-712 struct hash. */
export function hashSession(session: Session): Hex {
  let id = ids.get(session);
  if (!id) {
    id = hashStruct({ data: session, primaryType: "Session", types: sessionTypes });
    ids.set(session, id);
  }
  return id;
}

/** The EIP-712 struct hash of a budget. */
export const hashBudget = (budget: Budget): Hex =>
  hashStruct({ data: budget, primaryType: "SessionBudget", types: sessionTypes });

/** The EIP-712 hash of a session's actions: of their struct hashes, one after the other. */
export const hashActions = (actions: readonly Action[]): Hex =>
  keccak256(
    concat(
      actions.map((action) =>
        hashStruct({ data: action, primaryType: "SessionAction", types: sessionTypes }),
      ),
    ),
  );

/** What the owner signs. */
export const grantDigest = (session: Session, module: Address, chainId: number): Hex =>
  hashTypedData({
    domain: domainOf(module, chainId),
    types: sessionTypes,
    primaryType: "Session",
    message: session,
  });

/** What a Safe's owners sign to accept a digest on the Safe's behalf. */
export const safeMessageDigest = (digest: Hex, safe: Address, chainId: number): Hex =>
  hashTypedData({
    domain: { chainId, verifyingContract: safe },
    types: safeMessageTypes,
    primaryType: "SafeMessage",
    message: { message: digest },
  });

/** What a key signs so that someone else may submit an execution. */
export type Execution = {
  session: Hex;
  calls: readonly Call[];
  caller: Address;
  nonce: bigint;
  deadline: number;
};

/** The digest of an execution that the key signs. */
export const executionDigest = (execution: Execution, module: Address, chainId: number): Hex =>
  hashTypedData({
    domain: domainOf(module, chainId),
    types: executeTypes,
    primaryType: "Execute",
    message: execution,
  });

/** What a key signs so that the account may make one payment itself, by a userOp. */
export type PaymentUserOp = { session: Hex; period: bigint; userOpHash: Hex };

/** The digest of a userOp that pays, which the key signs in place of the userOp's hash. */
export const paymentUserOpDigest = (payment: PaymentUserOp, module: Address, chainId: number): Hex =>
  hashTypedData({
    domain: domainOf(module, chainId),
    types: paymentUserOpTypes,
    primaryType: "PaymentUserOp",
    message: payment,
  });

/** The fields of an EIP-3009 transfer: value in base units, times in seconds. */
export type Transfer = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

/** The domain of a token that takes authorizations. */
export type TokenDomain = { name: string; version: string; chainId: number; verifyingContract: Address };

/** The digest of an EIP-3009 transfer. */
export const transferDigest = (transfer: Transfer, domain: TokenDomain): Hex =>
  hashTypedData({
    domain,
    types: transferTypes,
    primaryType: "TransferWithAuthorization",
    message: transfer,
  });

/** The digest of an EIP-3009 cancellation. */
export const cancelDigest = (authorizer: Address, nonce: Hex, domain: TokenDomain): Hex =>
  hashTypedData({
    domain,
    types: cancelTypes,
    primaryType: "CancelAuthorization",
    message: { authorizer, nonce },
  });

/**
 * The EIP-3009 nonce of a slot: 17 bytes of a hash, lot (4), size (1), index (2), and 8 zero bytes. Slots that there
 * cannot be have one too, in which fields that are too large run into their neighbours.
 */
export function slotNonce(
  id: Hex,
  budgetIndex: number,
  period: bigint,
  slot: { lot: bigint; size: number; index: bigint },
): Hex {
  const hash = keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "uint256" }, { type: "uint256" }],
      [id, BigInt(budgetIndex), period],
    ),
  );
  const fields = [
    [BigInt(hash) >> 120n, 120n],
    [slot.lot, 88n],
    [BigInt(slot.size), 80n],
    [slot.index, 64n],
  ] as const;
  const nonce = fields.reduce((sum, [value, place]) => sum | (value << place), 0n);
  return numberToHex(nonce % 2n ** 256n, { size: 32 });
}
