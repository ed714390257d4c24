import type { ReactNode } from "react";

/**
 * A status line. It is rendered empty from the start: screen readers announce only changes within a live region, and
 * its space is reserved.
 *
 * @param props.busy Work is in progress.
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
