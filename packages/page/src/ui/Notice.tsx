import type { ReactNode } from "react";
import { Mark } from "./Mark.tsx";

/** `note`: information. `warn`: read before allowing. `strong`: money may be lost. */
export type NoticeTone = "note" | "warn" | "strong";

const marks = { note: "note", warn: "warn", strong: "stop" } as const;

/** Something to know before deciding. Part of the screen, not an event: see `Alert` for failures. */
export const Notice = ({
  tone = "note",
  title,
  children,
}: {
  tone?: NoticeTone;
  title?: ReactNode;
  children?: ReactNode;
}) => (
  <div className={`notice notice--${tone}`}>
    <Mark name={marks[tone]} className="notice__mark" />
    <div className="notice__body">
      {title && <p className="notice__title">{title}</p>}
      {children}
    </div>
  </div>
);
