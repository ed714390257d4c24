import type { HandoffRequest } from "@latchkey/sdk/handoff";
import type { ReactNode } from "react";
import { Screen } from "../ui/Screen.tsx";
import { answerText } from "./answerText.ts";
import { HandBack } from "./HandBack.tsx";

/** Shown after declining: nothing was signed, and the agent is told so. */
export const DeclinedScreen = ({ request }: { request: HandoffRequest }): ReactNode => (
  <Screen
    name="Declined"
    title="Declined"
    lead={<p>Nothing was signed. What your agents may spend is unchanged.</p>}
  >
    <HandBack text={answerText(request, "declined")} callback={request.callback} />
  </Screen>
);
