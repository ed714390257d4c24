import {
  type Address,
  concat,
  domainSeparator,
  encodeAbiParameters,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  numberToHex,
  toBytes,
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

/** What both of x402's witnesses for Permit2 stand in. */
const permit2Types = {
  PermitWitnessTransferFrom: [
    { name: "permitted", type: "TokenPermissions" },
    { name: "spender", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
    { name: "witness", type: "Witness" },
  ],
  TokenPermissions: [
    { name: "token", type: "address" },
    { name: "amount", type: "uint256" },
  ],
} as const;

/** The types of a Permit2 transfer for x402, by scheme. */
export const x402Types = {
  exact: {
    ...permit2Types,
    Witness: [
      { name: "to", type: "address" },
      { name: "validAfter", type: "uint256" },
    ],
  },
  upto: {
    ...permit2Types,
    Witness: [
      { name: "to", type: "address" },
      { name: "facilitator", type: "address" },
      { name: "validAfter", type: "uint256" },
    ],
  },
} as const;

const plainPermitTypes = {
  PermitTransferFrom: permit2Types.PermitWitnessTransferFrom.slice(0, 4),
  TokenPermissions: permit2Types.TokenPermissions,
} as const;

const signedPaymentTypes = {
  SignedPayment: [
    { name: "account", type: "address" },
    { name: "digest", type: "bytes32" },
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

/**
 * A struct and the domain that it is signed in, taken apart as Safe 1.5.0 wants them for a question about a domain.
 * `fields` is what its type hash stands before in its hash.
 */
export type SignedStruct = { domainSeparator: Hex; typeHash: Hex; fields: Hex };

const word = (value: Hex | bigint): Hex => numberToHex(BigInt(value), { size: 32 });

/** An EIP-3009 transfer, taken apart. */
export const transferStruct = (
  { from, to, value, validAfter, validBefore, nonce }: Transfer,
  domain: TokenDomain,
): SignedStruct => ({
  domainSeparator: domainSeparator({ domain: { ...domain, chainId: BigInt(domain.chainId) } }),
  typeHash: keccak256(
    toBytes(
      "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
    ),
  ),
  fields: concat([from, to, value, validAfter, validBefore, nonce].map(word)),
});

/** The digest of an EIP-3009 cancellation. */
export const cancelDigest = (authorizer: Address, nonce: Hex, domain: TokenDomain): Hex =>
  hashTypedData({
    domain,
    types: cancelTypes,
    primaryType: "CancelAuthorization",
    message: { authorizer, nonce },
  });

/** Uniswap's Permit2. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
/** x402's spenders of Permit2 transfers, by scheme. */
export const X402_SPENDERS = {
  exact: "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
  upto: "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002",
} as const satisfies Record<string, Address>;

/** Permit2's domain, which has no version. */
export const permit2Domain = (chainId: number) =>
  ({ name: "Permit2", chainId, verifyingContract: PERMIT2 }) as const;

/** Permit2's domain separator. */
export const permit2Separator = (chainId: number): Hex =>
  domainSeparator({ domain: { ...permit2Domain(chainId), chainId: BigInt(chainId) } });

/** What x402 has a payer sign of a Permit2 transfer: amounts in base units, times in seconds. */
export type Permit2Transfer = {
  permitted: { token: Address; amount: bigint };
  spender: Address;
  nonce: bigint;
  deadline: bigint;
  /** `facilitator` counts by upto only. */
  witness: { to: Address; facilitator: Address; validAfter: bigint };
};

/** The digest of a Permit2 transfer for one of x402's schemes. */
export const permit2Digest = (transfer: Permit2Transfer, scheme: "exact" | "upto", chainId: number): Hex =>
  hashTypedData({
    domain: permit2Domain(chainId),
    types: x402Types[scheme],
    primaryType: "PermitWitnessTransferFrom",
    message: transfer,
  } as Parameters<typeof hashTypedData>[0]);

const WITNESS_TYPES = {
  exact: "Witness(address to,uint256 validAfter)",
  upto: "Witness(address to,address facilitator,uint256 validAfter)",
} as const;

/** A Permit2 transfer for one of x402's schemes, taken apart. */
export const permit2Struct = (
  { permitted, spender, nonce, deadline, witness }: Permit2Transfer,
  scheme: "exact" | "upto",
  chainId: number,
): SignedStruct => {
  const types = x402Types[scheme];
  const hashOf = (primaryType: string, data: object) =>
    hashStruct({ types, primaryType, data } as Parameters<typeof hashStruct>[0]);
  return {
    domainSeparator: permit2Separator(chainId),
    typeHash: keccak256(
      toBytes(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)" +
          `TokenPermissions(address token,uint256 amount)${WITNESS_TYPES[scheme]}`,
      ),
    ),
    fields: concat(
      [hashOf("TokenPermissions", permitted), spender, nonce, deadline, hashOf("Witness", witness)].map(word),
    ),
  };
};

/** The digest of a Permit2 transfer without a witness, which an owner may sign past every session. */
export const plainPermitDigest = (transfer: Omit<Permit2Transfer, "witness">, chainId: number): Hex =>
  hashTypedData({
    domain: permit2Domain(chainId),
    types: plainPermitTypes,
    primaryType: "PermitTransferFrom",
    message: transfer,
  } as Parameters<typeof hashTypedData>[0]);

/** What a key signs in place of a digest that does not name the account. */
export const signedPaymentDigest = (
  payment: { account: Address; digest: Hex },
  module: Address,
  chainId: number,
): Hex =>
  hashTypedData({
    domain: domainOf(module, chainId),
    types: signedPaymentTypes,
    primaryType: "SignedPayment",
    message: payment,
  });

/**
 * The Permit2 nonce of a node: that of the lot's first slot, with the node's bit in the last byte. Nodes that there cannot
 * be have one too, of a bit that another node has.
 */
export const nodeNonce = (
  id: Hex,
  budgetIndex: number,
  period: bigint,
  node: { lot: bigint; depth: number; index: bigint },
): bigint =>
  BigInt(slotNonce(id, budgetIndex, period, { lot: node.lot, size: 0, index: 0n })) |
  ((2n ** BigInt(node.depth) + node.index) & 255n);

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
