import { parseGrant } from "../grant/parseGrant.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseList } from "../internal/parseList.ts";
import type { GrantedAnswer, HandoffAnswer } from "./HandoffAnswer.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { type PermissionResponse, permissionResponse } from "./permissionResponse.ts";
import { requestSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

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
  const parsed = requestSchema.safeParse(request);
  if (!parsed.success) throw invalidRequest("The request is malformed.", schemaFaults(parsed.error));
  joinPermissions(parsed.data);
  const { answer: form } = parsed.data;
  const { status } = answer;
  const head = { version: HANDOFF_VERSION, nonce: parseHex(answer.nonce, "nonce") };
  if (status === "declined")
    return JSON.stringify(
      form === "erc7715"
        ? { code: USER_REJECTED, message: "The owner declined the request." }
        : { ...head, status },
    );
  if (status !== "granted") throw invalidAnswer("The answer is neither granted nor declined.");
  const transactions = parseList(answer.transactions, "transactions", ({ to, data, value }, path) => ({
    to: parseAddress(to, `${path}.to`),
    data: parseHex(data, `${path}.data`),
    value,
  }));
  const grant = parseGrant(answer.grant);
  return JSON.stringify(
    form === "erc7715"
      ? permissionResponses({ grant, transactions }, request)
      : { ...head, status, grant, transactions },
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
