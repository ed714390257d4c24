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
    // What has the focus, or was revealed, must not lie behind the bar: the style sheet has it keep clear of that.
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
