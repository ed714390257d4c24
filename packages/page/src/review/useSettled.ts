import { useEffect, useRef, useState } from "react";

/** Milliseconds. Who sees something else than a moment ago needs about as long to take the finger back. */
export const SETTLING = 1000;

/**
 * Whether the reader has had something before them, unchanged, for a second: the page in view and in front. Whoever opened
 * this page, or lies over it, can time a change so that a click that was meant for something else falls on a button.
 *
 * @param shown What is before the reader, as text; undefined: nothing that could be answered.
 * @returns `settled` for the button's look, `isSettled` for the moment of the click: a click that brings the window to the
 * front comes before the page is drawn anew.
 */
export function useSettled(shown: string | undefined): { settled: boolean; isSettled: () => boolean } {
  const [settledOn, setSettledOn] = useState<string>();
  const since = useRef(Number.POSITIVE_INFINITY);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = () => {
      clearTimeout(timer);
      setSettledOn(undefined);
      since.current = Number.POSITIVE_INFINITY;
      if (shown === undefined || document.hidden) return;
      since.current = performance.now();
      timer = setTimeout(() => setSettledOn(shown), SETTLING);
    };
    begin();
    document.addEventListener("visibilitychange", begin);
    window.addEventListener("focus", begin);
    window.addEventListener("blur", begin);
    window.addEventListener("pageshow", begin);
    window.addEventListener("hashchange", begin);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", begin);
      window.removeEventListener("focus", begin);
      window.removeEventListener("blur", begin);
      window.removeEventListener("pageshow", begin);
      window.removeEventListener("hashchange", begin);
    };
  }, [shown]);
  return {
    settled: shown !== undefined && settledOn === shown,
    // A timer may fire a moment early.
    isSettled: () => performance.now() - since.current >= SETTLING - 20,
  };
}
