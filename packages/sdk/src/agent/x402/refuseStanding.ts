import { errorText, type MessageCode } from "../../errors/errorText.ts";
import { Refusal, type RefusalDetails } from "../../errors/Refusal.ts";
import { readableValues } from "../../errors/readableValues.ts";
import type { Session } from "../../session/Session.ts";
import type { SessionStanding } from "./sessionStanding.ts";

/**
 * Why the chain would reject any payment of a session now, if it would.
 *
 * @param carriesGrant Whether the owner's signature is available, for a session that is not enabled.
 * @returns NOT_YET_VALID, EXPIRED, REVOKED, PAUSED, WRONG_EPOCH or NOT_GRANTED.
 */
export function refuseStanding(
  session: Session,
  standing: Pick<SessionStanding, "chainTime" | "state" | "paused" | "epoch">,
  carriesGrant: boolean,
): Refusal | undefined {
  const { validAfter, validUntil } = session;
  const refuse = (code: MessageCode, details: RefusalDetails = {}) =>
    new Refusal({ ...errorText(code, readableValues(details)), details });
  if (standing.state === "REVOKED") return refuse("REVOKED");
  if (standing.paused) return refuse("PAUSED");
  if (standing.epoch !== session.epoch)
    return refuse("WRONG_EPOCH", { epoch: session.epoch, current: standing.epoch });
  if (standing.chainTime >= validUntil) return refuse("EXPIRED", { validUntil });
  if (standing.chainTime < validAfter) return refuse("NOT_YET_VALID", { validAfter });
  if (standing.state === "UNKNOWN" && !carriesGrant)
    return new Refusal({
      code: "NOT_GRANTED",
      shortMessage: "The session is not enabled, and the grant has no signature.",
      metaMessages: ["Have the account enable the session, or load the grant with its signature."],
    });
  return undefined;
}
