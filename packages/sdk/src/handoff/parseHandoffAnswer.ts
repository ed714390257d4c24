import { type Address, decodeFunctionData, type Hex, isAddressEqual, isHex } from "viem";
import * as z from "zod/mini";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { erc7579SessionModuleAddress } from "../addresses/erc7579SessionModuleAddress.ts";
import { safeSessionModuleAddress } from "../addresses/safeSessionModuleAddress.ts";
import type { Grant } from "../grant/Grant.ts";
import { parseGrant } from "../grant/parseGrant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { HandoffAnswer, HandoffTransaction } from "./HandoffAnswer.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { parseStrictJson } from "./parseStrictJson.ts";
import { requestedSession } from "./requestedSession.ts";
import { schemaFaults } from "./schemaFaults.ts";
import { addressSchema, bytesSchema } from "./schemas.ts";
import { sessionExcess } from "./sessionExcess.ts";
import { safeProxyFactories, settlementAbi } from "./settlementAbi.ts";

/** In UTF-16 code units. */
const MOST_TEXT = 128 * 1024;

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
          data: z.custom<Hex>(
            (text) => typeof text === "string" && isHex(text) && text.length % 2 === 0,
            "no bytes in hex",
          ),
          value: z.literal("0x0"),
        }),
      )
      .check(z.maxLength(4)),
  }),
  z.strictObject({ ...head, status: z.literal("declined") }),
]);

/** What {@link parseHandoffAnswer} may be told. */
export type HandoffAnswerParameters = {
  /** The session modules that the agent trusts. Default: the canonical ones of this version. */
  modules?: readonly Address[];
};

/**
 * Reads the answer to a request: what a page, a clipboard or a file says, none of which is trusted. It must be for this
 * very request (nonce, chain, key, account if one was named), of a module that is known, and nowhere wider than what was
 * asked; if the request said that nothing may be changed, nowhere narrower either. The transactions in it must be such
 * that an agent may send them: nothing but the creation of a Safe by Safe's own factory, and executions of the granting
 * account, so that nobody has the agent's key speak to a contract of his choice.
 *
 * Whether the account stands by the grant only the chain knows: {@link settleHandoff} or {@link verifyGrant}.
 *
 * @throws {InvalidGrant} INVALID_ANSWER with the faults in `details.faults`.
 */
export function parseHandoffAnswer(
  text: string,
  request: HandoffRequest,
  parameters: HandoffAnswerParameters = {},
): HandoffAnswer {
  if (typeof text !== "string") throw invalidAnswer("The answer is no text.");
  if (text.length > MOST_TEXT) throw invalidAnswer("The answer is longer than any answer is.");
  const read = parseStrictJson(text.trim());
  if ("flaw" in read) throw invalidAnswer(`The answer cannot be read: ${read.flaw}.`);
  const parsed = answerSchema.safeParse(read.value);
  if (!parsed.success)
    throw invalidAnswer("The answer is not of the form that is read here.", schemaFaults(parsed.error));
  const answer = parsed.data;
  if (answer.nonce.toLowerCase() !== request.nonce.toLowerCase())
    throw invalidAnswer("The answer is to another request.");
  if (answer.status === "declined") return answer;

  let grant: Grant;
  try {
    grant = parseGrant(answer.grant);
  } catch (cause) {
    throw invalidAnswer("The answer holds no grant that can be read.", [], cause);
  }
  checkGrant(
    grant,
    request,
    parameters.modules ?? [safeSessionModuleAddress(), erc7579SessionModuleAddress()],
  );
  for (const transaction of answer.transactions) checkTransaction(transaction, grant);
  return { ...answer, grant };
}

function checkGrant(grant: Grant, request: HandoffRequest, modules: readonly Address[]): void {
  const asked = joinPermissions(request);
  if (grant.chainId !== asked.chainId)
    throw invalidAnswer(`The grant is for chain ${grant.chainId}; asked was chain ${asked.chainId}.`);
  if (!modules.some((module) => isAddressEqual(module, grant.module)))
    throw invalidAnswer("The grant is of a module that is not known here.");
  const granted = sessionIn(grant);
  if (!isAddressEqual(granted.key, asked.key)) throw invalidAnswer("The grant is for another key.");
  let requested: ReturnType<typeof requestedSession>;
  try {
    requested = requestedSession(request, { account: granted.account, now: granted.validAfter });
  } catch (cause) {
    throw invalidAnswer("The grant is not one of the sessions that were asked for.", [], cause);
  }
  const excess = sessionExcess(granted, requested);
  if (excess.length > 0)
    throw invalidAnswer(
      "The grant allows more than was asked for.",
      excess.map(({ path, reason }) => `${path}: ${reason}`),
    );
  const mayChange = request.permissions.every(({ permission }) => permission.isAdjustmentAllowed);
  const missing = mayChange ? [] : sessionExcess(requested, granted);
  if (missing.length > 0)
    throw invalidAnswer(
      "The grant allows less than was asked for, and the request said that nothing may be changed.",
      missing.map(({ path }) => path),
    );
}

/** Looks at what an agent is to send in its own name. */
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
      "The answer holds a transaction that neither creates a Safe nor is an execution of the granting one.",
    );
}
