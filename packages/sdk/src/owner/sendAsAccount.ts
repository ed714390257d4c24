import type { Address, Hash } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { decodeError } from "../errors/decodeError.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { outcomeUnknown } from "../errors/outcomeUnknown.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { AccountSender, PayingClient, ReadingClient } from "./AccountSender.ts";
import { executeAsSafe } from "./executeAsSafe.ts";

/**
 * Makes an account execute calls, all or none: through the given sender, otherwise as a Safe.
 *
 * @throws {Refusal} UNSUPPORTED_ACCOUNT: no sender, and the account is not a Safe; INVALID_SIGNER: no sender, and the client
 * has no account to pay the gas; otherwise as {@link executeAsSafe}, or the sender's error: OUTCOME_UNKNOWN if its
 * connection failed.
 */
export async function sendAsAccount(
  client: PayingClient | ReadingClient,
  parameters: { account: Address; accountKind: AccountKind; calls: readonly EncodedCall[] } & AccountSender,
): Promise<Hash> {
  const { account, accountKind, calls, owner, multiSendCallOnly, send } = parameters;
  if (send)
    try {
      return await send(calls);
    } catch (error) {
      const refusal = decodeError(error);
      throw refusal.code === "NETWORK" ? outcomeUnknown({ from: account }, error) : refusal;
    }
  if (!accountAdapterOf(accountKind).owners?.ofSafe)
    throw new InvalidInput({
      code: "UNSUPPORTED_ACCOUNT",
      shortMessage: `An account of kind ${accountKind} needs its owner's own client to act.`,
      metaMessages: ["Pass send: (calls) => bundlerClient.sendUserOperation({ account, calls })."],
      details: { accountKind },
    });
  if (!isPaying(client))
    throw new InvalidInput({
      code: "INVALID_SIGNER",
      shortMessage: "The client has no account to pay the gas.",
      metaMessages: ["Pass a viem wallet client with an account, or send."],
    });
  return executeAsSafe(client, {
    safe: account,
    calls,
    ...(owner === undefined ? {} : { owner }),
    ...(multiSendCallOnly === undefined ? {} : { multiSendCallOnly }),
  });
}

const isPaying = (client: PayingClient | ReadingClient): client is PayingClient =>
  client.account !== undefined && "signTypedData" in client;
