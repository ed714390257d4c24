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
 * Makes an account perform calls as itself, all or none: by the sender that was passed, else as a Safe.
 *
 * @throws {Refusal} UNSUPPORTED_ACCOUNT: no sender, and the account is no Safe; INVALID_SIGNER: no sender, and the client
 * has no account to pay the gas; else as {@link executeAsSafe}, or what the sender's error says: OUTCOME_UNKNOWN where its
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
      shortMessage: `An account of this kind (${accountKind}) acts by its owner's own client.`,
      metaMessages: [
        "Pass how it acts as send: (calls) => bundlerClient.sendUserOperation({ account, calls }).",
      ],
      details: { accountKind },
    });
  if (!isPaying(client))
    throw new InvalidInput({
      code: "INVALID_SIGNER",
      shortMessage: "The client has no account that could pay the gas.",
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
