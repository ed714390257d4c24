/** How a Safe installs and removes Latchkey; for ERC-7579 accounts: `@latchkey/sdk/erc7579`. */
export type { AccountKind } from "./AccountKind.ts";
export type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";
export type { SafeCall } from "./safe/SafeCall.ts";
export { type SafeVersion, SENTINEL_MODULE, safeAddresses } from "./safe/safeAddresses.ts";
export {
  passkeyVerifiers,
  type SafeCreation,
  type SafeCreationParameters,
  safeCreation,
  safeInitializer,
} from "./safe/safeCreation.ts";
export { safeFallbackHandler } from "./safe/safeFallbackHandler.ts";
export { type SafeInstallationParameters, safeInstallation } from "./safe/safeInstallation.ts";
export type { PasskeyAssertion } from "./safe/safePasskeySignature.ts";
export { type SafeRemovalParameters, safeRemoval } from "./safe/safeRemoval.ts";
export type { SafeSignatureRail } from "./safe/safeSignatureRail.ts";
