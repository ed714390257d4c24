import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  concat,
  getAddress,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  pad,
  toBytes,
  zeroAddress,
  zeroHash,
} from "viem";
import type { Action, Budget, Session } from "#sdk/session/Session.ts";

const typeHash = (type: string): Hex => keccak256(toBytes(type));
const RULE = "SessionRule(uint16 offset,uint8 op,bytes32 value)";
const ACTION = "SessionAction(address target,bytes4 selector,SessionRule[] rules)";
const BUDGET =
  "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)";
const SESSION =
  "Session(address account,address key,uint48 validAfter,uint48 validUntil,uint64 epoch,uint256 salt,uint128 gasAllowance,address paymaster,SessionBudget[] budgets,SessionAction[] actions)";
const SESSION_TYPEHASH = typeHash(SESSION + ACTION + BUDGET + RULE);
const BUDGET_TYPEHASH = typeHash(BUDGET);
const ACTION_TYPEHASH = typeHash(ACTION + RULE);
const RULE_TYPEHASH = typeHash(RULE);

const ANYONE: Address = getAddress(`0x${"ff".repeat(20)}`);

/** Stands where a budget is left out: its token is not a valid address, of which 20 bytes of ones are left in a copy. */
export const BUDGET_LEFT_OUT: Budget = {
  token: ANYONE,
  perTransaction: 0n,
  perPeriod: 0n,
  period: 0,
  initial: 0n,
  perSecond: 0n,
  signatures: 0,
  sizes: 0,
  recipients: [],
};

const word = (value: bigint | number): Hex => numberToHex(value, { size: 32 });

/** The EIP-712 hash of a struct, of whose members each is a word. */
const structHash = (type: Hex, ...members: Hex[]): Hex =>
  keccak256(concat([type, ...members.map((one) => pad(one))]));

class NotInThisForm extends Error {}
const require = (holds: boolean) => {
  if (!holds) throw new NotInThisForm();
};

/** Bytes that are read from the front to the back. */
class Bytes {
  private at = 0;
  private readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get position(): number {
    return this.at;
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  take(count: number): Uint8Array {
    require(count <= this.left);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  hex(count: number): Hex {
    return bytesToHex(this.take(count));
  }
  address(): Address {
    return getAddress(this.hex(20));
  }
  uint(count: number): bigint {
    return bytesToBigInt(this.take(count));
  }
  byte(): number {
    return this.take(1)[0] as number;
  }
  /** As many bytes as the first says, at most `width`, of which the first is not zero. */
  number(width: number): bigint {
    const count = this.byte();
    require(count <= width);
    const digits = this.take(count);
    require(count === 0 || digits[0] !== 0);
    return count === 0 ? 0n : bytesToBigInt(digits);
  }
}

export type SessionReading = { id: Hex; leftOut: bigint; session: Session };

function readBudget(bytes: Bytes, kind: number): { budget: Budget; hash: Hex } {
  const isStream = kind >= 128;
  const token = bytes.address();
  const perTransaction = bytes.number(16);
  const perPeriod = bytes.number(16);
  const period = bytes.number(4);
  const initial = isStream ? bytes.number(16) : 0n;
  const perSecond = isStream ? bytes.number(16) : 0n;
  require(!isStream || perSecond > 0n);
  const signatures = (kind >> 4) % 8;
  const sizes = kind % 16;
  const count = bytes.byte();
  require(count === 255 || (count >= 1 && count <= 32));
  const recipients = count === 255 ? [ANYONE] : Array.from({ length: count }, () => bytes.address());
  require(count === 255 || !recipients.includes(ANYONE));
  const limits = [perTransaction, perPeriod, period, initial, perSecond, signatures, sizes].map(word);
  return {
    budget: {
      token,
      perTransaction,
      perPeriod,
      period: Number(period),
      initial,
      perSecond,
      signatures,
      sizes,
      recipients,
    },
    hash: structHash(
      BUDGET_TYPEHASH,
      token,
      ...limits,
      keccak256(concat(recipients.map((recipient) => pad(recipient)))),
    ),
  };
}

function readAction(bytes: Bytes): { action: Action; hash: Hex } {
  const target = bytes.address();
  const selector = bytes.hex(4);
  const count = bytes.byte();
  require(count <= 8);
  const rules = Array.from({ length: count }, () => ({
    offset: Number(bytes.uint(2)),
    op: bytes.byte(),
    value: word(bytes.number(32)),
  }));
  const hashes = rules.map(({ offset, op, value }) =>
    structHash(RULE_TYPEHASH, word(offset), word(op), value),
  );
  return {
    action: { target, selector, rules },
    hash: structHash(ACTION_TYPEHASH, target, pad(selector, { dir: "right" }), keccak256(concat(hashes))),
  };
}

/** A session's own bytes, at the front of `bytes`. Throws NotInThisForm where there is none. */
function readOwnBytes(bytes: Bytes, account: Address, key: Address): SessionReading {
  const validAfter = bytes.uint(6);
  const validUntil = bytes.uint(6);
  const codes = bytes.byte();
  require(codes < 64);
  const coded = (at: number, width: number): bigint => {
    const allOnes = (1n << BigInt(8 * width)) - 1n;
    const code = (codes >> at) % 4;
    require(code !== 3);
    if (code === 0) return 0n;
    if (code === 1) return allOnes;
    const value = bytes.number(width);
    require(value !== 0n && value !== allOnes);
    return value;
  };
  const epoch = coded(0, 8);
  const gasAllowance = coded(2, 16);
  const paymaster = getAddress(numberToHex(coded(4, 20), { size: 20 }));
  const salt = bytes.number(32);
  let leftOut = 0n;
  const budgetCount = bytes.byte();
  require(budgetCount <= 8);
  const budgets = Array.from({ length: budgetCount }, (_, i) => {
    const kind = bytes.byte();
    if (kind !== 255) return readBudget(bytes, kind);
    leftOut |= 1n << BigInt(i);
    return { budget: BUDGET_LEFT_OUT, hash: bytes.hex(32) };
  });
  const actionCount = bytes.byte();
  require(actionCount === 255 || actionCount <= 32);
  if (actionCount === 255) leftOut |= 256n;
  const actionsHash = actionCount === 255 ? bytes.hex(32) : undefined;
  const actions = Array.from({ length: actionCount === 255 ? 0 : actionCount }, () => readAction(bytes));
  return {
    id: structHash(
      SESSION_TYPEHASH,
      account,
      key,
      ...[validAfter, validUntil, epoch, salt, gasAllowance].map(word),
      paymaster,
      keccak256(concat(budgets.map(({ hash }) => hash))),
      actionsHash ?? keccak256(concat(actions.map(({ hash }) => hash))),
    ),
    leftOut,
    session: {
      account,
      key,
      validAfter: Number(validAfter),
      validUntil: Number(validUntil),
      epoch,
      salt,
      gasAllowance,
      paymaster,
      budgets: budgets.map(({ budget }) => budget),
      actions: actions.map(({ action }) => action),
    },
  };
}

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotInThisForm) return undefined;
    throw error;
  }
};

/** What entry points take as `session`; undefined if it is invalid. */
export const readSession = (packed: Hex): SessionReading | undefined =>
  orUndefined(() => {
    const bytes = new Bytes(hexToBytes(packed));
    const reading = readOwnBytes(bytes, bytes.address(), bytes.address());
    require(bytes.left === 0);
    return reading;
  });

export type PayloadReading = {
  hasGrant: boolean;
  namesKey: boolean;
  key: Address;
  budgetIndex: bigint;
  slot: { lot: bigint; size: bigint; index: bigint };
  payee: bigint;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nameHash: Hex;
  versionHash: Hex;
  r: Hex;
  vs: Hex;
  /** 1: EIP-3009; 2 and 4: Permit2, the latter with the facilitator. */
  method: bigint;
  facilitator: Address;
  /** Undefined where what follows does not begin with a session. `length` and `rest` are in the bytes that follow. */
  carried: (SessionReading & { length: number; rest: Hex }) | undefined;
};

const NAMES = ["", "USD Coin", "USDC", "EURC"];

/** A payload for the account; undefined if it is invalid. `key` is whom the signature gives, if it names none. */
export const readPayload = (payload: Hex, account: Address, key: Address): PayloadReading | undefined =>
  orUndefined(() => {
    const all = hexToBytes(payload);
    require(all.length >= 66);
    const bytes = new Bytes(all);
    const version = bytes.byte();
    require(version >= 1 && version <= 4);
    const namesKey = version > 2;
    const named = namesKey ? bytes.address() : undefined;
    const budgetIndex = BigInt(bytes.byte());
    const lot = bytes.number(16);
    const size = BigInt(bytes.byte());
    const index = bytes.number(2);
    const payee = bytes.number(20);
    const value = bytes.number(16);
    const validAfter = bytes.number(32);
    const validBefore = bytes.number(32);
    const code = bytes.byte();
    require(code <= 5);
    const byName = (name: string) => (code === 0 ? bytes.hex(32) : code > 3 ? zeroHash : typeHash(name));
    const nameHash = byName(NAMES[code] ?? "");
    const versionHash = byName("2");
    const facilitator = code === 5 ? bytes.address() : zeroAddress;
    const r = bytes.hex(32);
    const vs = bytes.hex(32);
    require(bytes.left > 0);
    const rest = new Bytes(all.subarray(bytes.position));
    const session = orUndefined(() => readOwnBytes(rest, account, named ?? key));
    return {
      hasGrant: version % 2 === 0,
      namesKey,
      key: named ?? getAddress(`0x${"00".repeat(20)}`),
      budgetIndex,
      slot: { lot, size, index },
      payee,
      value,
      validAfter,
      validBefore,
      nameHash,
      versionHash,
      r,
      vs,
      method: code === 4 ? 2n : code === 5 ? 4n : 1n,
      facilitator,
      carried: session && { ...session, length: rest.position, rest: rest.left ? rest.hex(rest.left) : "0x" },
    };
  });
