import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentTool, AgentTools, AgentToolsOptions, ToolAnswer } from "@latchkey/agent-tools";
import { agentTools } from "@latchkey/agent-tools";
import { type DevChain, type DevChainOptions, type DevSafe, startDevChain } from "@latchkey/devchain";
import { GRANT_VERSION, type Grant, proposeSession, type Session, signGrant } from "@latchkey/sdk";
import { type HandoffRequest, parseHandoffRequest, requestedSession } from "@latchkey/sdk/handoff";
import { agentFolder } from "@latchkey/sdk/node";
import { createPublicClient, http } from "viem";

/** Where the owner's page would be. */
export const page = "http://localhost:4173/";

/** A development chain with a Safe, and agents in folders of their own. */
export type AgentChain = {
  chain: DevChain;
  safe: DevSafe;
  /** A new folder for an agent, which does not exist yet. */
  newDir(): Promise<string>;
  /** Tools of an agent on this chain; closed with the chain. */
  open(
    options: { [name in keyof AgentToolsOptions]?: AgentToolsOptions[name] | undefined } & { dir: string },
  ): AgentTools;
  /** An agent with a session of $1 a payment and $20 a day for the shop, unless told otherwise; its key has gas. */
  newAgent(change?: (session: Session) => Session): Promise<{ dir: string; grant: Grant }>;
  /** What the owner answers on the page: posted to the agent. Returns the HTTP status. */
  answer(link: string, choice?: "grant" | "decline"): Promise<number>;
  /** The owner's answer as text. */
  answerText(request: HandoffRequest, change?: (session: Session) => Session): Promise<string>;
  close(): Promise<void>;
};

/** Starts one. */
export async function startAgentChain(options: DevChainOptions = {}): Promise<AgentChain> {
  const chain = await startDevChain(options);
  const safe = await chain.createSafe();
  await chain.faucet.mintUsdc(safe.address, "1000");
  const folders: string[] = [];
  const opened: AgentTools[] = [];
  const client = createPublicClient({ chain: chain.chain, transport: http(), pollingInterval: 50 });

  async function grantOf(session: Session): Promise<Grant> {
    return signGrant(safe.owner, {
      version: GRANT_VERSION,
      chainId: chain.chainId,
      module: chain.latchkey.module,
      accountKind: "safe",
      session,
    });
  }
  async function answerText(request: HandoffRequest, change = (session: Session) => session) {
    const { timestamp } = await chain.testChain.client.getBlock();
    const session = requestedSession(request, { account: safe.address, now: Number(timestamp) });
    const grant = await grantOf(change(session));
    return JSON.stringify({
      version: 1,
      nonce: request.nonce,
      status: "granted",
      grant,
      transactions: [],
    });
  }
  const newDir = async () => {
    const parent = await mkdtemp(join(tmpdir(), "latchkey-tools-"));
    folders.push(parent);
    return join(parent, "agent");
  };
  return {
    chain,
    safe,
    newDir,
    open(part) {
      const made = agentTools({ client, page, name: "Research Bot", ...part } as AgentToolsOptions);
      opened.push(made);
      return made;
    },
    async newAgent(change = (session) => session) {
      const folder = await agentFolder(await newDir());
      const key = await folder.key();
      await chain.faucet.sendEther(key.address, "1");
      const { session } = await proposeSession(client, {
        account: safe.address,
        key: key.address,
        budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address] } },
        until: "7d",
      });
      const grant = await grantOf(change(session));
      await folder.saveGrant(grant);
      return { dir: folder.dir, grant };
    },
    async answer(link, choice = "grant") {
      const request = parseHandoffRequest(link);
      const body =
        choice === "grant"
          ? await answerText(request)
          : JSON.stringify({ version: 1, nonce: request.nonce, status: "declined" });
      const response = await fetch(request.callback ?? "", {
        method: "POST",
        body,
        headers: { origin: new URL(page).origin, "content-type": "application/json" },
      });
      return response.status;
    },
    answerText,
    async close() {
      await Promise.all(opened.map((each) => each.close()));
      await chain.close();
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}

/** Runs the tool of a name. */
export async function call(
  { tools }: { tools: readonly AgentTool[] },
  name: string,
  input: unknown = {},
  context: Parameters<AgentTool["run"]>[1] = {},
): Promise<ToolAnswer & Record<string, unknown>> {
  const tool = tools.find((each) => each.name === name);
  if (!tool) throw new Error(`there is no tool ${name}`);
  const answer = await tool.run(input, context);
  // Whatever it is, it is what the tool says that it answers, and JSON.
  tool.outputSchema.parse(answer);
  return JSON.parse(JSON.stringify(answer));
}
