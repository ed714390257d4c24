import { type Address, bytesToHex, numberToHex } from "viem";
import type { Session } from "../session/Session.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { latchkeySessionData } from "./latchkeySessionData.ts";
import type { LatchkeySessionData } from "./PermissionRequest.ts";
import { LATCHKEY_SESSION } from "./permissionTypes.ts";

/**
 * Seconds by which the only period of a budget outlasts the session. The session starts when it is granted, by the clock of the
 * owner's node: if that is behind the agent's, a period of the asked length would end before the session, and another begin.
 */
const LAG = 86_400;
const LONGEST_PERIOD = 2 ** 32 - 1;

/**
 * The request for a session, with a nonce of its own. The start is left out: the session starts when it is granted.
 *
 * @param parameters.from The granting account, if the owner does not choose it.
 */
export function handoffOf(
  session: Omit<Session, "account" | "epoch" | "salt">,
  parameters: {
    name: string;
    chainId: number;
    isAdjustmentAllowed: boolean;
    from?: Address;
    justification?: string;
    callback?: string;
    replaces?: HandoffRequest["replaces"];
  },
): HandoffRequest {
  const { name, chainId, isAdjustmentAllowed, from, justification, callback, replaces } = parameters;
  const budgets = session.budgets.map((budget) =>
    budget.period < session.validUntil - session.validAfter
      ? budget
      : { ...budget, period: Math.min(budget.period + LAG, LONGEST_PERIOD) },
  );
  const data: LatchkeySessionData = {
    ...latchkeySessionData({ ...session, budgets }),
    ...(justification === undefined ? {} : { justification }),
  };
  return {
    version: HANDOFF_VERSION,
    name,
    nonce: bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(16))),
    ...(callback === undefined ? {} : { callback }),
    ...(replaces === undefined ? {} : { replaces }),
    permissions: [
      {
        chainId: numberToHex(chainId),
        ...(from === undefined ? {} : { from }),
        to: session.key,
        permission: { type: LATCHKEY_SESSION, isAdjustmentAllowed, data },
        rules: [{ type: "expiry", data: { timestamp: session.validUntil } }],
      },
    ],
  };
}
