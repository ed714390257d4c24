import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Session } from "../../session/Session.ts";
import type { SessionStanding } from "./sessionStanding.ts";

/**
 * The reason for which the chain would refuse any payment of a session now, if there is one.
 *
 * @param carriesGrant - whether the owner's signature is at hand, for a session that is not enabled
 * @returns NOT_YET_VALID, EXPIRED, REVOKED, PAUSED, WRONG_EPOCH or NOT_GRANTED
 */
export function refuseStanding(
  session: Session,
  standing: Pick<SessionStanding, "chainTime" | "state" | "paused" | "epoch">,
  carriesGrant: boolean,
): Refusal | undefined {
  const { validAfter, validUntil } = session;
  if (standing.state === "REVOKED") {
    return new Refusal({
      code: "REVOKED",
      shortMessage: "The session was taken back.",
      metaMessages: ["Ask the owner for another one."],
    });
  }
  if (standing.paused) {
    return new Refusal({
      code: "PAUSED",
      shortMessage: "The owner has paused this session.",
      metaMessages: ["Wait until the owner resumes it."],
    });
  }
  if (standing.epoch !== session.epoch) {
    return new Refusal({
      code: "WRONG_EPOCH",
      shortMessage: "The account has ended all its sessions since this one was made.",
      metaMessages: ["Ask the owner for another one."],
      details: { epoch: session.epoch, current: standing.epoch },
    });
  }
  if (standing.chainTime >= validUntil) {
    return new Refusal({
      code: "EXPIRED",
      shortMessage: `The session ended at ${utcText(validUntil)}.`,
      metaMessages: ["Ask the owner for another one."],
      details: { validUntil },
    });
  }
  if (standing.chainTime < validAfter) {
    return new Refusal({
      code: "NOT_YET_VALID",
      shortMessage: `The session begins at ${utcText(validAfter)}.`,
      metaMessages: ["Try again then."],
      details: { validAfter },
    });
  }
  if (standing.state === "UNKNOWN" && !carriesGrant) {
    return new Refusal({
      code: "NOT_GRANTED",
      shortMessage: "The session is not enabled, and the owner's signature is not at hand.",
      metaMessages: ["Have the account enable the session, or load the grant with its signature."],
    });
  }
  return undefined;
}
