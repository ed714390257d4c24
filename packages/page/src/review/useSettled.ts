import { useEffect, useRef, useState } from "react";

/** Milliseconds. People need about this long to stop a click when the screen changes. */
export const SETTLING = 1000;

/**
 * Whether the page has been visible, focused and unchanged for a second. A site that opened or overlays this page could
 * time a change so that a click meant for something else hits a button.
 *
 * @param shown What is shown, as text; undefined if there is nothing to answer.
 * @returns `settled` for the button's appearance, `isSettled` for the moment of the click: a click that focuses the
 * window arrives before the page is rendered again.
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
    // A timer may fire slightly early.
    isSettled: () => performance.now() - since.current >= SETTLING - 20,
  };
}
