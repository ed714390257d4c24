import { jsonOf } from "../errors/json.ts";
import type { GrantedAnswer, HandoffAnswer } from "./HandoffAnswer.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { type PermissionResponse, permissionResponse } from "./permissionResponse.ts";

/** EIP-1193's code of a request that the user rejected. */
export const USER_REJECTED = 4001;

/**
 * An answer as text, in the form that its request names; read by {@link parseHandoffAnswer}. It holds no secret.
 *
 * Where a request asks for ERC-7715's form, this is the array of responses alone. All of them have the same context, as
 * their permissions became one session; what must be mined before it works is in `dependencies`. An owner who declines gives
 * EIP-1193's error 4001.
 *
 * @throws {InvalidGrant} INVALID_GRANT: the grant is not one of the request.
 * @throws {InvalidInput} INVALID_REQUEST; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT.
 */
export function serializeHandoffAnswer(answer: HandoffAnswer, request: HandoffRequest): string {
  if (request.answer !== "erc7715") return JSON.stringify(jsonOf(answer));
  return JSON.stringify(
    answer.status === "declined"
      ? { code: USER_REJECTED, message: "The owner declined the request." }
      : permissionResponses(answer, request),
  );
}

/** ERC-7715's response to each permission of a request. */
export const permissionResponses = (
  { grant, transactions }: Pick<GrantedAnswer, "grant" | "transactions">,
  { permissions }: HandoffRequest,
): PermissionResponse[] =>
  permissions.map((permission) => ({
    ...permissionResponse(permission, grant),
    dependencies: transactions.map(({ to, data }) => ({ factory: to, factoryData: data })),
  }));
