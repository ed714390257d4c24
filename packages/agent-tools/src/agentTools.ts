import { type AgentSource, openSource } from "./AgentSource.ts";
import type { AgentTool } from "./AgentTool.ts";
import { checkPrice } from "./tools/checkPrice.ts";
import { getLimits } from "./tools/getLimits.ts";
import { listPayments } from "./tools/listPayments.ts";
import { payRequest } from "./tools/payRequest.ts";
import { requestMore } from "./tools/requestMore.ts";
import { requestSession } from "./tools/requestSession.ts";
import { sendPayment } from "./tools/sendPayment.ts";
import { stop } from "./tools/stop.ts";

/** The tools of one agent. */
export type AgentTools = {
  tools: readonly AgentTool[];
  /** Stops waiting for the owner's answer. */
  close(): Promise<void>;
};

/**
 * The tools with which a model pays inside a session. None of them raises a limit, adds a payee or shows the key: what is
 * missing is asked of the owner, by a link that a person opens.
 *
 * It opens nothing: without a folder, a node or a session each tool says what is missing. A session that arrives later, from
 * this process or another one, is found at the next call.
 *
 * @example
 * const { tools } = agentTools({ dir: "agent", rpc, page, name: "Research Bot" });
 */
export function agentTools(source: AgentSource): AgentTools {
  const open = openSource(source);
  const tools = [
    getLimits,
    checkPrice,
    payRequest,
    sendPayment,
    listPayments,
    requestSession,
    requestMore,
    stop,
  ].map((tool) => tool(open));
  return { tools, close: () => open.close() };
}
