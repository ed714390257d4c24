import type { ReactNode } from "react";
import { reveal } from "./reveal.ts";

/** What is folded away until the reader asks for it. Opened, it is brought into sight. */
export const Disclosure = ({ summary, children }: { summary: string; children: ReactNode }) => (
  <details onToggle={({ currentTarget }) => currentTarget.open && reveal(currentTarget)}>
    <summary>{summary}</summary>
    {children}
  </details>
);
