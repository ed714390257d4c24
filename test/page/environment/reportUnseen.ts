/**
 * A script for every page of a human, as text: it reports on the console what the policy blocked, where Chromium itself
 * says nothing of it, and every alert that is not wholly in sight within a moment after it appeared.
 */
export const reportUnseen = `
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error("Content Security Policy: " + violatedDirective + " blocked " + blockedURI));
  const faultOf = (alert) => {
    const box = alert.getBoundingClientRect();
    const bar = Array.from(document.querySelectorAll(".bar")).find(
      (one) => getComputedStyle(one).position === "sticky" && !one.contains(alert) && one.offsetHeight > 0);
    const lowest = bar ? bar.getBoundingClientRect().top : innerHeight;
    if (box.height > 0 && (box.top < 0 || Math.round(box.bottom) > Math.round(lowest)))
      return "Out of sight, at " + box.top + " to " + box.bottom + " of " + lowest + ": " + alert.textContent;
  };
  // Once it was in sight, the reader may scroll away from it.
  const watch = (alert, tries) => {
    const fault = faultOf(alert);
    if (fault && tries > 0) requestAnimationFrame(() => watch(alert, tries - 1));
    else if (fault) console.error(fault);
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node instanceof Element)
          for (const alert of [node, ...node.querySelectorAll("*")])
            if (alert.matches("[role=alert]")) watch(alert, 15);
  }).observe(document, { subtree: true, childList: true });
`;
