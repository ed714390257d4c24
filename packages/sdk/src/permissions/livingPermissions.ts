import { isAddressEqual } from "viem";
import { decodePermissionContext } from "../encoding/permissionContext.ts";
import type { PermissionResponse } from "../handoff/permissionResponse.ts";
import { getChainId } from "../internal/chainActions.ts";
import type { GrantingAccount } from "./GrantingAccount.ts";
import { sessionStandings } from "./sessionStandings.ts";

/**
 * Those of an account's granted permissions whose sessions may still be used: not revoked, of the account's current epoch, not over. Paused
 * ones are among them, as the owner may resume them.
 */
export async function livingPermissions(
  { client, account, module }: GrantingAccount,
  granted: readonly PermissionResponse[],
): Promise<PermissionResponse[]> {
  if (granted.length === 0) return [];
  const chainId = await getChainId(client);
  const own = granted.filter(
    (one) =>
      Number(one.chainId) === chainId &&
      isAddressEqual(one.from, account) &&
      isAddressEqual(one.delegationManager, module),
  );
  const standings = await sessionStandings(
    client,
    { account, module },
    own.map(({ context }) => decodePermissionContext(context)),
  );
  return own.filter((_, index) => standings[index]?.isAlive);
}
