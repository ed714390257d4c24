import { type ReactNode, useEffect, useRef } from "react";

/**
 * What answers a screen: its buttons, and above them what goes on and what failed. It stays at the lower edge of the view
 * while the screen is read. On very low or zoomed views it stands at the end instead.
 */
export function Bar({ children }: { children: ReactNode }): ReactNode {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (!element) return;
    const { style } = document.documentElement;
    // What has the focus, or was revealed, must not lie behind the bar: browsers keep clear of this padding.
    const watch = new ResizeObserver(() => {
      const isSticky = getComputedStyle(element).position === "sticky";
      style.scrollPaddingBottom = isSticky ? `${element.offsetHeight + 16}px` : "";
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      style.scrollPaddingBottom = "";
    };
  }, []);
  return (
    <div className="bar" ref={bar}>
      {children}
    </div>
  );
}
