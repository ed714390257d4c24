import { type Address, decodeFunctionData, isAddressEqual } from "viem";
import * as z from "zod/mini";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { erc7579SessionModuleAddress } from "../addresses/erc7579SessionModuleAddress.ts";
import { safeSessionModuleAddress } from "../addresses/safeSessionModuleAddress.ts";
import type { Grant } from "../grant/Grant.ts";
import { parseGrant } from "../grant/parseGrant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { checkReplacement } from "./checkReplacement.ts";
import type { HandoffAnswer, HandoffTransaction } from "./HandoffAnswer.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { parseStrictJson } from "./parseStrictJson.ts";
import { readPermissionResponses } from "./readPermissionResponses.ts";
import { replacedGrant } from "./replacedGrant.ts";
import { requestedSession } from "./requestedSession.ts";
import { schemaFaults } from "./schemaFaults.ts";
import { addressSchema, bytesSchema, hexSchema } from "./schemas.ts";
import { sessionExcess } from "./sessionExcess.ts";
import { safeProxyFactories, settlementAbi } from "./settlementAbi.ts";

/** In UTF-16 code units. */
const MOST_TEXT = 128 * 1024;
/** Of ERC-7715's form, in which each permission repeats the context of its session, and what must be mined first. */
export const MOST_RESPONSES = 256 * 1024;

const head = { version: z.literal(HANDOFF_VERSION), nonce: bytesSchema(16) };
const answerSchema = z.discriminatedUnion("status", [
  z.strictObject({
    ...head,
    status: z.literal("granted"),
    grant: z.unknown(),
    transactions: z
      .array(
        z.strictObject({
          to: addressSchema,
          data: hexSchema,
          value: z.literal("0x0"),
        }),
      )
      .check(z.maxLength(4)),
  }),
  z.strictObject({ ...head, status: z.literal("declined") }),
]);

/** Options of {@link parseHandoffAnswer}. */
export type HandoffAnswerParameters = {
  /** The session modules that the agent trusts. Default: the canonical ones of this version. */
  modules?: readonly Address[];
  /** Of the granting account, which an answer in the form of ERC-7715 does not name. Default: `safe`. */
  accountKind?: AccountKind;
};

/**
 * Parses the answer to a request from a page, a clipboard or a file, none of which is trusted, in the form that the request
 * names. It must be for this request (nonce, chain, key, account if one was named; ERC-7715's form has no nonce), with a known module, and nowhere wider than what was
 * requested; if the request allows no changes, nowhere narrower either. Its transactions must be safe for an agent
 * to send: only the creation of a Safe with Safe's own factory, and executions of the granting
 * account, so that no one can make the agent's key call another contract. If the request replaces a session, its one execution
 * must revoke that session and enable the granted one, which has no other way to work.
 *
 * Only the chain knows whether the account accepts the grant: {@link settleHandoff} or {@link verifyGrant}.
 *
 * @throws {InvalidGrant} INVALID_ANSWER with the faults in `details.faults`.
 */
export function parseHandoffAnswer(
  text: string,
  request: HandoffRequest,
  parameters: HandoffAnswerParameters = {},
): HandoffAnswer {
  if (typeof text !== "string") throw invalidAnswer("The answer is not a string.");
  if (text.length > (request.answer === "erc7715" ? MOST_RESPONSES : MOST_TEXT))
    throw invalidAnswer("The answer is too long.");
  const read = parseStrictJson(text.trim());
  if ("flaw" in read) throw invalidAnswer(`The answer cannot be read: ${read.flaw}.`);
  const answer =
    request.answer === "erc7715"
      ? readPermissionResponses(read.value, request, parameters.accountKind ?? "safe")
      : readAnswer(read.value, request);
  if (answer.status === "declined") return answer;
  checkGrant(
    answer.grant,
    request,
    parameters.modules ?? [safeSessionModuleAddress(), erc7579SessionModuleAddress()],
  );
  for (const transaction of answer.transactions) checkTransaction(transaction, answer.grant);
  const old = replacedGrant(request);
  if (old) checkReplacement(answer, old);
  return answer;
}

function readAnswer(json: unknown, request: HandoffRequest): HandoffAnswer {
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw invalidAnswer("The answer is malformed.", schemaFaults(parsed.error));
  const answer = parsed.data;
  if (answer.nonce.toLowerCase() !== request.nonce.toLowerCase())
    throw invalidAnswer("The answer is for another request.");
  if (answer.status === "declined") return answer;
  try {
    return { ...answer, grant: parseGrant(answer.grant) };
  } catch (cause) {
    throw invalidAnswer("The answer's grant cannot be read.", [], cause);
  }
}

function checkGrant(grant: Grant, request: HandoffRequest, modules: readonly Address[]): void {
  const asked = joinPermissions(request);
  if (grant.chainId !== asked.chainId)
    throw invalidAnswer(
      `The grant is for chain ${grant.chainId}; the request is for chain ${asked.chainId}.`,
    );
  if (!modules.some((module) => isAddressEqual(module, grant.module)))
    throw invalidAnswer("The grant has an unknown module.");
  const granted = sessionIn(grant);
  if (!isAddressEqual(granted.key, asked.key)) throw invalidAnswer("The grant is for another key.");
  let requested: ReturnType<typeof requestedSession>;
  try {
    requested = requestedSession(request, { account: granted.account, now: granted.validAfter });
  } catch (cause) {
    throw invalidAnswer("The grant is not for a requested session.", [], cause);
  }
  const excess = sessionExcess(granted, requested);
  if (excess.length > 0)
    throw invalidAnswer(
      "The grant allows more than was requested.",
      excess.map(({ path, reason }) => `${path}: ${reason}`),
    );
  const mayChange = request.permissions.every(({ permission }) => permission.isAdjustmentAllowed);
  const missing = mayChange ? [] : sessionExcess(requested, granted);
  if (missing.length > 0)
    throw invalidAnswer(
      "The grant allows less than was requested, and the request allows no changes.",
      missing.map(({ path }) => path),
    );
}

/** Checks what an agent would send with its own key. */
function checkTransaction({ to, data }: HandoffTransaction, grant: Grant): void {
  let functionName: string | undefined;
  try {
    ({ functionName } = decodeFunctionData({ abi: settlementAbi, data }));
  } catch {
    functionName = undefined;
  }
  const isCreation =
    functionName === "createProxyWithNonce" && safeProxyFactories.some((one) => isAddressEqual(one, to));
  const isExecution = functionName === "execTransaction" && isAddressEqual(to, grant.session.account);
  if (accountAdapterOf(grant.accountKind).sendsUserOps || !(isCreation || isExecution))
    throw invalidAnswer(
      "The answer contains a transaction that neither creates a Safe nor is an execution of the granting one.",
    );
}
