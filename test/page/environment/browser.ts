import { type Browser, chromium } from "playwright-core";
import { findChromium } from "../../../scripts/chromium.ts";

/** What the page is looked at on, in CSS pixels. */
export const VIEWPORTS = {
  phone: { width: 360, height: 640 },
  desktop: { width: 1280, height: 800 },
} as const;
export type ViewportName = keyof typeof VIEWPORTS;

let started: Promise<Browser> | undefined;

/** The one Chromium of the run. Each test has a context of its own in it, which shares nothing with others. */
export function browser(): Promise<Browser> {
  started ??= chromium.launch({
    executablePath: findChromium(),
    headless: true,
    // Chromium has no sandbox for root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return started;
}

// Of the whole run, whichever of its files were asked for.
after(async () => {
  await (await started)?.close();
});
