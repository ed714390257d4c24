import type { Hash } from "viem";
import type { BalanceFloor } from "../../encoding/BalanceFloor.ts";
import { encodeReplaceSession } from "../../encoding/encodeReplaceSession.ts";
import { Refusal } from "../../errors/Refusal.ts";
import type { Grant, Proposal } from "../../grant/Grant.ts";
import { requireGrantChain } from "../../grant/requireGrantChain.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { checkSession } from "../../session/checkSession.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "../AccountSender.ts";
import { isReviewable, type Reviewable } from "../isReviewable.ts";
import { callsToEnable, type WithPermit2 } from "../permit2/withPermit2.ts";
import { sendAsAccount } from "../sendAsAccount.ts";
import { guardRefusal } from "./guardRefusal.ts";
import { readBalanceFloors } from "./readBalanceFloors.ts";
import { spentMeanwhile } from "./spentMeanwhile.ts";

/** The old session and its replacement. */
export type SessionToReplace = {
  /** The session to revoke, granted or not. */
  old: Grant | Proposal;
  /** The session to enable, with the same account, module and chain. It may have the same key. */
  replacement: Proposal | Grant;
  /**
   * What the account must still hold. Default: its current balance of each token that the old session has a budget for.
   * Pass what {@link readBalanceFloors} returned when the owner looked. An empty list: no guard.
   */
  floors?: readonly BalanceFloor[];
} & Reviewable &
  WithPermit2;

/**
 * Replaces a session with another, atomically: there is no moment with both or with neither, and it fails as a
 * whole if the old session has spent since its owner looked. The new one is enabled: give the agent
 * {@link enabledGrant} of it.
 *
 * The guard is a transfer of each floor from the account to itself ({@link encodeReplaceSession}), so it sees payments of
 * both rails, and also any other payment of the account. It does not see money that leaves while as much comes in, nor
 * tokens without a budget. An account that pays for its own userOp holds less native coin by then: lower the native
 * floor by that, or leave it out.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @returns The transaction's hash (or what `send` returned). Check the receipt: it reverts if the old session spends before
 * it is mined, and the old session stays valid then.
 * @throws {Refusal} SPENT_MEANWHILE with `details.token`, `details.floor` and `details.balance`; NO_GUARD: a token charges
 * fees or rejects; INVALID_GRANT: the same session, or another account or module; WRONG_CHAIN; MALFORMED_SESSION;
 * UNSUPPORTED_ACCOUNT; INVALID_ADDRESS: several owners sign, and there is no SessionLens on this chain; see
 * {@link executeAsSafe}.
 */
export async function replaceSession(
  client: PayingClient,
  parameters: SessionToReplace & BySafeOwners,
): Promise<Hash>;
export async function replaceSession(
  client: ReadingClient,
  parameters: SessionToReplace & BySending,
): Promise<Hash>;
export async function replaceSession(
  client: PayingClient | ReadingClient,
  {
    old,
    replacement,
    floors: named,
    reviewable,
    permit2,
    ...sender
  }: SessionToReplace & (BySafeOwners | BySending),
): Promise<Hash> {
  const reader: ReadingClient = client;
  sessionIn(old);
  parseAddress(old.module, "module");
  checkSession(sessionIn(replacement), replacement.module);
  await requireGrantChain(reader, old);
  await requireGrantChain(reader, replacement);
  const floors = named ?? (await readBalanceFloors(reader, old));
  const approving = callsToEnable(replacement, permit2);
  const calls = [
    ...encodeReplaceSession({
      old,
      replacement,
      floors,
      reviewable: await isReviewable(reader, sender.owner, reviewable),
    }),
    ...approving,
  ];
  const { account } = old.session;
  for (const floor of floors) {
    const refusal = await guardRefusal(reader, account, floor);
    if (refusal) throw refusal;
  }
  const held = { account, chainId: old.chainId, floors };
  const spent = await spentMeanwhile(reader, held);
  if (spent) throw spent;
  try {
    return await sendAsAccount(client, { account, accountKind: old.accountKind, calls, ...sender });
  } catch (error) {
    // A Safe only reports that a call of its batch failed, not which.
    const isOfChain =
      error instanceof Refusal && error.code !== "OUTCOME_UNKNOWN" && error.code !== "NETWORK";
    throw (isOfChain && (await spentMeanwhile(reader, held, error))) || error;
  }
}
