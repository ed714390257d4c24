/**
 * What must not compile. Checked by `tsc`: a line below `@ts-expect-error` that compiles is an error itself.
 */
import type { Address, LocalAccount, PublicClient } from "viem";
import {
  type ActionRequest,
  type BudgetRequest,
  type BudgetRequests,
  type Grant,
  isRefusal,
  proposeSession,
  type SessionRequest,
  signGrant,
  type TokenBudgetRequest,
} from "../../packages/sdk/src/index.ts";

declare const safe: Address;
declare const agent: LocalAccount;
declare const shop: Address;
declare const token: Address;
declare const client: PublicClient;
declare const error: unknown;

const usdc = { perTransaction: "1", perDay: "20", recipients: [shop] } satisfies TokenBudgetRequest;

// What people write compiles without a cast.
export const request = { account: safe, key: agent, budgets: { usdc }, until: "7d" } satisfies SessionRequest;
export const granted: Promise<Grant> = proposeSession(client, request).then((proposal) =>
  signGrant(agent, proposal),
);
export const tokens = {
  usdc: { ...usdc, token },
  native: { perTransaction: "0.1", inAll: "1", recipients: "anyone" },
  [token]: {
    perTransaction: "1",
    perPeriod: "5",
    period: "6h",
    recipients: [shop],
    x402: true,
    decimals: 18,
  },
} satisfies BudgetRequests;

// A limit that is missing does not compile.
// @ts-expect-error no limit for one transaction
export const noPerTransaction: BudgetRequest = { perDay: "20", recipients: [shop] };
// @ts-expect-error no limit over time
export const noPeriod: BudgetRequest = { perTransaction: "1", recipients: [shop] };
// @ts-expect-error two limits over time
export const twoPeriods: BudgetRequest = { perTransaction: "1", perDay: "2", inAll: "2", recipients: [shop] };
// @ts-expect-error a limit of a period that is not named
export const noLength: BudgetRequest = { perTransaction: "1", perPeriod: "2", recipients: [shop] };
// @ts-expect-error a period without a limit
export const noAmount: BudgetRequest = { perTransaction: "1", period: "1d", recipients: [shop] };

// Nobody is paid by omission.
// @ts-expect-error no recipients
export const noRecipients: BudgetRequest = { perTransaction: "1", perDay: "20" };
// @ts-expect-error another word than "anyone"
export const allRecipients: BudgetRequest = { perTransaction: "1", perDay: "20", recipients: "all" };
// @ts-expect-error no address
export const name: BudgetRequest = { perTransaction: "1", perDay: "20", recipients: ["shop.eth"] };

// Amounts say their unit.
// @ts-expect-error a number
export const number: BudgetRequest = { perTransaction: 1, perDay: "20", recipients: [shop] };
// @ts-expect-error a bigint
export const bigint: BudgetRequest = { perTransaction: "1", perDay: 20n, recipients: [shop] };

// There is no session without an end.
// @ts-expect-error no end
export const noEnd: SessionRequest = { account: safe, key: agent, budgets: { usdc } };
// @ts-expect-error no unit
export const noUnit: SessionRequest = { account: safe, key: agent, budgets: { usdc }, until: "7" };
// @ts-expect-error a number
export const numberEnd: SessionRequest = { account: safe, key: agent, budgets: { usdc }, until: 604_800 };
// @ts-expect-error no budgets at all
export const noBudgets: SessionRequest = { account: safe, key: agent, until: "7d" };
// @ts-expect-error no key
export const noKey: SessionRequest = { account: safe, budgets: { usdc }, until: "7d" };

// @ts-expect-error a token by a name that nobody knows
export const unknownToken: BudgetRequests = { dai: usdc };
// @ts-expect-error the native coin knows no authorizations
export const nativeBySignature: BudgetRequests = { native: { ...usdc, x402: true } };

// An action says which arguments it allows.
// @ts-expect-error no conditions
export const noConditions: ActionRequest = { target: token, function: "function act(uint256 n)" };
const act = { target: token, function: "function act(uint256 n)" };
// @ts-expect-error a condition without a comparison
export const noComparison: ActionRequest = { ...act, where: [{ argument: "n" }] };
// @ts-expect-error a condition with two comparisons
export const twoComparisons: ActionRequest = { ...act, where: [{ argument: "n", gt: 1n, lt: 3n }] };
export const anyArguments: ActionRequest = { ...act, where: "any arguments" };

// A refusal's details are typed by its code.
if (isRefusal(error, "PERIOD")) {
  const { remaining, resetsAt }: { remaining: bigint; resetsAt: number } = error.details;
  console.log(remaining, resetsAt);
  // @ts-expect-error of another code
  console.log(error.details.validUntil);
}
