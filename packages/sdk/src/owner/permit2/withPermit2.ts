import { InvalidInput } from "../../errors/InvalidInput.ts";
import type { Grant, Proposal } from "../../grant/Grant.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";
import { isPaidByPermit2 } from "../../session/paymentMethods.ts";
import type { Permit2Plan } from "./permit2Calls.ts";

/** What a batch that enables or revokes also does about Permit2. */
export type WithPermit2 = {
  /**
   * From {@link permit2Calls}, for the same sessions. Needed to enable a session that Permit2 pays for: if it has nothing to
   * approve, it is empty. Without it, revoking leaves the approval as it is.
   */
  permit2?: Pick<Permit2Plan, "calls">;
};

/**
 * The calls to enable with.
 *
 * @throws {InvalidInput} APPROVAL: Permit2 pays for the session, and there is no `permit2`.
 */
export function callsToEnable(
  { session }: Proposal | Grant,
  permit2: WithPermit2["permit2"],
): readonly EncodedCall[] {
  if (permit2) return permit2.calls;
  if (!session.budgets.some(isPaidByPermit2)) return [];
  throw new InvalidInput({
    code: "APPROVAL",
    shortMessage:
      "Permit2 pays for this session, so the account has to approve Permit2, and permit2 is missing.",
    metaMessages: ["Nothing was signed. Pass permit2: await permit2Calls(client, { enabling, fromBlock })."],
  });
}
