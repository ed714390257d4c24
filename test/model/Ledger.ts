import { type Address, type Hex, zeroAddress } from "viem";

/** The native coin, as a token. */
export const NATIVE = zeroAddress;

const keyOf = (...parts: string[]) => parts.join("/").toLowerCase();

/** Who has what, who may pull what, and which nonces are used: the world outside the module. */
export class Ledger {
  #balances = new Map<string, bigint>();
  #allowances = new Map<string, bigint>();
  #usedNonces = new Set<string>();
  #words = new Map<string, bigint>();

  /** What the holder has of the token, in base units or wei. */
  balance(token: Address, holder: Address): bigint {
    return this.#balances.get(keyOf(token, holder)) ?? 0n;
  }

  setBalance(token: Address, holder: Address, amount: bigint): void {
    this.#balances.set(keyOf(token, holder), amount);
  }

  /** Moves money. False, and nothing happens, if it is not there. */
  move(token: Address, from: Address, to: Address, amount: bigint): boolean {
    if (this.balance(token, from) < amount) return false;
    this.setBalance(token, from, this.balance(token, from) - amount);
    this.setBalance(token, to, this.balance(token, to) + amount);
    return true;
  }

  allowance(token: Address, owner: Address, spender: Address): bigint {
    return this.#allowances.get(keyOf(token, owner, spender)) ?? 0n;
  }

  setAllowance(token: Address, owner: Address, spender: Address, amount: bigint): void {
    this.#allowances.set(keyOf(token, owner, spender), amount);
  }

  /** `transferFrom`: false, and nothing happens, if the money or the allowance is not there. */
  pull(token: Address, spender: Address, from: Address, to: Address, amount: bigint): boolean {
    const allowed = this.allowance(token, from, spender);
    if (allowed < amount || !this.move(token, from, to, amount)) return false;
    this.setAllowance(token, from, spender, allowed - amount);
    return true;
  }

  /** Whether the token has seen the nonce, in a transfer or in a cancellation. */
  nonceUsed(token: Address, authorizer: Address, nonce: Hex): boolean {
    return this.#usedNonces.has(keyOf(token, authorizer, nonce));
  }

  useNonce(token: Address, authorizer: Address, nonce: Hex): void {
    this.#usedNonces.add(keyOf(token, authorizer, nonce));
  }

  /** Permit2's nonces from `word << 8` on that the owner has used, as bits. */
  permit2Word(owner: Address, word: bigint): bigint {
    return this.#words.get(keyOf(owner, String(word))) ?? 0n;
  }

  /** Sets bits of a word of Permit2's nonces. */
  usePermit2(owner: Address, word: bigint, bits: bigint): void {
    this.#words.set(keyOf(owner, String(word)), this.permit2Word(owner, word) | bits);
  }

  /** A copy on which to try something. */
  copy(): Ledger {
    const copy = new Ledger();
    copy.become(this);
    return copy;
  }

  /** Takes over all that the other ledger says. */
  become(other: Ledger): void {
    this.#balances = new Map(other.#balances);
    this.#allowances = new Map(other.#allowances);
    this.#usedNonces = new Set(other.#usedNonces);
    this.#words = new Map(other.#words);
  }
}
