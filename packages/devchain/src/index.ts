/**
 * A development chain with what people have: genuine USDC, WETH, Permit2, Safe and EntryPoint, Latchkey, and a shop that is paid
 * by x402. `startDevChain` starts one; the functions beside it put the same on any other development chain.
 */

export type { DevSafe } from "./createSafe.ts";
export { DevChainError, type DevChainErrorCode } from "./DevChainError.ts";
export {
  ENTRY_POINT_VERSIONS,
  type EntryPoint,
  type EntryPointVersion,
  installEntryPoints,
  PLENTY_OF_GAS,
  paymasterHead,
  type UserOpDraft,
  type UserOpGas,
  type UserOpOutcome,
} from "./EntryPoint.ts";
export {
  createFacilitator,
  type Facilitator,
  type ServedFacilitator,
  serveFacilitator,
} from "./facilitator.ts";
export type { Faucet } from "./faucet.ts";
export { installLatchkey, type LatchkeyContracts } from "./latchkey.ts";
export { type Fault, type Merchant, type Offer, openMerchant } from "./merchant.ts";
export { createPasskey, type Passkey } from "./passkey.ts";
export { installPermit2, PERMIT2, permit2Abi } from "./permit2.ts";
export { RELAYER } from "./relayer.ts";
export {
  type ContractNetwork,
  DETERMINISTIC_DEPLOYMENT_PROXY,
  deployCanonically,
  FALLBACK_HANDLER_SLOT,
  fallbackHandlerOf,
  installSafe,
  type PasskeyContracts,
  SAFE_SINGLETON_FACTORY,
  SAFE_VERSIONS,
  type SafeContracts,
  type SafeVersion,
  type SafeVersionContracts,
} from "./safe.ts";
export { type PageChain, type ServedPage, type ServePageParameters, servePage } from "./servePage.ts";
export {
  type DevChain,
  type DevChainOptions,
  type DevShop,
  type ShopItem,
  startDevChain,
} from "./startDevChain.ts";
export {
  type ChainReader,
  openTestChain,
  type Provider,
  type TestChain,
  type Transaction,
} from "./TestChain.ts";
export {
  installUsdc,
  transferWithAuthorizationTypes,
  USDC,
  type Usdc,
  type UsdcChain,
  usdcAbi,
} from "./usdc.ts";
export { installWeth, WETH, wethAbi } from "./weth.ts";
export { installX402Proxies } from "./x402Proxies.ts";
