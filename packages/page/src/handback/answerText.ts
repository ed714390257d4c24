import { HANDOFF_VERSION, type HandoffRequest, serializeHandoffAnswer } from "@latchkey/sdk/handoff";
import type { TappedGrant } from "../tap/prepareTap.ts";

/** The response to a request, in the form that the agent reads. It contains no secrets. */
export function answerText(request: HandoffRequest, tapped: TappedGrant | "declined"): string {
  const head = { version: HANDOFF_VERSION, nonce: request.nonce } as const;
  return serializeHandoffAnswer(
    tapped === "declined"
      ? { ...head, status: "declined" }
      : { ...head, status: "granted", grant: tapped.grant, transactions: tapped.transactions },
    request,
  );
}
