import { type Chain, type Client, isAddressEqual, type LocalAccount, type Transport } from "viem";
import { encodeRenounce } from "../encoding/encodeRenounce.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { jsonOf } from "../errors/json.ts";
import type { Grant } from "../grant/Grant.ts";
import { invalidRequest } from "../handoff/invalidRequest.ts";
import type { PermissionRequest } from "../handoff/PermissionRequest.ts";
import type { PermissionResponse } from "../handoff/permissionResponse.ts";
import {
  type PermissionHandoff,
  type PermissionHandoffParameters,
  requestPermissions,
} from "../handoff/requestPermissions.ts";
import { getChainId, waitForTransactionReceipt } from "../internal/chainActions.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import { hashSession } from "../session/hashSession.ts";
import { declinedByOwner, invalidParams, ProviderRpcError, RPC_ERROR } from "./ProviderRpcError.ts";
import type { PermissionProvider, ProviderRequest } from "./permissionProvider.ts";
import { supportedPermissions } from "./readPermissions.ts";
import { sessionStandings } from "./sessionStandings.ts";

/** Parameters of {@link handoffPermissionProvider}. */
export type HandoffPermissionProviderParameters = Omit<PermissionHandoffParameters, "permissions"> & {
  /** Gets each request before the wait for its owner: the link and its codes to show, `receive` for a pasted answer. */
  onHandoff?(handoff: PermissionHandoff): void;
};

type KeyClient = Client<Transport, Chain | undefined, LocalAccount>;

/**
 * An EIP-1193 provider for an agent without a wallet: {@link permissionProvider} is for wallets. Its
 * `wallet_requestExecutionPermissions` (ERC-7715) goes to an owner over the hand-off link, and ends when the owner has
 * answered on the page: see {@link requestPermissions}.
 *
 * - `wallet_getSupportedExecutionPermissions`: what the page supports.
 * - `wallet_getGrantedExecutionPermissions`: what this provider has received, as long as it is neither revoked nor expired.
 * - `wallet_revokeExecutionPermission`: renounces the session, if `sender` is its key.
 * - All other methods go to the client's node.
 *
 * Errors of these methods are {@link ProviderRpcError}: 4001 if the owner declines, -32602 for permissions that are not
 * supported, -32003 (where only the chain was read -32603) for whatever else fails, with the {@link Refusal} as `cause`.
 *
 * @throws {InvalidInput} INVALID_INPUT: neither `output` nor `onHandoff` would show the link.
 *
 * @example
 * const provider = handoffPermissionProvider({ client, sender: key, page, name: "Research Bot", output: process.stderr });
 * const wallet = createClient({ transport: custom(provider) }).extend(erc7715ProviderActions());
 */
export function handoffPermissionProvider(
  parameters: HandoffPermissionProviderParameters,
): Pick<PermissionProvider, "request"> {
  const { onHandoff, ...options } = parameters;
  const { client, sender } = options;
  if (!onHandoff && !options.output)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "Nothing would show the link to the owner.",
      metaMessages: ["Pass output, for example process.stderr, or onHandoff."],
    });
  const received: { grant: Grant; responses: readonly PermissionResponse[] }[] = [];

  const methods: { readonly [method: string]: (params: unknown) => Promise<unknown> } = {
    async wallet_requestExecutionPermissions(params) {
      if (!Array.isArray(params)) throw invalidRequest("The parameters are not an array of permissions.");
      const handoff = await requestPermissions({
        ...options,
        permissions: params as readonly PermissionRequest[],
      });
      onHandoff?.(handoff);
      const [grant, responses] = await Promise.all([handoff.answer, handoff.responses]);
      received.push({ grant, responses });
      return responses;
    },
    wallet_getSupportedExecutionPermissions: async () => supportedPermissions(await getChainId(client)),
    async wallet_getGrantedExecutionPermissions() {
      const standings = await Promise.all(
        received.map(({ grant: { module, session } }) =>
          sessionStandings(client, { account: session.account, module }, [
            { id: hashSession(session), session },
          ]),
        ),
      );
      return received.flatMap(({ responses }, index) => (standings[index]?.[0]?.isAlive ? responses : []));
    },
    async wallet_revokeExecutionPermission(params) {
      const [asked] = (Array.isArray(params) ? params : [params]) as [{ permissionContext?: unknown }?];
      const context = String(asked?.permissionContext).toLowerCase();
      const found = received.find(({ responses }) =>
        responses.some((response) => response.context.toLowerCase() === context),
      );
      if (!found) throw invalidRequest("The permission context is not one that this provider has received.");
      if (!sender || !isAddressEqual(sender.address, found.grant.session.key))
        throw new InvalidInput({
          code: "INVALID_SIGNER",
          shortMessage: "The sender is not the permission's key.",
          metaMessages: ["Have the owner stop it on the page, or pass the key as sender."],
        });
      const hash = await sendOnce({ ...client, account: sender } as KeyClient, encodeRenounce(found.grant));
      await waitForTransactionReceipt(client, { hash });
      // Not nothing, which some clients take for a failure.
      return {};
    },
  };
  return {
    async request({ method, params }: ProviderRequest) {
      if (!Object.hasOwn(methods, method)) return client.request({ method, params } as never);
      try {
        return await methods[method]?.(params);
      } catch (error) {
        throw rpcErrorOf(error, method.startsWith("wallet_get") ? RPC_ERROR.internal : RPC_ERROR.failed);
      }
    },
  };
}

/**
 * @param code Where nothing more is known. Clients repeat a request for `internal`; for the others they do not, so the owner is
 * not asked again.
 */
function rpcErrorOf(
  error: unknown,
  code: typeof RPC_ERROR.internal | typeof RPC_ERROR.failed,
): ProviderRpcError {
  if (isRefusal(error, "DECLINED")) return declinedByOwner(error);
  if (isRefusal(error, "INVALID_REQUEST")) return invalidParams(error);
  return new ProviderRpcError(isRefusal(error) ? error.shortMessage : "The request failed.", {
    code,
    ...(isRefusal(error) && { data: { code: error.code, details: jsonOf(error.details) } }),
    cause: error,
  });
}
