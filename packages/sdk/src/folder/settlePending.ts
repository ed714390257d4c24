import type { Chain, Client, LocalAccount, Transport } from "viem";
import { isRefusal } from "../errors/isRefusal.ts";
import type { RefusalCode } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { type HandoffAnswerParameters, parseHandoffAnswer } from "../handoff/parseHandoffAnswer.ts";
import { settleHandoff } from "../handoff/settleHandoff.ts";
import type { AgentFolder } from "./agentFolder.ts";

/** With these another attempt would end the same: the owner has to be asked again. */
const FOR_GOOD: readonly RefusalCode[] = ["DECLINED", "INVALID_ANSWER", "EXPIRED", "REVOKED", "WRONG_EPOCH"];

/**
 * Settles an answer that an agent received but could not settle: it had no gas, or was killed. The owner need not tap again.
 *
 * @param parameters.sender Pays the gas. Default: the agent's key.
 * @returns The grant, which is saved; undefined if no answer waits, or if it can no longer be settled.
 * @throws {Refusal} As {@link settleHandoff}: NO_GAS, NETWORK and others that may pass. The answer is kept.
 */
export async function settlePending(
  folder: AgentFolder,
  client: Client<Transport, Chain | undefined>,
  { sender, modules }: { sender?: LocalAccount } & Pick<HandoffAnswerParameters, "modules"> = {},
): Promise<Grant | undefined> {
  const stored = await folder.pending.read();
  if (stored?.answer === undefined) return undefined;
  try {
    const answer = parseHandoffAnswer(stored.answer, stored.request, modules ? { modules } : {});
    const grant = await settleHandoff(client, answer, { sender: sender ?? (await folder.key()) });
    await folder.saveGrant(grant);
    await folder.pending.clear();
    return grant;
  } catch (error) {
    if (!FOR_GOOD.some((code) => isRefusal(error, code))) throw error;
    await folder.pending.clear();
    return undefined;
  }
}
