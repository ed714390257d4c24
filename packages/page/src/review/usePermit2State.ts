import { type Permit2Plan, permit2Calls } from "@latchkey/sdk";
import { isPaidByPermit2 } from "@latchkey/sdk/encoding";
import { useEffect, useState } from "react";
import { isAddressEqual } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";
import type { Saved } from "../store/Saved.ts";
import type { AccountState } from "../tap/AccountState.ts";
import type { LoadedReview } from "./loadReview.ts";
import type { RequestedProposal } from "./proposeRequested.ts";

/** Blocks searched for the account's other sessions on a public chain. */
const SEARCHED_BLOCKS = 50_000n;

const NOTHING: Permit2Plan = { calls: [], changes: [] };

/**
 * Reads what an account has to approve for the proposal that is shown.
 *
 * @param id The session's: another one is read again.
 * @returns Undefined until it is read; nothing to do if Permit2 does not pay.
 */
export function usePermit2State(
  { client, settings }: AskedChain,
  parameters: {
    id: string | undefined;
    made: RequestedProposal | undefined;
    account: AccountState | undefined;
    moment: LoadedReview["moment"] | undefined;
    /** The permission that ends in the same batch. */
    replaced: LoadedReview["replaced"];
    saved: Saved;
  },
): { state: Permit2Plan | undefined; failure: unknown } {
  const { id, made, account, moment, replaced, saved } = parameters;
  const [read, setRead] = useState<{ id: string; state?: Permit2Plan; failure?: unknown }>();
  const enabling = made?.proposal;
  const budgets = [...(enabling?.session.budgets ?? []), ...(replaced?.old.session.budgets ?? [])];
  const isNeeded = account && enabling && budgets.some(isPaidByPermit2);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest depends only on these
  useEffect(() => {
    if (!id || !isNeeded || !moment) return;
    let isOver = false;
    const address = enabling.session.account;
    permit2Calls(client, {
      enabling,
      ...(replaced && { revoking: replaced.old }),
      grants: saved.grants
        .map(({ grant }) => grant)
        .filter(
          ({ session, chainId }) => chainId === settings.id && isAddressEqual(session.account, address),
        ),
      fromBlock:
        settings.isLocal || moment.blockNumber < SEARCHED_BLOCKS ? 0n : moment.blockNumber - SEARCHED_BLOCKS,
    }).then(
      (state) => isOver || setRead({ id, state }),
      (failure: unknown) => isOver || setRead({ id, failure }),
    );
    return () => {
      isOver = true;
    };
  }, [id, isNeeded, client]);

  if (!isNeeded) return { state: NOTHING, failure: undefined };
  return read?.id === id
    ? { state: read?.state, failure: read?.failure }
    : { state: undefined, failure: undefined };
}
