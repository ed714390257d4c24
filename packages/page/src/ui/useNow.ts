import { useEffect, useState } from "react";

/**
 * This device's clock, in milliseconds of Unix time, updated every second. It also updates when the page becomes
 * visible, since browsers throttle timers of hidden pages.
 */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    const timer = setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, []);
  return now;
}
