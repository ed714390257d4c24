/** What needs Node's own modules: imported as `@latchkey/sdk/node`, so that `@latchkey/sdk` runs in browsers. */
export { fileSlotStore } from "./x402/fileSlotStore.ts";
