import type { ReactNode } from "react";
import { reveal } from "./reveal.ts";

/** Content that is collapsed by default and scrolled into view when opened. */
export const Disclosure = ({ summary, children }: { summary: string; children: ReactNode }) => (
  <details onToggle={({ currentTarget }) => currentTarget.open && reveal(currentTarget)}>
    <summary>{summary}</summary>
    {children}
  </details>
);
