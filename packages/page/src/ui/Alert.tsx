import type { ReactNode } from "react";
import { Mark } from "./Mark.tsx";

/**
 * Something failed: said at once to screen readers. What happened is the title; what to do stands below.
 *
 * @param props.title One sentence: what happened, and whether anything was changed by it.
 */
export const Alert = ({ title, children }: { title: ReactNode; children?: ReactNode }) => (
  <div className="alert" role="alert">
    <Mark name="stop" className="alert__mark" />
    <div className="alert__body">
      <p className="alert__title">{title}</p>
      {children}
    </div>
  </div>
);
