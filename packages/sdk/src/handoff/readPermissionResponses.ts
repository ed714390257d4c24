import { getAddress, type Hex, isAddressEqual } from "viem";
import * as z from "zod/mini";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { decodePermissionContext } from "../encoding/permissionContext.ts";
import { loggable } from "../errors/json.ts";
import { GRANT_VERSION } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { Session } from "../session/Session.ts";
import { canonicalJson } from "./canonicalJson.ts";
import type { GrantedAnswer, HandoffAnswer } from "./HandoffAnswer.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { joinPermissions } from "./joinPermissions.ts";
import type { PermissionRequest } from "./PermissionRequest.ts";
import { permissionSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";
import { addressSchema, hexSchema } from "./schemas.ts";
import { USER_REJECTED } from "./serializeHandoffAnswer.ts";
import { sessionExcess } from "./sessionExcess.ts";

const declinedSchema = z.strictObject({ code: z.literal(USER_REJECTED), message: z.string() });
const responsesSchema = z.array(
  z.extend(permissionSchema, {
    from: addressSchema,
    context: hexSchema,
    dependencies: z
      .array(z.strictObject({ factory: addressSchema, factoryData: hexSchema }))
      .check(z.maxLength(4)),
    delegationManager: addressSchema,
  }),
);

/**
 * Reads ERC-7715's responses to a request: one for each of its permissions, in their order, all with the context of one
 * session. None may say more than the context allows. Whether that is within the request is left to the caller.
 *
 * @param accountKind Of the granting account: no response names it.
 * @throws {InvalidGrant} INVALID_ANSWER
 */
export function readPermissionResponses(
  json: unknown,
  request: HandoffRequest,
  accountKind: AccountKind,
): HandoffAnswer {
  const head = { version: HANDOFF_VERSION, nonce: request.nonce } as const;
  if (declinedSchema.safeParse(json).success) return { ...head, status: "declined" };
  const parsed = responsesSchema.safeParse(json);
  if (!parsed.success) throw invalidAnswer("The answer is malformed.", schemaFaults(parsed.error));
  const responses = parsed.data;
  const [first] = responses;
  if (!first || responses.length !== request.permissions.length)
    throw invalidAnswer(
      `The answer has ${responses.length} responses; the request has ${request.permissions.length} permissions.`,
    );
  const said = responses.map(
    ({ context: _, dependencies: __, delegationManager: ___, ...permission }) => permission,
  );
  for (const [index, permission] of said.entries())
    if (!isSameKind(permission, request.permissions[index] as PermissionRequest))
      throw invalidAnswer(`Response ${index + 1} is not to permission ${index + 1} of the request.`);
  const termsOf = ({ from, context, dependencies, delegationManager }: (typeof responses)[number]) =>
    canonicalJson({ from, context, dependencies, delegationManager }).toLowerCase();
  if (responses.some((response) => termsOf(response) !== termsOf(first)))
    throw invalidAnswer(
      "The responses differ in their account, context, dependencies or delegation manager.",
    );

  const answer: GrantedAnswer = {
    ...head,
    status: "granted",
    grant: loggable({
      version: GRANT_VERSION,
      chainId: Number(BigInt(first.chainId)),
      module: getAddress(first.delegationManager),
      accountKind,
      ...readContext(first.context),
    }),
    transactions: first.dependencies.map(({ factory, factoryData }) => ({
      to: factory,
      data: factoryData,
      value: "0x0",
    })),
  };
  for (const permission of said) requireTruth(permission, answer.grant.session, request.nonce);
  return answer;
}

/** @throws {InvalidGrant} INVALID_ANSWER: it is not the context of a whole session for its key alone. */
function readContext(context: Hex) {
  try {
    const { session, signature, signed } = decodePermissionContext(context);
    if (signed) throw invalidAnswer("The context is for one execution, not for a session.");
    return { session: sessionIn({ session: session as Session }), signature };
  } catch (cause) {
    throw invalidAnswer("The answer's context cannot be read.", [], cause);
  }
}

/** @throws {InvalidGrant} INVALID_ANSWER: a response says more than its session allows. */
function requireTruth(said: PermissionRequest, session: Session, nonce: Hex): void {
  let promised: Session;
  try {
    const asked = joinPermissions({ nonce, permissions: [said] });
    promised = asked.session({
      ...session,
      account: asked.from ?? session.account,
      validAfter: asked.startTime ?? session.validAfter,
    });
  } catch (cause) {
    throw invalidAnswer("The answer's permissions cannot be read.", [], cause);
  }
  const excess = sessionExcess(promised, session);
  if (excess.length > 0)
    throw invalidAnswer(
      "The answer says more than its context allows.",
      excess.map(({ path }) => path),
    );
}

/** Whether a response is to a permission: of the same chain, key, type and token. What it allows is compared elsewhere. */
const isSameKind = (said: PermissionRequest, asked: PermissionRequest): boolean =>
  BigInt(said.chainId) === BigInt(asked.chainId) &&
  isAddressEqual(said.to, asked.to) &&
  said.permission.type === asked.permission.type &&
  said.permission.isAdjustmentAllowed === asked.permission.isAdjustmentAllowed &&
  String(said.permission.data.tokenAddress).toLowerCase() ===
    String(asked.permission.data.tokenAddress).toLowerCase();
