import type { Hash } from "viem";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { AccountSender, PayingClient, ReadingClient } from "./AccountSender.ts";
import { sendAsAccount } from "./sendAsAccount.ts";

/** Has a session's account send calls about it: for revoking, pausing and resuming. */
export async function sendForSession(
  client: PayingClient | ReadingClient,
  { grant, ...sender }: { grant: Grant | Proposal } & AccountSender,
  encode: (grant: Grant | Proposal) => readonly EncodedCall[],
): Promise<Hash> {
  await requireGrantChain(client, grant);
  const { account } = sessionIn(grant);
  return sendAsAccount(client, {
    account,
    accountKind: grant.accountKind,
    calls: encode(grant),
    ...sender,
  });
}
