/** Where the contracts are: imported as `@latchkey/sdk/addresses`, without anything else of the SDK. */
export { deployedAddresses } from "../generated/addresses/deployedAddresses.ts";
export { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
export { addressOf } from "./addressOf.ts";
export type { LatchkeyContract } from "./findAddress.ts";
