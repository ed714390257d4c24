import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button.tsx";
import { Screen } from "../ui/Screen.tsx";
import { FailureNotice } from "./FailureNotice.tsx";

/**
 * Shows words in place of a screen that cannot be drawn. Without it a fault of the page, or a request that nobody thought
 * of, would leave it blank. React has no other form for this than a class.
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
