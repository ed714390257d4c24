import { isAddressEqual } from "viem";
import { encodeEnable } from "../encoding/encodeEnable.ts";
import { encodeRevoke } from "../encoding/encodeRevoke.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { executedCalls } from "./executedCalls.ts";
import type { GrantedAnswer } from "./HandoffAnswer.ts";
import { invalidAnswer } from "./invalidAnswer.ts";

/**
 * Checks that the answer to a request for a replacement replaces: the account revokes the old session and enables the new one in
 * one execution, and the new one works by nothing else. Otherwise the limits of both would add up.
 *
 * @param old From `replacedGrant`.
 * @throws {InvalidGrant} INVALID_ANSWER
 */
export function checkReplacement({ grant, transactions }: GrantedAnswer, old: SessionCarrier): void {
  const { module, session, signature } = grant;
  if (!isAddressEqual(module, old.module))
    throw invalidAnswer("The grant has another module than the session to replace.");
  if (signature !== "0x")
    throw invalidAnswer("The grant has a signature, so it works without the end of the old session.");
  const executions = transactions.filter(({ to }) => isAddressEqual(to, session.account));
  const [calls, ...others] = executions.map(executedCalls);
  if (!calls || others.length > 0)
    throw invalidAnswer("The answer does not replace the old session in one batch of calls.");
  const [revoked, enabled, ...more] = calls.filter(({ to }) => isAddressEqual(to, module));
  const isSame = (one: typeof revoked, other: typeof enabled) =>
    one && one.data.toLowerCase() === other?.data.toLowerCase();
  if (!isSame(revoked, encodeRevoke(old)) || !isSame(enabled, encodeEnable(grant)) || more.length > 0)
    throw invalidAnswer(
      "The answer's batch does not revoke the old session and enable the new one, and nothing else.",
    );
}
