/**
 * Scrolls what has just appeared into the part of the view that nothing covers, and no further than it must: what is in
 * sight already stays where it is. It jumps, so that nobody's wish for less motion is passed over.
 */
export function reveal(element: Element | null): void {
  const bar = element?.closest(".bar");
  // A bar that sticks to the edge of the view is always in sight.
  if (bar && getComputedStyle(bar).position === "sticky") return;
  element?.scrollIntoView({ block: "nearest", behavior: "instant" });
}
