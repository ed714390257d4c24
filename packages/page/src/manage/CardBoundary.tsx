import { Component, type ReactNode } from "react";
import { FailureNotice } from "../wording/FailureNotice.tsx";

/**
 * Isolates a card that fails to render: the others can still be read and stopped.
 *
 * @param props.title The message shown in its place.
 */
export class CardBoundary extends Component<{ title: string; children: ReactNode }, { failure: unknown }> {
  override state: { failure: unknown } = { failure: undefined };

  static getDerivedStateFromError(failure: unknown): { failure: unknown } {
    return { failure: failure ?? new Error("unknown") };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <section className="card" aria-label={this.props.title}>
        <p className="strong">{this.props.title}</p>
        <FailureNotice error={failure} />
      </section>
    );
  }
}
