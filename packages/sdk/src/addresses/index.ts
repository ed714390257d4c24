/** The contracts' addresses: imported as `@latchkey/sdk/addresses`, without the rest of the SDK. */
export { deployedAddresses } from "../generated/addresses/deployedAddresses.ts";
export { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
export { addressOf } from "./addressOf.ts";
export { erc7579SessionModuleAddress } from "./erc7579SessionModuleAddress.ts";
export type { LatchkeyContract } from "./findAddress.ts";
export { safeSessionHandlerAddress } from "./safeSessionHandlerAddress.ts";
export { safeSessionModuleAddress } from "./safeSessionModuleAddress.ts";
export { sessionLensAddress } from "./sessionLensAddress.ts";
