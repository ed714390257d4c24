/**
 * Where Chromium is, for the tests of the page: `CHROMIUM_PATH`, or the first that is found under the usual names. As
 * root on Debian a missing one is installed from the distribution.
 *
 *     node scripts/chromium.ts        prints the path
 */
import { findProgram } from "./findProgram.ts";

/** The path of a Chromium that can be started. @throws As {@link findProgram}. */
export const findChromium = (): string =>
  findProgram({
    title: "Chromium",
    user: "The tests of the page",
    variable: "CHROMIUM_PATH",
    // Chrome takes the same commands.
    names: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
    package: "chromium",
  });

if (import.meta.main) {
  try {
    console.log(findChromium());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
