import { isPaidByPermit2, PERMIT2, paymentMethods } from "@latchkey/sdk/encoding";
import type { TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual, zeroAddress } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";
import { type ChainMoment, readChain } from "../chain/readChain.ts";
import type { ReadRequest } from "../request/readRequest.ts";
import type { Saved, SavedAccount } from "../store/Saved.ts";
import type { AccountState } from "../tap/AccountState.ts";
import { readAccount } from "../tap/readAccount.ts";
import { wordsFor } from "../wording/wordsFor.ts";
import { proposeRequested } from "./proposeRequested.ts";
import { type Replaced, readReplaced } from "./readReplaced.ts";
import { readTokens } from "./readTokens.ts";

/** Everything the review needs from the chain before it is shown. */
export type LoadedReview = {
  moment: ChainMoment;
  tokens: readonly TokenFacts[];
  /** The permission that this one replaces. */
  replaced: Replaced | undefined;
  /** The user's account on this chain, if this browser knows one. */
  account: AccountState | undefined;
  /** Why the account known to this browser cannot be used. */
  accountFailure: unknown;
};

/**
 * Reads everything the review shows from the chain.
 *
 * @throws {PageFailure} Of `readChain` and `readRequest`; {@link Refusal} UNKNOWN_TOKEN, NETWORK.
 */
export async function loadReview(
  read: ReadRequest,
  { settings, client }: AskedChain,
  saved: Saved,
): Promise<LoadedReview> {
  const moment = await readChain(client, settings);
  const { proposal } = proposeRequested(read, { now: moment.now, account: undefined, lowering: {} });
  const known = knownAccounts(saved, read)[0];
  const [tokens, replaced, account] = await Promise.all([
    readTokens(client, settings, proposal),
    readReplaced(client, settings, read.replaces),
    known
      ? readAccount(client, {
          settings,
          address: known.address,
          passkey: { id: known.passkey, publicKey: { x: BigInt(known.x), y: BigInt(known.y) } },
          signedTokens: signedTokens(read, moment.now),
        }).then(
          (state) => ({ state, failure: undefined }),
          (failure: unknown) => ({ state: undefined, failure }),
        )
      : { state: undefined, failure: undefined },
  ]);
  // If the chain stops responding meanwhile, the whole load fails.
  if (account.failure && wordsFor(account.failure).code === "NETWORK") throw account.failure;
  return { moment, tokens, replaced, account: account.state, accountFailure: account.failure };
}

/** The user's accounts that can grant a request, newest first. */
export const knownAccounts = (saved: Saved, read: ReadRequest): SavedAccount[] =>
  saved.accounts
    .filter(
      ({ chainId, address }) =>
        chainId === read.chainId && (read.from === undefined || isAddressEqual(read.from, address)),
    )
    .sort((a, b) => b.addedAt - a.addedAt);

/** The contracts that ask the account about signatures of a request: tokens, or Permit2. */
export function signedTokens(read: ReadRequest, now: number) {
  const { proposal } = proposeRequested(read, { now, account: undefined, lowering: {} });
  const signed = proposal.session.budgets.filter(
    (budget) => paymentMethods(budget).length > 0 && !isAddressEqual(budget.token, zeroAddress),
  );
  return [...new Set(signed.map((budget) => (isPaidByPermit2(budget) ? PERMIT2 : budget.token)))];
}
