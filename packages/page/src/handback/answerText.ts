import {
  grantSession,
  HANDOFF_VERSION,
  type HandoffAnswer,
  type HandoffRequest,
  sessionJson,
} from "@latchkey/sdk";
import type { TappedGrant } from "../tap/prepareTap.ts";

/** The answer to a request, as the agent reads it. It holds no secret. */
export function answerText(request: HandoffRequest, tapped: TappedGrant | "declined"): string {
  const head = { version: HANDOFF_VERSION, nonce: request.nonce } as const;
  const answer: HandoffAnswer =
    tapped === "declined"
      ? { ...head, status: "declined" }
      : {
          ...head,
          status: "granted",
          grant: { ...tapped.grant, session: sessionJson(grantSession(tapped.grant)) },
          transactions: tapped.transactions,
        };
  return JSON.stringify(answer);
}
