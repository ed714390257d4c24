import "../../environment/noTelemetry.ts";
import {
  type PermissionProviderParameters,
  type PermissionToReview,
  permissionProvider,
} from "@latchkey/sdk/permissions";
import { erc7715ProviderActions } from "@metamask/smart-accounts-kit/actions";
import { createWalletClient, custom } from "viem";

/** The types of MetaMask's permissions that spend, with data of each; `token` for those of an ERC-20. */
export const spendingPermissions = (token: `0x${string}`) =>
  [
    { type: "native-token-allowance", data: { allowanceAmount: 100n } },
    { type: "native-token-periodic", data: { periodAmount: 100n, periodDuration: 3600 } },
    { type: "native-token-stream", data: { amountPerSecond: 2n, initialAmount: 10n, maxAmount: 100n } },
    { type: "erc20-token-allowance", data: { tokenAddress: token, allowanceAmount: 100n } },
    { type: "erc20-token-periodic", data: { tokenAddress: token, periodAmount: 100n, periodDuration: 3600 } },
    {
      type: "erc20-token-stream",
      data: { tokenAddress: token, amountPerSecond: 2n, initialAmount: 10n, maxAmount: 100n },
    },
  ] as const;

/** What the owner's wallet was asked. */
export type WalletLog = {
  /** What it showed, request by request. */
  shown: (readonly PermissionToReview[])[];
  /** What the inner provider got. */
  passed: unknown[];
};

/** A wallet with the provider, and a site that speaks to it through MetaMask's kit. */
export function openSite(parameters: PermissionProviderParameters) {
  const log: WalletLog = { shown: [], passed: [] };
  const inner = {
    async request(request: { method: string; params?: unknown }) {
      log.passed.push(request);
      return "the wallet's own answer";
    },
  };
  const provider = permissionProvider(inner, {
    ...parameters,
    async grant(permissions) {
      log.shown.push(permissions);
      return parameters.grant(permissions);
    },
  });
  const site = createWalletClient({ transport: custom(provider) }).extend(erc7715ProviderActions());
  const revoke = (permissionContext: unknown): Promise<unknown> =>
    provider.request({ method: "wallet_revokeExecutionPermission", params: { permissionContext } });
  return { provider, site, log, revoke };
}
