/** Functions that need Node's own modules: imported as `@latchkey/sdk/node`, so that `@latchkey/sdk` runs in browsers. */
export { ensureKey } from "./agent/ensureKey.ts";
export { fileLedger } from "./agent/ledger/fileLedger.ts";
export { readGrantFile } from "./agent/readGrantFile.ts";
export { readKeyFile } from "./agent/readKeyFile.ts";
export { writeGrantFile } from "./agent/writeGrantFile.ts";
export { writeKeyFile } from "./agent/writeKeyFile.ts";
export { filePaymentStore } from "./agent/x402/filePaymentStore.ts";
export { type AgentFolder, agentFolder } from "./folder/agentFolder.ts";
export { type AskForMoreParameters, askForMore, settleMore } from "./folder/askForMore.ts";
export type { MoreRequests, UnsettledMore } from "./folder/moreRequests.ts";
export { onePaymentFor } from "./folder/onePaymentFor.ts";
export {
  type AgentMoreOptions,
  type AgentRequest,
  type OpenAgent,
  type OpenAgentParameters,
  openAgent,
} from "./folder/openAgent.ts";
export type { PendingRequest, StoredRequest } from "./folder/pendingRequest.ts";
export { settlePending } from "./folder/settlePending.ts";
export type { HandoffOptions, SessionHandoff } from "./handoff/openHandoff.ts";
export { printHandoff } from "./handoff/printHandoff.ts";
export type { RefusalToRaise } from "./handoff/refusedPayment.ts";
export { type MoreParameters, type MoreRequest, requestMore } from "./handoff/requestMore.ts";
export {
  type PermissionHandoff,
  type PermissionHandoffParameters,
  requestPermissions,
} from "./handoff/requestPermissions.ts";
export { requestSession, type SessionHandoffParameters } from "./handoff/requestSession.ts";
export { writePrivateFile } from "./internal/writePrivateFile.ts";
export {
  type HandoffPermissionProviderParameters,
  handoffPermissionProvider,
} from "./permissions/handoffPermissionProvider.ts";
