/**
 * Scrolls an element that has just appeared into the uncovered part of the viewport, by the least amount; elements
 * already visible do not move. It jumps, to respect a preference for reduced motion.
 */
export function reveal(element: Element | null): void {
  const bar = element?.closest(".bar");
  // A sticky bar is always visible.
  if (bar && getComputedStyle(bar).position === "sticky") return;
  element?.scrollIntoView({ block: "nearest", behavior: "instant" });
}
