import { type RefObject, useEffect, useRef } from "react";
import { reveal } from "./reveal.ts";

/**
 * Brings an element into sight whenever it begins to say something, or says something else.
 *
 * @param said What it says; empty or undefined: nothing.
 */
export function useReveal<element extends Element>(said: unknown): RefObject<element | null> {
  const shown = useRef<element>(null);
  useEffect(() => {
    if (said) reveal(shown.current);
  }, [said]);
  return shown;
}
