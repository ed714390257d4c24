import type { Address, Chain, Client, Transport } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
import type { Grant } from "../grant/Grant.ts";
import { getChainId } from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { GrantingAccount } from "./GrantingAccount.ts";
import { livingPermissions } from "./livingPermissions.ts";
import { memoryPermissionStore, type PermissionStore } from "./PermissionStore.ts";
import { declinedByOwner, isDeclined, ProviderRpcError, RPC_ERROR } from "./ProviderRpcError.ts";
import { supportedPermissions } from "./readPermissions.ts";
import { type AskOwner, requestPermissions } from "./requestPermissions.ts";
import { revokePermission } from "./revokePermission.ts";

/** An EIP-1193 request. */
export type ProviderRequest = { method: string; params?: unknown };

/** The part of an EIP-1193 provider that is used: a wallet's own, viem's, or any other. */
export type InnerProvider = {
  request(request: never, options?: never): Promise<unknown>;
  on?(event: never, listener: never): unknown;
  removeListener?(event: never, listener: never): unknown;
};

/** An EIP-1193 provider that also answers ERC-7715. */
export type PermissionProvider<inner extends InnerProvider = InnerProvider> = Pick<
  inner,
  Extract<keyof inner, "on" | "removeListener">
> & {
  /** @throws {ProviderRpcError} For the methods of ERC-7715; for others, what the inner provider throws. */
  // biome-ignore lint/suspicious/noExplicitAny: as each method has its own result, EIP-1193 has none.
  request(request: ProviderRequest, options?: unknown): Promise<any>;
};

/** The account whose permissions are granted, and how its owner decides. */
export type PermissionProviderParameters = {
  /** Any viem client of the account's chain. */
  client: Client<Transport, Chain | undefined>;
  /** The granting account: deployed, with the session module. */
  account: Address;
  accountKind: AccountKind;
  /** The session module. Default: the canonical one for the kind of account. */
  module?: Address;
  /**
   * Shows the owner all permissions of a request and has the owner grant them: by {@link signGrant} of each proposal, or by a batch
   * that enables them all, whose grants are made by {@link enabledGrant}. Where `isAdjustmentAllowed`, the owner may lower a proposal's session
   * first. Return the grants in the same order, or undefined if the owner declines.
   *
   * A site gets all grants or none. So enable them in one batch: a session that is enabled can be used, whatever the site is told.
   */
  grant: AskOwner;
  /**
   * Asks the owner whether a session shall be revoked, and has the account revoke it: by {@link revokeSession}. Resolves once the transaction is
   * mined; rejects if the owner declines.
   */
  revoke: (grant: Grant) => Promise<unknown>;
  /** Where the site's permissions are kept. Default: in memory. */
  store?: PermissionStore;
};

/**
 * Adds ERC-7715 to an EIP-1193 provider: sites can request permissions to spend from an account, list what was
 * granted, and have it revoked. Every other method is passed on.
 *
 * Make one for each site, with a store of its own: what a site lists is what it was granted.
 *
 * Answered are `wallet_requestExecutionPermissions`, `wallet_getSupportedExecutionPermissions`,
 * `wallet_getGrantedExecutionPermissions` and `wallet_revokeExecutionPermission`. Each permission becomes a session of its
 * own, for the types that `docs/erc7715.md` lists; what the chain would not enforce exactly is refused. Its context is redeemed at the
 * session module (ERC-7710).
 *
 * @param inner The wallet's own provider. It need not know anything of sessions.
 * @throws {Refusal} INVALID_ADDRESS; UNSUPPORTED_ACCOUNT
 *
 * @example
 * const provider = permissionProvider(window.ethereum, {
 *   client,
 *   account: safe,
 *   accountKind: "safe",
 *   async grant(permissions) {
 *     if (!(await ownerAgrees(permissions))) return undefined;
 *     return Promise.all(permissions.map(({ proposal }) => signGrant(passkey, proposal)));
 *   },
 *   async revoke(grant) {
 *     const hash = await revokeSession(wallet, { grant, owner: passkey });
 *     await client.waitForTransactionReceipt({ hash });
 *   },
 * });
 */
export function permissionProvider<inner extends InnerProvider>(
  inner: inner,
  parameters: PermissionProviderParameters,
): PermissionProvider<inner> {
  const { client, accountKind, grant, revoke, store = memoryPermissionStore() } = parameters;
  const adapter = accountAdapterOf(accountKind);
  const granting: GrantingAccount = {
    client,
    account: parseAddress(parameters.account, "account"),
    accountKind,
    module:
      parameters.module === undefined
        ? deterministicAddresses[adapter.module]
        : parseAddress(parameters.module, "module"),
  };
  const one = oneAtATime();
  const methods: { readonly [method: string]: (params: unknown) => Promise<unknown> } = {
    wallet_requestExecutionPermissions: (params) =>
      one((asking) =>
        requestPermissions(
          granting,
          params,
          (permissions) => asking(() => grant(permissions)),
          (responses) => store.add(responses),
        ),
      ),
    wallet_revokeExecutionPermission: (params) =>
      one(async (asking) => {
        await revokePermission(granting, params, (granted) => asking(() => revoke(granted)));
        // Not nothing, which some clients take for a failure.
        return {};
      }),
    wallet_getSupportedExecutionPermissions: async () => supportedPermissions(await getChainId(client)),
    wallet_getGrantedExecutionPermissions: async () => livingPermissions(granting, await store.list()),
  };
  return {
    ...eventsOf(inner),
    async request(request: ProviderRequest, options?: unknown) {
      // Read once, so that the inner provider gets no other method than was compared.
      const { method, params } = request;
      if (!Object.hasOwn(methods, method)) {
        const passed = params === undefined ? { method } : { method, params };
        return inner.request(passed as never, ...((options === undefined ? [] : [options]) as never[]));
      }
      try {
        return await methods[method]?.(params);
      } catch (error) {
        if (error instanceof ProviderRpcError) throw error;
        // What it says may be for the wallet alone.
        throw new ProviderRpcError("The wallet could not answer.", {
          code: RPC_ERROR.internal,
          cause: error,
        });
      }
    },
  } as PermissionProvider<inner>;
}

/** The inner provider's events, with their own `this`. */
function eventsOf(inner: InnerProvider): Partial<InnerProvider> {
  const { on, removeListener } = inner;
  return {
    ...(on && { on: on.bind(inner) }),
    ...(removeListener && { removeListener: removeListener.bind(inner) }),
  };
}

/**
 * Lets one request at a time reach the owner: a site must not be able to bury one question under another. What fails from the
 * moment on that the owner is asked gets a code that no client repeats the request for.
 */
function oneAtATime() {
  let isOpen = false;
  return async <answer>(
    run: (asking: <asked>(ask: () => Promise<asked>) => Promise<asked>) => Promise<answer>,
  ): Promise<answer> => {
    if (isOpen)
      throw new ProviderRpcError("Another request is open. Wait for its answer.", {
        code: RPC_ERROR.unavailable,
      });
    isOpen = true;
    let wasAsked = false;
    try {
      return await run((ask) => {
        wasAsked = true;
        return ask();
      });
    } catch (error) {
      if (!wasAsked || error instanceof ProviderRpcError) throw error;
      if (isDeclined(error)) throw declinedByOwner(error);
      throw new ProviderRpcError("The owner was asked, but the request failed.", {
        code: RPC_ERROR.failed,
        cause: error,
      });
    } finally {
      isOpen = false;
    }
  };
}
