/** For tests of apps that use Latchkey: imported as `@latchkey/sdk/testing`. */
export { deployLatchkey } from "./deployLatchkey.ts";
