/** What needs Node's own modules: imported as `@latchkey/sdk/node`, so that `@latchkey/sdk` runs in browsers. */
export { readKeyFile } from "./files/readKeyFile.ts";
export { writeKeyFile } from "./files/writeKeyFile.ts";
export { printHandoff } from "./handoff/printHandoff.ts";
export {
  requestSession,
  type SessionHandoff,
  type SessionHandoffParameters,
} from "./handoff/requestSession.ts";
export { fileSlotStore } from "./x402/fileSlotStore.ts";
