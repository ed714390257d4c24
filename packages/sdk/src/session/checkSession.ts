import { type Address, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { PERMIT2 } from "./permit2.ts";
import { readSession } from "./readSession.ts";
import { ANYONE, type Session } from "./Session.ts";
import { MOST } from "./schema.ts";

/**
 * What can be wrong with a session's shape: the contract's `Flaw`. WIDTH is the SDK's own: a value does not
 * fit its field, so it cannot be encoded.
 */
export type Flaw =
  | "PARTIES"
  | "WINDOW"
  | "WIDTH"
  | "TOKEN"
  | "LIMITS"
  | "STREAM"
  | "SLOTS"
  | "RECIPIENTS"
  | "TARGET"
  | "OPERATOR"
  | "ENCODING";

/**
 * Checks every bound that the module checks when a session is enabled, so that no one signs what the chain will
 * reject. Problems of a session that the chain would accept (a condition that can be bypassed, an end that never
 * comes) are reported by {@link describeSession}.
 *
 * @param session Any session.
 * @param module The module's address, if known: a session may not name it.
 * @throws {InvalidInput} MALFORMED_SESSION with `details.flaw` and, for budgets and actions, `details.index`; INVALID_ADDRESS: the module's.
 */
export function checkSession(session: Session, module?: Address): void {
  if (module !== undefined) parseAddress(module, "module");
  const { account, key, budgets, actions } = readSession(session);
  const isOneOf = (address: Address, ...forbidden: (Address | undefined)[]) =>
    forbidden.some((other) => other !== undefined && isAddressEqual(address, other));

  if (isOneOf(account, zeroAddress)) throw malformed("PARTIES", 0, "The account is the zero address.");
  if (isOneOf(key, zeroAddress, account))
    throw malformed("PARTIES", 0, "The key must not be zero or the account.");
  if (session.validUntil < 2 || session.validUntil <= session.validAfter || session.validUntil >= 2 ** 47)
    throw malformed(
      "WINDOW",
      0,
      "The session must end after it starts, and below 2^47 seconds of Unix time.",
    );
  if (budgets.length > MOST.budgets)
    throw malformed("ENCODING", 0, `A session has at most ${MOST.budgets} budgets.`);
  if (actions.length > MOST.actions)
    throw malformed("ENCODING", 0, `A session has at most ${MOST.actions} actions.`);

  for (const [index, budget] of budgets.entries()) {
    const { token, perTransaction, perPeriod, period, initial, perSecond } = budget;
    const { signatures, sizes, recipients } = budget;
    const flawed = (flaw: Flaw, says: string) =>
      malformed(flaw, index, `Budget ${index} (${token}): ${says}`);
    if (isOneOf(token, account, module, PERMIT2))
      throw flawed("TOKEN", "the token is the account, the module or Permit2.");
    if (budgets.slice(0, index).some((other) => isAddressEqual(other.token, token)))
      throw flawed("TOKEN", "the token already has a budget.");
    if (perTransaction === 0n || perTransaction > perPeriod || period === 0)
      throw flawed(
        "LIMITS",
        "the limit per payment must be above zero and must not exceed the limit of a period.",
      );
    if (perSecond === 0n && initial > 0n) throw flawed("STREAM", "initial needs perSecond.");
    if (perSecond > 0n && signatures > 0) throw flawed("STREAM", "a stream cannot be paid by signatures.");
    if (![0, 1, 2, 4, 6].includes(signatures))
      throw flawed("SLOTS", "signatures must be 0 (none), 1 (EIP-3009), or 2, 4 or 6 (Permit2).");
    if (signatures === 0 && sizes !== 0) throw flawed("SLOTS", "sizes must be 0 if signatures is 0.");
    if (signatures > 0) {
      if (sizes > MOST.sizes || sizes === 0) throw flawed("SLOTS", "sizes must be 1 to 8.");
      if (isOneOf(token, zeroAddress)) throw flawed("SLOTS", "the native coin cannot be paid by signatures.");
      // Each size is a quarter of the one before, with Permit2 a half.
      if (perTransaction >> BigInt((signatures === 1 ? 2 : 1) * (sizes - 1)) === 0n)
        throw flawed("SLOTS", "the smallest signed payment would be worth 0; use fewer sizes.");
      if (perPeriod / perTransaction >= 1n << 32n)
        throw flawed(
          "SLOTS",
          "with signatures the limit of a period must be below 2^32 times the limit per payment.",
        );
    }
    const anyone = recipients.some((recipient) => isOneOf(recipient, ANYONE));
    if (
      recipients.length === 0 ||
      recipients.length > MOST.recipients ||
      recipients.some((recipient) => isOneOf(recipient, zeroAddress)) ||
      (anyone && recipients.length > 1)
    )
      throw flawed("RECIPIENTS", "there must be 1 to 32 recipients other than zero, or ANYONE alone.");
  }

  for (const [index, action] of actions.entries()) {
    const flawed = (flaw: Flaw, says: string) => malformed(flaw, index, `Action ${index}: ${says}`);
    if (isOneOf(action.target, zeroAddress, account, module, PERMIT2, ...budgets.map(({ token }) => token)))
      throw flawed(
        "TARGET",
        "the target must not be zero, the account, the module, Permit2 or a budget's token.",
      );
    if (action.rules.length > MOST.rules) throw flawed("ENCODING", `there are at most ${MOST.rules} rules.`);
    for (const rule of action.rules) {
      if (rule.op > 5) throw flawed("OPERATOR", "a rule's operator must be a number from 0 to 5.");
    }
  }
}

const malformed = (flaw: Flaw, index: number, shortMessage: string) =>
  new InvalidInput({
    code: "MALFORMED_SESSION",
    shortMessage,
    metaMessages: ["The module would reject this session. Correct it and propose it again."],
    details: { flaw, index },
  });
