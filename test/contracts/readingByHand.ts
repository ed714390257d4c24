import {
  type Address,
  bytesToBigInt,
  concat,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  pad,
  toBytes,
} from "viem";

const typeHash = (type: string): Hex => keccak256(toBytes(type));
const RULE = "SessionRule(uint16 offset,uint8 op,bytes32 value)";
const ACTION = "SessionAction(address target,bytes4 selector,SessionRule[] rules)";
const BUDGET =
  "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)";
const SESSION =
  "Session(address account,address key,uint48 validAfter,uint48 validUntil,uint64 epoch,uint256 salt,uint128 gasAllowance,address paymaster,SessionBudget[] budgets,SessionAction[] actions)";
export const SESSION_TYPEHASH = typeHash(SESSION + ACTION + BUDGET + RULE);
export const BUDGET_TYPEHASH = typeHash(BUDGET);
const ACTION_TYPEHASH = typeHash(ACTION + RULE);
const RULE_TYPEHASH = typeHash(RULE);

/** Bytes behind which there are zeros, as calldata has it. */
export class Calldata {
  readonly bytes: Uint8Array;
  constructor(data: Hex) {
    this.bytes = hexToBytes(data);
  }
  get length(): bigint {
    return BigInt(this.bytes.length);
  }
  byte(at: bigint): number {
    return at < this.length ? (this.bytes[Number(at)] as number) : 0;
  }
  slice(at: bigint, count: number): Uint8Array {
    return Uint8Array.from({ length: count }, (_, i) => this.byte(at + BigInt(i)));
  }
  number(at: bigint, count: number): bigint {
    return count === 0 ? 0n : bytesToBigInt(this.slice(at, count));
  }
  word(at: bigint): bigint {
    return this.number(at, 32);
  }
}

const hex = (word: bigint): Hex => numberToHex(word, { size: 32 });
const FAR = 1n << 32n;
class OutOfRange extends Error {}
const require = (holds: boolean) => {
  if (!holds) throw new OutOfRange();
};

/** The id of the session whose head is at `base`; undefined where the bytes are no session. */
export function readSession(data: Calldata, base: bigint): Hex | undefined {
  const listAt = (from: bigint, slot: bigint, most: bigint, width: bigint) => {
    const offset = data.word(slot);
    require(offset < FAR);
    const first = from + offset + 32n;
    const length = data.word(first - 32n);
    require(length <= most && first + length * width <= data.length);
    return { first, length };
  };
  const elementsOf = ({ first, length }: { first: bigint; length: bigint }, size: bigint) =>
    Array.from({ length: Number(length) }, (_, i) => {
      const offset = data.word(first + 32n * BigInt(i));
      require(offset < FAR && first + offset + size <= data.length);
      return first + offset;
    });
  const wordsAt = (at: bigint, count: number) =>
    Array.from({ length: count }, (_, i) => hex(data.word(at + 32n * BigInt(i))));
  try {
    require(base + 320n <= data.length);
    const budgets = elementsOf(listAt(base, base + 256n, 8n, 32n), 288n).map((head) => {
      const { first, length } = listAt(head, head + 256n, 32n, 32n);
      return keccak256(
        concat([BUDGET_TYPEHASH, ...wordsAt(head, 8), keccak256(concat(wordsAt(first, Number(length))))]),
      );
    });
    const actions = elementsOf(listAt(base, base + 288n, 32n, 32n), 96n).map((head) => {
      const { first, length } = listAt(head, head + 64n, 8n, 96n);
      const rules = Array.from({ length: Number(length) }, (_, i) =>
        keccak256(concat([RULE_TYPEHASH, ...wordsAt(first + 96n * BigInt(i), 3)])),
      );
      return keccak256(concat([ACTION_TYPEHASH, ...wordsAt(head, 2), keccak256(concat(rules))]));
    });
    return keccak256(
      concat([SESSION_TYPEHASH, ...wordsAt(base, 8), keccak256(concat(budgets)), keccak256(concat(actions))]),
    );
  } catch (error) {
    if (error instanceof OutOfRange) return undefined;
    throw error;
  }
}

export type PayloadReading = {
  version: number;
  budgetIndex: bigint;
  lot: bigint;
  size: bigint;
  index: bigint;
  payee: bigint;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nameHash: Hex;
  versionHash: Hex;
  r: Hex;
  vs: Hex;
  /** Undefined where what follows is no session. */
  session: { id: Hex; grant: Hex } | undefined;
};

const NAMES = ["", "USD Coin", "USDC", "EURC"];

/** The payload that lies between `start` and `end` of calldata; undefined where it is none. */
export function readPayload(
  data: Calldata,
  start: bigint,
  end: bigint,
  asked: { account: Address; key: Address; epoch: bigint },
): PayloadReading | undefined {
  let at = start;
  const take = (width: number): bigint => {
    const count = data.byte(at);
    require(count <= width);
    const value = data.number(at + 1n, count);
    at += 1n + BigInt(count);
    return value;
  };
  const byte = (): bigint => BigInt(data.byte(at++));
  const raw = (count: number): Hex => {
    at += BigInt(count);
    return count === 0 ? "0x" : numberToHex(data.number(at - BigInt(count), count), { size: count });
  };
  try {
    require(end - start >= 66n);
    const version = Number(byte());
    require(version === 1 || version === 2);
    const header = {
      version,
      budgetIndex: byte(),
      lot: take(16),
      size: byte(),
      index: take(2),
      payee: take(20),
      value: take(16),
      validAfter: take(32),
      validBefore: take(32),
    };
    const code = Number(byte());
    require(code <= 3);
    const nameHash = code === 0 ? raw(32) : keccak256(toBytes(NAMES[code] as string));
    const versionHash = code === 0 ? raw(32) : keccak256(toBytes("2"));
    const r = raw(32);
    const vs = raw(32);
    require(at < end);
    const whole = { ...header, nameHash, versionHash, r, vs };
    const session = version === 1 ? packed() : carried();
    return { ...whole, session };

    function packed(): { id: Hex; grant: Hex } | undefined {
      try {
        const validAfter = take(6);
        const validUntil = take(6);
        const salt = take(32);
        const gasAllowance = take(16);
        const paymaster = take(20);
        const actions = take(32);
        const count = byte();
        require(count <= 8n && header.budgetIndex < count);
        const hashes: Hex[] = [];
        for (let i = 0n; i < count; i++) hashes.push(i === header.budgetIndex ? "0x" : raw(32));
        const token = pad(raw(20));
        const numbers = [take(16), take(16), take(4), 0n, 0n].map(hex);
        const signatures = hex(byte());
        const sizes = hex(byte());
        const listed = Number(byte());
        const recipients = Array.from({ length: listed }, () => pad(raw(20)));
        if (listed === 0) recipients.push(pad(`0x${"ff".repeat(20)}`));
        require(at === end);
        hashes[Number(header.budgetIndex)] = keccak256(
          concat([BUDGET_TYPEHASH, token, ...numbers, signatures, sizes, keccak256(concat(recipients))]),
        );
        const id = keccak256(
          concat([
            SESSION_TYPEHASH,
            pad(asked.account),
            pad(asked.key),
            hex(validAfter),
            hex(validUntil),
            hex(asked.epoch),
            hex(salt),
            hex(gasAllowance),
            hex(paymaster),
            keccak256(concat(hashes)),
            actions === 0n ? keccak256("0x") : hex(actions),
          ]),
        );
        return { id, grant: "0x" };
      } catch (error) {
        if (error instanceof OutOfRange) return undefined;
        throw error;
      }
    }

    function carried(): { id: Hex; grant: Hex } | undefined {
      const first = data.word(at);
      const second = data.word(at + 32n);
      if (first >= FAR || second >= FAR) return undefined;
      const grantAt = at + second + 32n;
      const length = data.word(grantAt - 32n);
      if (length >= FAR || grantAt + 32n * ((length + 31n) / 32n) !== end) return undefined;
      const id = readSession(data, at + first);
      if (!id) return undefined;
      const bytes = data.slice(grantAt, Number(length));
      return { id, grant: `0x${Buffer.from(bytes).toString("hex")}` };
    }
  } catch (error) {
    if (error instanceof OutOfRange) return undefined;
    throw error;
  }
}
