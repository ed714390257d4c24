import { type RefObject, useEffect, useRef } from "react";
import { reveal } from "./reveal.ts";

/**
 * Scrolls an element into view whenever its message appears or changes.
 *
 * @param said The message; empty or undefined for none.
 */
export function useReveal<element extends Element>(said: unknown): RefObject<element | null> {
  const shown = useRef<element>(null);
  useEffect(() => {
    if (said) reveal(shown.current);
  }, [said]);
  return shown;
}
