import { type Address, encodeFunctionData, erc20Abi, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseList } from "../internal/parseList.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { hashSession } from "../session/hashSession.ts";
import type { BalanceFloor } from "./BalanceFloor.ts";
import { encodeEnable } from "./encodeEnable.ts";
import { encodeReviewableEnable } from "./encodeReviewableEnable.ts";
import { encodeRevoke } from "./encodeRevoke.ts";

/**
 * The calls with which an account replaces one session with another: the guards, then revoke the old one, then enable the new one.
 * For the account to send, in one batch, all or none.
 *
 * A guard is a transfer of `amount` from the account to itself. It moves nothing, and fails where the account holds less
 * than that: if the old session, on either rail, has paid since the amount was read. Incoming money
 * hides as much outgoing, and so does a token whose balances grow by themselves. A fee-on-transfer token
 * would charge the guard too: {@link replaceSession} refuses those, this function cannot know.
 *
 * @param parameters.floors From {@link readBalanceFloors}. An amount of 0 needs no guard: there was nothing to spend.
 * @throws {InvalidInput} INVALID_GRANT: both are the same session, or of different accounts or modules; MALFORMED_SESSION;
 * INVALID_ADDRESS; INVALID_INPUT.
 */
export function encodeReplaceSession(parameters: {
  old: SessionCarrier;
  replacement: SessionCarrier;
  floors: readonly BalanceFloor[];
  /** Whether the batch also shows the new session: see {@link encodeReviewableEnable}. Default: no. */
  reviewable?: boolean;
}): EncodedCall[] {
  const { old, replacement, floors, reviewable = false } = parameters;
  const { account } = sessionIn(old);
  if (!isAddressEqual(account, sessionIn(replacement).account))
    throw mismatch(
      "The sessions have different accounts.",
      "Propose the new session for the old one's account.",
    );
  if (parseAddress(old.module, "old.module") !== parseAddress(replacement.module, "replacement.module"))
    throw mismatch(
      "The sessions have different modules.",
      "Propose the new session with the old one's module, or revoke and enable them one after the other.",
    );
  if (hashSession(sessionIn(old)) === hashSession(sessionIn(replacement)))
    throw mismatch(
      "Both sessions are the same, which could not be enabled again once it is revoked.",
      "Propose it again: each proposal has its own salt.",
    );
  return loggable([
    ...parseList(floors, "floors", readFloor)
      .filter(({ amount }) => amount > 0n)
      .map((floor) => guard(account, floor)),
    encodeRevoke(old),
    ...(reviewable ? encodeReviewableEnable(replacement) : [encodeEnable(replacement)]),
  ]);
}

const readFloor = (floor: BalanceFloor, path: string): BalanceFloor => ({
  token: parseAddress(floor?.token, `${path}.token`),
  amount: parseWhole(floor.amount, `${path}.amount`, 1n << 256n),
});

const guard = (account: Address, { token, amount }: BalanceFloor): EncodedCall =>
  isAddressEqual(token, zeroAddress)
    ? { to: account, value: amount, data: "0x" }
    : {
        to: token,
        value: 0n,
        data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [account, amount] }),
      };

const mismatch = (shortMessage: string, metaMessage: string) =>
  new InvalidInput({ code: "INVALID_GRANT", shortMessage, metaMessages: [metaMessage] });
