import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button.tsx";
import { Screen } from "../ui/Screen.tsx";
import { FailureNotice } from "./FailureNotice.tsx";

/**
 * Shows a message in place of a screen that fails to render. Without it, a bug or an unforeseen request would leave the
 * page blank. React supports error boundaries only as classes.
 */
export class FailureBoundary extends Component<{ children: ReactNode }, { failure: unknown }> {
  override state: { failure: unknown } = { failure: undefined };

  static getDerivedStateFromError(failure: unknown): { failure: unknown } {
    return { failure: failure ?? new Error("unknown") };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <Screen
        name="This page ran into a problem"
        title="This page ran into a problem"
        lead={
          <p>It cannot be displayed. Nothing was signed or sent. Do not allow anything you cannot read.</p>
        }
      >
        <FailureNotice error={failure} />
        <p>
          <Button look="primary" onClick={() => window.location.reload()}>
            Reload the page
          </Button>
        </p>
      </Screen>
    );
  }
}
