import type { AbiFunction, Address, Hex } from "viem";
import type { HasAddress } from "../internal/parseAddress.ts";
import type { Amount } from "../internal/parseAmount.ts";
import type { Duration } from "../internal/parseDuration.ts";
import type { SignedPaymentKind } from "../session/SignedPaymentKind.ts";

/** The limit of one period: exactly one of these, there is no default. */
type Limits = {
  perHour: { perHour: Amount };
  perDay: { perDay: Amount };
  perWeek: { perWeek: Amount };
  /** A period of any length, for example `{ perPeriod: "5", period: "6h" }`. */
  perPeriod: { perPeriod: Amount; period: Duration };
  /** For the whole life of the session. */
  inAll: { inAll: Amount };
};

type LimitName = "perHour" | "perDay" | "perWeek" | "perPeriod" | "period" | "inAll";

/**
 * Exactly one limit over time. Windows are fixed and start with the session: around the edge of two windows, two
 * windows' worth can be spent in a short time.
 */
export type Limit = {
  [name in keyof Limits]: Limits[name] & { [other in Exclude<LimitName, keyof Limits[name]>]?: never };
}[keyof Limits];

/** What every budget has. */
type BudgetTerms = Limit & {
  /**
   * Who may be paid or approved: 1 to 32 addresses, or `"anyone"`. Shops that use a new address for each
   * payment need `"anyone"`.
   */
  recipients: readonly Address[] | "anyone";
  /**
   * Lets the limit grow with time: `initial` is available when a period starts (`"0"` for nothing), each second adds
   * `perSecond`, up to the limit. Not together with x402.
   */
  stream?: { initial: Amount; perSecond: Amount };
};

/** One token's budget, in whole tokens. The chain enforces every limit. */
export type BudgetRequest = BudgetTerms & {
  /** Limit per payment: of one execution, or one signed authorization. */
  perTransaction: Amount;
};

/** The price of most signed payments, in whole tokens: see {@link TokenBudgetRequest}. */
export type TypicalPayments = {
  typicalPrice: Amount;
  /** As `x402: "eip3009"` and `x402: "permit2"`. Default: as `x402: true`. */
  by?: SignedPaymentKind;
};

/** The budget of a token that follows ERC-20. */
export type TokenBudgetRequest = BudgetTerms & {
  /** Of the token. Default: read from the chain. */
  decimals?: number;
  /** The token, for a `usdc` budget on a chain whose USDC this SDK does not know. */
  token?: Address;
} & (
    | {
        /** As in {@link BudgetRequest}. */
        perTransaction: Amount;
        /**
         * Whether the key may pay by signature, as x402 does. Default: `"eip3009"` for a `usdc` budget, false for others and
         * for streams.
         *
         * - `"eip3009"`: by the token's own authorizations, if its `transferWithAuthorization` takes the signature as bytes
         *   and verifies it with the account (ERC-1271): Circle's since version 2.2, not many bridged ones.
         * - `"permit2"`: any ERC-20, by Permit2 transfers, x402's schemes `exact` and `upto`. The account has to approve
         *   Permit2 with a transaction before the first payment: {@link enableSession} does, in the same batch.
         * - `true`: by EIP-3009 where the token has it, else by Permit2.
         *
         * Payments of x402 by ERC-7710 are executions, and need none of these.
         *
         * With a typical price, payments of that price use up no more of the limit than they pay. Others may use up
         * more: at most four times as much, by Permit2 twice, for the smallest ones what the typical price is.
         */
        x402?: boolean | SignedPaymentKind | TypicalPayments;
      }
    | {
        /** Default: chosen to fit the typical price, at most 256 times as much, by Permit2 128 times. */
        perTransaction?: Amount;
        x402: TypicalPayments;
      }
  );

/**
 * The budgets of a session: at least one limit for each token that may move, and no other token moves. `usdc` is
 * the chain's own USDC (Ethereum, Base and their test networks; elsewhere give its `token`), `native` is the chain's
 * coin, any other token is named by its address.
 */
export type BudgetRequests = {
  usdc?: TokenBudgetRequest;
  native?: BudgetRequest;
  [token: Address]: TokenBudgetRequest;
};

/** What an argument may be compared with. Integers as bigint or safe whole numbers. */
export type Comparable = bigint | number | boolean | Address | Hex;

type Comparisons = "eq" | "ne" | "lt" | "lte" | "gt" | "gte";

/** One condition on one argument, for example `{ argument: "amount", lte: 5n }`. */
export type Condition = {
  /** The argument's name, or its place from 0; inside a struct of fixed size: `"params.recipient"`, `"path.0"`. */
  argument: string;
} & {
  [name in Comparisons]: { [one in name]: Comparable } & { [other in Exclude<Comparisons, name>]?: never };
}[Comparisons];

/** A call, other than a payment, that the key may make. What it spends of a budget counts against that budget. */
export type ActionRequest = {
  /** The contract to call. Never one of the budgets' tokens. */
  target: Address;
  /** The function: `"function deposit(uint256 amount, address to)"`, or its item of a viem ABI. */
  function: string | AbiFunction;
  /** All must hold; or `"any arguments"`. */
  where: readonly Condition[] | "any arguments";
};

/** What the owner is asked to allow, in human-readable form. */
export type SessionRequest = {
  /** The paying smart account. */
  account: HasAddress;
  /** The agent's key: an address, or a viem account. */
  key: HasAddress;
  budgets: BudgetRequests;
  /** The end: a duration from the start, or a date. Every session has an end. */
  until: Duration | Date;
  /** The start, from which periods count. Default: the chain's latest block, on ERC-7579 accounts a minute before it. */
  from?: Date;
  /** Other calls that the key may make. Default: none. */
  actions?: readonly ActionRequest[];
  /** Limit of the native coin that ERC-4337 operations may cost in total. Default: no operations. */
  gasAllowance?: Amount;
  /** The only paymaster that these operations may use, or `"anyone"`. Default: none. */
  paymaster?: Address | "anyone";
};
