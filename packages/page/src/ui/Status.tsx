import type { ReactNode } from "react";

/**
 * A line about what goes on. It stands on the screen from the start, empty: only what changes within a live region is
 * said by screen readers, and the room for it is kept.
 *
 * @param props.busy Something is under way.
 */
export const Status = ({ busy = false, children }: { busy?: boolean; children?: ReactNode }) => (
  <div className="status" role="status">
    {children && (
      <span className="status__line">
        {busy && <span className="spinner" aria-hidden="true" />}
        <span>{children}</span>
      </span>
    )}
  </div>
);
