import {
  type Chain,
  type Client,
  type EIP1193RequestFn,
  type Hex,
  InvalidParamsRpcError,
  isAddressEqual,
  type LocalAccount,
  numberToHex,
  type Transport,
  UnsupportedProviderMethodError,
  UserRejectedRequestError,
} from "viem";
import { encodeRenounce } from "../encoding/encodeRenounce.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { Refusal } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import { getChainId, waitForTransactionReceipt } from "../internal/chainActions.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import { invalidRequest } from "./invalidRequest.ts";
import type { PermissionResponse } from "./permissionResponse.ts";
import { LATCHKEY_SESSION, permissionTypes } from "./permissionTypes.ts";
import {
  type PermissionHandoff,
  type PermissionHandoffParameters,
  requestPermissions,
} from "./requestPermissions.ts";

/** Parameters of {@link handoffPermissionProvider}. */
export type HandoffPermissionProviderParameters = Omit<PermissionHandoffParameters, "permissions"> & {
  /** Gets each request before the wait for its owner: the link and its codes to show, `receive` for a pasted answer. */
  onHandoff?(handoff: PermissionHandoff): void;
};

type KeyClient = Client<Transport, Chain | undefined, LocalAccount>;

/**
 * An EIP-1193 provider for an agent without a wallet. Its `wallet_requestExecutionPermissions` (ERC-7715) goes to an owner
 * over the hand-off link, and ends when the owner has answered on the page: see {@link requestPermissions}.
 *
 * - `wallet_getSupportedExecutionPermissions`: what the page supports.
 * - `wallet_getGrantedExecutionPermissions`: what this provider has received, as long as it is neither revoked nor expired.
 * - `wallet_revokeExecutionPermission`: renounces the session, if `sender` is its key.
 * - All other methods go to the client's node.
 *
 * Errors have EIP-1193's codes: 4001 if the owner declines, -32602 for permissions that are not supported.
 *
 * @throws {InvalidInput} INVALID_INPUT: neither `output` nor `onHandoff` would show the link.
 *
 * @example
 * const provider = handoffPermissionProvider({ client, sender: key, page, name: "Research Bot", output: process.stderr });
 * const wallet = createClient({ transport: custom(provider) }).extend(erc7715ProviderActions());
 */
export function handoffPermissionProvider(parameters: HandoffPermissionProviderParameters): {
  request: EIP1193RequestFn;
} {
  const { onHandoff, ...options } = parameters;
  const { client, sender } = options;
  if (!onHandoff && !options.output)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "Nothing would show the link to the owner.",
      metaMessages: ["Pass output, for example process.stderr, or onHandoff."],
    });
  const received: { grant: Grant; responses: readonly PermissionResponse[] }[] = [];

  async function requestExecutionPermissions(permissions: unknown): Promise<readonly PermissionResponse[]> {
    if (!Array.isArray(permissions)) throw invalidRequest("The parameters are not an array of permissions.");
    const handoff = await requestPermissions({ ...options, permissions });
    onHandoff?.(handoff);
    const [grant, responses] = await Promise.all([handoff.answer, handoff.responses]);
    received.push({ grant, responses });
    return responses;
  }

  async function supportedExecutionPermissions() {
    const chainIds = [numberToHex(await getChainId(client))];
    return Object.fromEntries(
      Object.keys(permissionTypes).map((type) => [
        type,
        {
          chainIds,
          ruleTypes: type === LATCHKEY_SESSION ? ["expiry", "redeemer"] : ["expiry", "payee", "redeemer"],
        },
      ]),
    );
  }

  async function grantedExecutionPermissions(): Promise<PermissionResponse[]> {
    const verdicts = await Promise.all(received.map(({ grant }) => verifyGrant(client, grant)));
    return received.flatMap(({ responses }, index) => {
      const verdict = verdicts[index];
      const isUsable =
        verdict?.valid === true ||
        (verdict !== undefined && ["NOT_YET_VALID", "PAUSED"].includes(verdict.reason.code));
      return isUsable ? responses : [];
    });
  }

  async function revokeExecutionPermission(params: unknown): Promise<null> {
    const [asked] = (Array.isArray(params) ? params : [params]) as [{ permissionContext?: Hex }?];
    const context = String(asked?.permissionContext).toLowerCase();
    const found = received.find(({ responses }) =>
      responses.some((response) => response.context.toLowerCase() === context),
    );
    if (!found) throw invalidRequest("The permission context is not one that this provider has received.");
    if (!sender || !isAddressEqual(sender.address, found.grant.session.key))
      throw new UnsupportedProviderMethodError(
        new Refusal({
          code: "NOT_KEY",
          shortMessage: "The sender is not the permission's key.",
          metaMessages: ["Have the owner stop it on the page, or pass the key as sender."],
        }),
        { method: "wallet_revokeExecutionPermission" },
      );
    const hash = await sendOnce({ ...client, account: sender } as KeyClient, encodeRenounce(found.grant));
    await waitForTransactionReceipt(client, { hash });
    return null;
  }

  const answer = (method: string, params: unknown): Promise<unknown> => {
    switch (method) {
      case "wallet_requestExecutionPermissions":
        return requestExecutionPermissions(params);
      case "wallet_getSupportedExecutionPermissions":
        return supportedExecutionPermissions();
      case "wallet_getGrantedExecutionPermissions":
        return grantedExecutionPermissions();
      case "wallet_revokeExecutionPermission":
        return revokeExecutionPermission(params);
      default:
        return client.request({ method, params } as never);
    }
  };
  return {
    request: (async ({ method, params }: { method: string; params?: unknown }) => {
      try {
        return await answer(method, params);
      } catch (error) {
        if (isRefusal(error, "DECLINED")) throw new UserRejectedRequestError(error);
        if (isRefusal(error, "INVALID_REQUEST")) throw new InvalidParamsRpcError(error);
        throw error;
      }
    }) as EIP1193RequestFn,
  };
}
