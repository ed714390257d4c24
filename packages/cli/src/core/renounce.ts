import { hashSession, renounceSession } from "@latchkey/sdk";
import { agentFolder } from "@latchkey/sdk/node";
import { createClient, custom, type Hash } from "viem";
import { getChainId, waitForTransactionReceipt } from "viem/actions";
import { CommandError } from "./CommandError.ts";
import { type ConnectParameters, connect } from "./connection.ts";
import { EXIT } from "./exitCodes.ts";
import { requireGas } from "./requireGas.ts";
import { sessionGrant } from "./sessionGrant.ts";

/**
 * Ends a session for good, by a transaction of its own key.
 *
 * @returns Once it is mined.
 * @throws {CommandError} NOT_GRANTED, NO_NODE; CALL_FAILED: the transaction reverted.
 * @throws {Refusal} As renounceSession.
 */
export async function renounce(parameters: ConnectParameters): Promise<{ transaction: Hash; id: string }> {
  const { grant } = await sessionGrant(parameters.folder);
  const { client } = await connect(parameters);
  const key = await (await agentFolder(parameters.folder)).key();
  // A node of another chain knows nothing of the key's gas.
  if ((await getChainId(client)) === grant.chainId) await requireGas(client, key.address);
  const wallet = createClient({
    account: key,
    transport: custom({ request: client.request }, { retryCount: 0 }),
    pollingInterval: client.pollingInterval,
  });
  const transaction = await renounceSession(wallet, { grant });
  const { status } = await waitForTransactionReceipt(client, { hash: transaction });
  if (status === "success") return { transaction, id: hashSession(grant.session) };
  throw new CommandError({
    code: "CALL_FAILED",
    exitCode: EXIT.refused,
    message: "The transaction reverted: the session was not renounced.",
    whatToDo: ["Try again, or have the owner revoke it."],
    details: { transaction },
  });
}
