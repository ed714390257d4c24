/** For the tests of those who use Latchkey: imported as `@latchkey/sdk/testing`. */
export { deployLatchkey } from "./deployLatchkey.ts";
