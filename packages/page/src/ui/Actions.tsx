import type { ReactNode } from "react";

/** Buttons, side by side where there is room. */
export const Actions = ({ children }: { children: ReactNode }) => <div className="actions">{children}</div>;
