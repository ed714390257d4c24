import { useEffect, useState } from "react";

/**
 * This device's clock, in milliseconds of Unix time, once a second. It also moves as soon as the page comes back to the
 * front, as browsers hold the ticks of pages behind.
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
