import { type Address, type Hex, pad } from "viem";

/** One call, and what it returned, or with what it reverted. */
export type AggregateCall = { to: Address; data: Hex };
export type AggregateAnswer = { success: boolean; data: Hex };

/** Hex digits of a word. */
const WORD = 64;
const SELECTOR = "0x82ad56cb";
const word = (value: number): string => value.toString(16).padStart(WORD, "0");

/**
 * The calldata of Multicall3's `aggregate3`, each call allowed to fail. Written by hand, as a payment asks for hundreds of
 * calls, and viem's general encoder takes a hundred times as long.
 */
export function encodeAggregate3(calls: readonly AggregateCall[]): Hex {
  const heads: string[] = [];
  const tails: string[] = [];
  let offset = calls.length * 32;
  for (const { to, data } of calls) {
    const bytes = (data.length - 2) / 2;
    const words = Math.ceil(bytes / 32);
    heads.push(word(offset));
    tails.push(
      pad(to).slice(2).toLowerCase(),
      word(1),
      word(0x60),
      word(bytes),
      data.slice(2).padEnd(words * WORD, "0"),
    );
    offset += (4 + words) * 32;
  }
  return `${SELECTOR}${word(0x20)}${word(calls.length)}${heads.join("")}${tails.join("")}`;
}

/**
 * What `aggregate3` returned.
 * @throws {TypeError} It is not that.
 */
export function decodeAggregate3(returned: Hex): readonly AggregateAnswer[] {
  if (!/^0x[\da-f]*$/i.test(returned)) throw malformed();
  const digits = returned.slice(2);
  const numberAt = (place: number): number => {
    const text = digits.slice(place, place + WORD);
    const value = Number(`0x${text}`);
    // Nothing in it is longer than it is itself.
    if (text.length < WORD || !(value <= digits.length)) throw malformed();
    return value;
  };
  const start = numberAt(0) * 2;
  const count = numberAt(start);
  const base = start + WORD;
  return Array.from({ length: count }, (_, index) => {
    const answer = base + numberAt(base + index * WORD) * 2;
    const bytes = answer + numberAt(answer + WORD) * 2;
    const end = bytes + WORD + numberAt(bytes) * 2;
    if (end > digits.length) throw malformed();
    return { success: numberAt(answer) === 1, data: `0x${digits.slice(bytes + WORD, end)}` as const };
  });
}

const malformed = () => new TypeError("The answer is not that of aggregate3.");
