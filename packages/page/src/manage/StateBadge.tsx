import { Mark, type MarkName } from "../ui/Mark.tsx";
import type { CardState } from "./CardState.ts";

const looks: Record<CardState["kind"], { text: string; mark: MarkName; className: string }> = {
  asking: { text: "Loading", mark: "waiting", className: "state" },
  unknown: { text: "Unknown", mark: "unknown", className: "state state--unknown" },
  active: { text: "Active", mark: "active", className: "state state--active" },
  waiting: { text: "Not yet on chain", mark: "waiting", className: "state state--waiting" },
  paused: { text: "Paused", mark: "paused", className: "state state--waiting" },
  notYetValid: { text: "Not started", mark: "waiting", className: "state" },
  notGranted: { text: "Not allowed", mark: "over", className: "state" },
  expired: { text: "Expired", mark: "over", className: "state" },
  stopped: { text: "Stopped", mark: "stop", className: "state" },
};

/** A session's state in a word, with its own icon: no state is shown by colour alone. */
export function StateBadge({ state }: { state: CardState }) {
  const { text, mark, className } = looks[state.kind];
  return (
    <span className={className}>
      <Mark name={mark} className="state__mark" />
      {text}
    </span>
  );
}
