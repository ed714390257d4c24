/**
 * What must not compile. Checked by `tsc`: a line below `@ts-expect-error` that compiles is an error itself.
 */

import {
  type ActionRequest,
  type BalanceFloor,
  type BudgetRequest,
  type BudgetRequests,
  type EncodedCall,
  enableSession,
  executeSigned,
  GRANT_VERSION,
  type Grant,
  InvalidInput,
  isRefusal,
  type Proposal,
  proposeSession,
  type Refusal,
  type RefusalCode,
  renounceSession,
  replaceSession,
  revokeAllSessions,
  revokeSession,
  type SessionRequest,
  signGrant,
  type TokenBudgetRequest,
} from "@latchkey/sdk";
import type { SignedExecution } from "@latchkey/sdk/encoding";
import { type SessionSmartAccount, toSessionSmartAccount } from "@latchkey/sdk/erc7579";
import {
  type BudgetSpending,
  type ListedSession,
  listSessions,
  type SessionEvent,
  sessionHistory,
  spendMeter,
} from "@latchkey/sdk/history";
import { reviewSession, type SessionReview } from "@latchkey/sdk/review";
import type {
  Account,
  Address,
  Chain,
  Hash,
  Hex,
  LocalAccount,
  PrivateKeyAccount,
  PublicClient,
  Transport,
  WalletClient,
} from "viem";
import { createBundlerClient, type SmartAccount } from "viem/account-abstraction";

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
export const typical = {
  usdc: { perDay: "20", recipients: [shop], x402: { typicalPrice: "0.001" } },
} satisfies BudgetRequests;

// A limit that is missing does not compile.
// @ts-expect-error no limit for one transaction, and no price that it could be chosen for
export const noPrice: BudgetRequests = { usdc: { perDay: "20", recipients: [shop], x402: true } };
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

// An ERC-7579 account's session is granted by its smart account, or by one of its validators under a name.
declare const proposal: Proposal;
declare const owner: SmartAccount;
declare const sign: (digest: Hex) => Promise<Hex>;
export const bySmartAccount: Promise<Grant> = signGrant(owner, proposal);
export const byValidator: Promise<Grant> = signGrant({ granter: "0x00", sign }, proposal);
// @ts-expect-error nobody says which validator
export const byNobody = signGrant({ sign }, proposal);
// @ts-expect-error a kind that was never tried
export const unknownKind = proposeSession(client, { ...request, accountKind: "simple" });

// The session's smart account fits viem's bundler client, and knows its EntryPoint.
declare const grant: Grant;
declare const key: PrivateKeyAccount;
declare const bundlerUrl: Parameters<typeof createBundlerClient>[0]["transport"];
export const sender: Promise<SessionSmartAccount<"0.8">> = toSessionSmartAccount({
  client,
  key,
  grant,
  entryPoint: "0.8",
});
export const sent: Promise<Hex> = sender.then((account) =>
  createBundlerClient({ account, client, transport: bundlerUrl }).sendUserOperation({
    calls: [{ to: token, data: "0x" }],
  }),
);
// Every viem account with a key of its own will do, and so will whatever signs hashes.
export const byLocalAccount = toSessionSmartAccount({ client, key: agent, grant, entryPoint: "0.7" });
declare const vault: { address: Address; sign: (parameters: { hash: Hash }) => Promise<Hex> };
export const byVault = toSessionSmartAccount({ client, key: vault, grant, entryPoint: "0.7" });
const syncKey = { address: safe, sign: (): Hex => "0x" };
// @ts-expect-error a signature that does not come by a promise
export const bySyncKey = toSessionSmartAccount({ client, key: syncKey, grant, entryPoint: "0.7" });
// @ts-expect-error no EntryPoint
export const noEntryPoint = toSessionSmartAccount({ client, key, grant });
// @ts-expect-error an EntryPoint of before ERC-7579
export const oldEntryPoint = toSessionSmartAccount({ client, key, grant, entryPoint: "0.6" });
// @ts-expect-error an address alone does not tell the version
export const noVersion = toSessionSmartAccount({ client, key, grant, entryPoint: { address: safe } });

// A refusal's details are typed by its code.
if (isRefusal(error, "PERIOD")) {
  const { remaining, resetsAt }: { remaining: bigint; resetsAt: number } = error.details;
  console.log(remaining, resetsAt);
  // @ts-expect-error of another code
  console.log(error.details.validUntil);
}

// What an owner sends goes by the Safe's owners, with a client that pays, or by a sender, with any client: not both.
declare const wallet: WalletClient<Transport, Chain | undefined, Account>;
declare const send: (calls: readonly EncodedCall[]) => Promise<Hash>;
export const byOwners: Promise<Hash>[] = [
  enableSession(wallet, { proposal }),
  revokeSession(wallet, { grant, owner: [agent, wallet] }),
  revokeSession(wallet, { grant: proposal }),
  revokeAllSessions(wallet, { account: safe, accountKind: "safe", module: token }),
  replaceSession(wallet, { old: grant, replacement: proposal }),
];
export const bySending: Promise<Hash>[] = [
  enableSession(client, { proposal, send }),
  revokeSession(client, { grant, send }),
  revokeAllSessions(client, { grant, send }),
  replaceSession(client, { old: grant, replacement: proposal, floors: [{ token, amount: 1n }], send }),
];
// @ts-expect-error nobody pays the gas
export const nobodyPays = revokeSession(client, { grant });
// @ts-expect-error a sender and an owner
export const twoSenders = revokeSession(wallet, { grant, owner: agent, send });
// @ts-expect-error nobody's sessions
export const nobodys = revokeAllSessions(wallet, {});
// @ts-expect-error no module
export const noModule = revokeAllSessions(wallet, { account: safe, accountKind: "safe" });
// @ts-expect-error a floor that is not a bigint
export const textFloor: BalanceFloor = { token, amount: "1" };
// The sender of what a key signed needs an account to pay the gas.
declare const signed: SignedExecution;
export const submitted: Promise<Hash> = executeSigned(wallet, { grant, signed });
// @ts-expect-error nobody pays the gas
export const unpaid = executeSigned(client, { grant, signed });
// @ts-expect-error no key sends
export const noKeySends = renounceSession(client, { grant });

// A history is of a grant or of an account, from a block on.
export const ofGrant: Promise<readonly SessionEvent[]> = sessionHistory(client, {
  grant,
  fromBlock: 1n,
}).then(({ events }) => events);
export const ofAccount = sessionHistory(client, {
  account: safe,
  module: token,
  grants: [grant],
  fromBlock: 1n,
});
// @ts-expect-error no first block
export const noBlock = sessionHistory(client, { grant });
// @ts-expect-error a grant and an account
export const twoSubjects = sessionHistory(client, { grant, account: safe, module: token, fromBlock: 1n });
// @ts-expect-error a number
export const numberBlock = listSessions(client, { account: safe, module: token, fromBlock: 1 });
export const listed: Promise<ListedSession[]> = listSessions(client, {
  account: safe,
  module: token,
  fromBlock: 1n,
});
export const meter: Promise<BudgetSpending[]> = ofGrant.then((events) => spendMeter(grant, events));
export const review: Promise<SessionReview> = reviewSession(client, proposal);

declare const event: SessionEvent;
if (event.type === "executed") console.log(event.amount satisfies bigint, event.period);
// @ts-expect-error what settled may not say its amount
if (event.type === "settled") console.log(event.amount satisfies bigint);
// @ts-expect-error the epoch has no session
if (event.type === "epochChanged") console.log(event.id);

// Every refusal says what to do, and its code is one of those that are known.
declare const refusal: Refusal;
export const code: RefusalCode = refusal.code;
// @ts-expect-error nothing to do
export const helpless = new InvalidInput({ code: "INVALID_AMOUNT", shortMessage: "no" });
// @ts-expect-error nothing to do either
export const empty = new InvalidInput({ code: "INVALID_AMOUNT", shortMessage: "no", metaMessages: [] });
// @ts-expect-error a code that nobody documented
export const unknownCode = new InvalidInput({ code: "OOPS", shortMessage: "no", metaMessages: ["do"] });
// @ts-expect-error
isRefusal(error, "OOPS");

export const grantVersion: 1 = GRANT_VERSION;
