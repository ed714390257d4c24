import { bytesToHex, type LocalAccount } from "viem";
import { getChainId } from "../internal/chainActions.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { type HandoffOptions, openHandoff, type SessionHandoff } from "./openHandoff.ts";
import type { PermissionRequest } from "./PermissionRequest.ts";
import { MOST_RESPONSES } from "./parseHandoffAnswer.ts";
import type { PermissionResponse } from "./permissionResponse.ts";
import { permissionResponses } from "./serializeHandoffAnswer.ts";

/** Parameters of {@link requestPermissions}. */
export type PermissionHandoffParameters = HandoffOptions & {
  /** The agent's name, 1 to 64 characters. */
  name: string;
  /** As `wallet_requestExecutionPermissions` takes them, all for one key on one chain: they become one session. */
  permissions: readonly PermissionRequest[];
  /** Pays the gas of the answer's transactions. Default: the client's account. */
  sender?: LocalAccount;
};

/** A pending request for permissions. */
export type PermissionHandoff = SessionHandoff & {
  /** ERC-7715's response to each permission, in their order, once they work; rejects as `answer` does. */
  responses: Promise<PermissionResponse[]>;
};

/**
 * Requests permissions of ERC-7715 from an owner with a link to a page, as {@link requestSession} requests a session. The
 * answer is ERC-7715's array of responses. Before it is accepted, its context is decoded and compared with the request; then the
 * grant is verified on the chain.
 *
 * @throws {InvalidInput} INVALID_REQUEST: the permissions cannot be one session, or are for another chain than the client's.
 *
 * @example
 * const handoff = await requestPermissions({ client, page, name: "Research Bot", permissions, output: process.stderr });
 * const [{ context, delegationManager }] = await handoff.responses;
 */
export async function requestPermissions(
  parameters: PermissionHandoffParameters,
): Promise<PermissionHandoff> {
  const { name, permissions, ...options } = parameters;
  const handoff = await openHandoff(
    async (at) => {
      const nonce = bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(16)));
      const request: HandoffRequest = {
        version: HANDOFF_VERSION,
        name,
        nonce,
        ...at,
        answer: "erc7715",
        permissions,
      };
      const { chainId } = joinPermissions(request);
      const connected = await getChainId(options.client);
      if (chainId !== connected)
        throw invalidRequest(
          `The permissions are for chain ${chainId}; the client is connected to chain ${connected}.`,
          [],
          "Use a client of the permissions' chain.",
        );
      return request;
    },
    { ...options, mostBody: MOST_RESPONSES },
  );
  const responses = handoff.answer.then((grant) =>
    permissionResponses({ grant, transactions: [] }, handoff.request),
  );
  responses.catch(() => {});
  return { ...handoff, responses };
}
