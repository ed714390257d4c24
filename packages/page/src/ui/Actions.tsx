import type { ReactNode } from "react";

/**
 * The buttons that answer a screen, side by side where there is room.
 *
 * @param props.sticky They stay at the lower edge of the view while the screen is read. On very low or zoomed views they
 * stand at the end instead.
 */
export const Actions = ({ sticky = false, children }: { sticky?: boolean; children: ReactNode }) => (
  <div className={sticky ? "actions actions--sticky" : "actions"}>{children}</div>
);
