import type { Address, Hex } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import type { Rule } from "../session/Session.ts";
import type { SignedPaymentKind } from "../session/SignedPaymentKind.ts";
import type { TokenFacts } from "./TokenFacts.ts";

/** What one budget allows. Amounts in base units, with `…Text` beside each in whole tokens, for example `"20 USDC"`. */
export type BudgetReview = TokenFacts & {
  perTransaction: bigint;
  perTransactionText: string;
  /** Most that one period releases, over both rails. */
  perPeriod: bigint;
  perPeriodText: string;
  /** Seconds. */
  period: number;
  /** `"1 day"`, `"90 minutes"`; `"the whole session"` if there is one period only: then the limit is the total. */
  periodText: string;
  /** How many periods the session has, including a shorter last one. */
  periods: bigint;
  /** Most that the session could ever spend of this token. */
  most: bigint;
  mostText: string;
  /** Only for streams: what a period starts with, and what each second adds. */
  stream: { initial: bigint; initialText: string; perSecond: bigint; perSecondText: string } | undefined;
  /** Whether payments by signature (x402) are possible. They come out of the same budget. */
  bySignature: boolean;
  /** What pays them: the token's own EIP-3009 or Permit2. Undefined if they are not possible. */
  signedPayments: SignedPaymentKind | undefined;
  /** Whether a signed payment may be for "up to" an amount: it counts in full until the period ends. */
  upTo: boolean;
  /** What the account approves to Permit2 for this budget, if that pays: as much as `most`. */
  approval: { amount: bigint; text: string } | undefined;
  recipients: readonly Address[] | "anyone";
  /** All of the above as sentences. */
  sentences: readonly string[];
};

/** One kind of call that a session allows besides payments. */
export type ActionReview = {
  target: Address;
  selector: Hex;
  /** Each condition on the calldata, for example `"word at byte 4 = 5"`. All must hold. */
  conditions: readonly string[];
  /** The conditions as the session has them, in the same order. */
  rules: readonly Rule[];
  /** Whether its arguments are free: it has no condition, or only ones that all values, or all but one, satisfy. */
  anyArguments: boolean;
  /** The rules that the caller can bypass by shifting an argument's offset, unless the function is known. */
  bypassable: readonly Rule[];
  sentence: string;
};

/** What the chain does not enforce, although a reader might expect it. Codes are stable. */
export type UnenforcedLimit = {
  code:
    | "ANY_RECIPIENT"
    | "PERIOD_EDGE"
    | "SESSIONS_ADD_UP"
    | "NUMBER_OF_PAYMENTS"
    | "UNBUDGETED_TOKENS"
    | "LATER_PULLS"
    | "HIDDEN_BY_INFLOW"
    | "ANY_ARGUMENTS"
    | "BYPASSABLE_CONDITIONS"
    | "GAS_NOT_COUNTED"
    | "ANY_PAYMASTER"
    | "PERMIT2_APPROVAL"
    | "UNKNOWN_SYMBOL";
  /** The tokens or targets concerned; empty: the whole session. */
  of: readonly Address[];
  sentence: string;
};

/** A session as its owner should see it before signing. */
export type SessionReview = {
  id: Hex;
  chainId: number;
  module: Address;
  accountKind: AccountKind;
  account: Address;
  key: Address;
  /** First second, and first second after it: Unix time, and as UTC text. */
  validAfter: number;
  validAfterText: string;
  validUntil: number;
  validUntilText: string;
  budgets: readonly BudgetReview[];
  actions: readonly ActionReview[];
  /**
   * Most wei that its userOps may cost in all, besides what the budgets allow; `uncounted` where there is no limit, 0
   * where it can send none. Only accounts that send userOps by sessions have it.
   */
  gas:
    | { allowance: bigint; text: string; uncounted: boolean; paymaster: Address | "none" | "anyone" }
    | undefined;
  /** What the chain does not limit. */
  notEnforced: readonly UnenforcedLimit[];
};
