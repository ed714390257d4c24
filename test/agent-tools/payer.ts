/** A process that makes one payment with the tools: `payer.ts <folder> <node> <input>`; prints the answer. */
import { agentTools } from "@latchkey/agent-tools";

const [dir = "", rpc = "", input = ""] = process.argv.slice(2);
const { tools } = agentTools({ dir, rpc });
const tool = tools.find(({ name }) => name === "send_payment");
console.log(JSON.stringify(await tool?.run(JSON.parse(input))));
