import { HANDOFF_VERSION, type HandoffAnswer, type HandoffRequest } from "@latchkey/sdk/handoff";
import { toJson } from "../store/toJson.ts";
import type { TappedGrant } from "../tap/prepareTap.ts";

/** The response to a request, as the agent reads it. It contains no secrets. */
export function answerText(request: HandoffRequest, tapped: TappedGrant | "declined"): string {
  const head = { version: HANDOFF_VERSION, nonce: request.nonce } as const;
  const answer: HandoffAnswer =
    tapped === "declined"
      ? { ...head, status: "declined" }
      : {
          ...head,
          status: "granted",
          grant: tapped.grant,
          transactions: tapped.transactions,
        };
  return toJson(answer);
}
