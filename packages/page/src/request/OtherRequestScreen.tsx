import type { ReactNode } from "react";
import { Actions } from "../ui/Actions.tsx";
import { Button } from "../ui/Button.tsx";
import { Screen } from "../ui/Screen.tsx";

/**
 * Shown when another request is opened in place of the current one, so that nobody allows the second while reading the
 * first.
 *
 * @param props.isReviewing Whether the first one is still unanswered.
 */
export const OtherRequestScreen = ({
  isReviewing,
  onRead,
  onStay,
}: {
  isReviewing: boolean;
  onRead: () => void;
  onStay: () => void;
}): ReactNode => (
  <Screen
    name="Another request was opened"
    title="Another request was opened"
    lead={
      <p>
        {isReviewing
          ? "The one you were reading was not allowed, and nothing was signed."
          : "You have already answered the previous one."}{" "}
        If you did not open this one, a website you came from did.
      </p>
    }
  >
    <Actions>
      <Button look="primary" onClick={onRead}>
        Review the other request
      </Button>
      <Button onClick={onStay}>Go back to the first request</Button>
    </Actions>
  </Screen>
);
