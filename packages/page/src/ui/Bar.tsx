import { type ReactNode, useEffect, useRef } from "react";

/**
 * A screen's action bar: its buttons, with progress and failures above them. It sticks to the bottom of the viewport.
 * On very short or zoomed viewports it comes at the end instead.
 */
export function Bar({ children }: { children: ReactNode }): ReactNode {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (!element) return;
    const { style } = document.documentElement;
    // The focused or revealed element must not be hidden behind the bar: the style sheet reserves this height.
    const watch = new ResizeObserver(() => {
      const isSticky = getComputedStyle(element).position === "sticky";
      style.setProperty("--bar", isSticky ? `${element.offsetHeight}px` : "0px");
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      style.removeProperty("--bar");
    };
  }, []);
  return (
    <div className="bar" ref={bar}>
      {children}
    </div>
  );
}
