export { memoryPermissionStore, type PermissionStore } from "./PermissionStore.ts";
export type { PermissionToReview } from "./PermissionToReview.ts";
export { ProviderRpcError } from "./ProviderRpcError.ts";
export {
  type InnerProvider,
  type PermissionProvider,
  type PermissionProviderParameters,
  type ProviderRequest,
  permissionProvider,
} from "./permissionProvider.ts";
export type { Justification } from "./readPermissions.ts";
export type { AskOwner } from "./requestPermissions.ts";
