import { pathExists, tokenUnit } from "@latchkey/agent-tools";
import { type Grant, hashSession, latchkeyScheme, readLedger, verifyGrant } from "@latchkey/sdk";
import { type AgentFolder, agentFolder } from "@latchkey/sdk/node";
import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  formatEther,
  formatUnits,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import { getBalance, getBlock, getChainId, getCode, readContract } from "viem/actions";
import { type Connection, type ConnectParameters, connect } from "./connection.ts";
import { EXIT, type ExitCode } from "./exitCodes.ts";
import { type Failure, failureOf } from "./failureOf.ts";
import { gasOf } from "./requireGas.ts";
import { HOW_TO_ASK } from "./sessionGrant.ts";

/** One thing that was looked at. */
export type Check = {
  name: string;
  /** `note`: it works, and something should be known. `skipped`: what it needs is missing or wrong. */
  state: "ok" | "note" | "wrong" | "skipped";
  /** What was found. */
  found: string;
  whatToDo: readonly string[];
  /** What a command would end with because of it. */
  exitCode: ExitCode;
};

/** What {@link diagnose} takes. */
export type DiagnoseParameters = ConnectParameters & {
  /** URL of a facilitator of x402 that shall settle the payments. */
  facilitator?: string | undefined;
};

/** Seconds that a machine's clock may be behind or ahead of the chain's last block. */
const CLOCK = { behind: 15, ahead: 300 };

type Reading = Client<Transport, Chain | undefined>;
type Finding = Pick<Check, "found"> & Partial<Pick<Check, "state" | "whatToDo" | "exitCode">>;

/** Looks at everything that a payment needs, from the folder to the facilitator. What is wrong is a result, never thrown. */
export async function diagnose(parameters: DiagnoseParameters): Promise<Check[]> {
  const { folder: path, facilitator } = parameters;
  const checks: Check[] = [];
  /** @returns What the check has found for those after it; undefined if it failed or has nothing to look at. */
  async function check<found>(
    name: string,
    look: (() => Promise<Finding & { result?: found }>) | undefined,
  ): Promise<found | undefined> {
    if (!look) {
      checks.push({ name, state: "skipped", found: "not checked", whatToDo: [], exitCode: EXIT.done });
      return undefined;
    }
    try {
      const { result, found, state = "ok", whatToDo = [], exitCode = EXIT.done } = await look();
      checks.push({ name, state, found, whatToDo, exitCode });
      return state === "wrong" ? undefined : result;
    } catch (error) {
      checks.push({ name, ...wrong(await failureOf(error, { interrupted: false })) });
      return undefined;
    }
  }

  const folder = await check<AgentFolder>("folder", () => lookAtFolder(path));
  await check("store", folder && (() => lookAtStore(folder)));
  const grant = await check<Grant>("grant", folder && (() => lookAtGrant(folder)));
  const connection = await check<Connection>("node", () => lookAtNode(parameters, grant));
  const client = connection?.client;
  const onChain = <result>(
    look: (client: Reading, grant: Grant) => Promise<Finding & { result?: result }>,
  ) => (client && grant ? () => look(client, grant) : undefined);
  await check("clock", client && (() => lookAtClock(client)));
  const hasModule = await check("module", onChain(lookAtModule));
  await check("session", hasModule ? onChain(lookAtSession) : undefined);
  await check("balance", onChain(lookAtBalance));
  await check("payments", hasModule ? onChain((...given) => lookAtPayments(...given, folder)) : undefined);
  await check("gas", onChain(lookAtGas));
  await check(
    "facilitator",
    facilitator === undefined ? undefined : () => lookAtFacilitator(facilitator, grant),
  );
  return checks;
}

const wrong = ({ message, code, whatToDo, exitCode }: Failure) => ({
  state: "wrong" as const,
  found: `${message} (${code})`,
  whatToDo,
  exitCode,
});

async function lookAtFolder(path: string): Promise<Finding & { result?: AgentFolder }> {
  if (!(await pathExists(path)))
    return {
      state: "wrong",
      found: `${path} does not exist: there is no session.`,
      whatToDo: [HOW_TO_ASK],
      exitCode: EXIT.noSession,
    };
  const result = await agentFolder(path);
  const { address } = await result.key();
  return { found: `${path}, key ${address}`, result };
}

async function lookAtStore({ store, ledger }: AgentFolder): Promise<Finding> {
  await store.held({ account: "eip155:1:0x0", budget: "none" });
  const { entries, damaged } = await readLedger(ledger);
  const open = entries.filter(({ status }) => status === "open").length;
  const found = `${entries.length} payments, ${open} of them open`;
  if (damaged.length === 0) return { found };
  return {
    state: "note",
    found: `${found}; ${damaged.length} lines cannot be read, as a killed process leaves them`,
    whatToDo: ["Nothing: what such a line was about was not sent, or has an earlier line."],
  };
}

async function lookAtGrant(folder: AgentFolder): Promise<Finding & { result?: Grant }> {
  const grant = await folder.grant();
  if (!grant)
    return {
      state: "wrong",
      found: "There is no session.",
      whatToDo: [
        (await folder.pending.read()) ? "Wait for the owner's answer: latchkey request --resume" : HOW_TO_ASK,
      ],
      exitCode: EXIT.noSession,
    };
  const { key, account } = grant.session;
  if (!isAddressEqual((await folder.key()).address, key))
    return {
      state: "wrong",
      found: `The grant is for the key ${key}, which is not in the folder.`,
      whatToDo: ["Restore the key, or remove grant.json and ask for another session."],
      exitCode: EXIT.folder,
    };
  return {
    found: `of ${account} on chain ${grant.chainId}, id ${hashSession(grant.session)}`,
    result: grant,
  };
}

async function lookAtNode(
  parameters: ConnectParameters,
  grant: Grant | undefined,
): Promise<Finding & { result?: Connection }> {
  const result = await connect(parameters);
  let chainId: number;
  try {
    chainId = await getChainId(result.client);
  } catch (error) {
    const failure = wrong(await failureOf(error, { interrupted: false }));
    return { ...failure, whatToDo: ["Start the node, or pass another one with --rpc."] };
  }
  if (grant && grant.chainId !== chainId)
    return {
      state: "wrong",
      found: `The node is of chain ${chainId}, and the session of chain ${grant.chainId}.`,
      whatToDo: ["Pass a node of the session's chain with --rpc."],
      exitCode: EXIT.network,
    };
  return { found: `chain ${chainId}`, result };
}

async function lookAtClock(client: Reading): Promise<Finding> {
  const { timestamp } = await getBlock(client, { blockTag: "latest" });
  const ahead = Math.round(Date.now() / 1000) - Number(timestamp);
  if (-ahead > CLOCK.behind)
    return {
      state: "note",
      found: `This machine's clock is ${-ahead} seconds behind the chain's.`,
      whatToDo: ["Set the clock. Payments go by the chain's; times in the ledger by this one."],
    };
  if (ahead > CLOCK.ahead)
    return {
      state: "note",
      found: `The last block is ${ahead} seconds old.`,
      whatToDo: ["The node may have stopped following the chain, or this machine's clock is ahead."],
    };
  return { found: `${Math.abs(ahead)} seconds from the last block` };
}

async function lookAtModule(client: Reading, grant: Grant): Promise<Finding & { result?: true }> {
  const code = await getCode(client, { address: grant.module });
  if (code === undefined || code === "0x")
    return {
      state: "wrong",
      found: `There is no contract at ${grant.module}.`,
      whatToDo: ["Latchkey is not deployed on this chain, or the node is not of this chain."],
      exitCode: EXIT.network,
    };
  return { found: grant.module, result: true };
}

async function lookAtSession(client: Reading, grant: Grant): Promise<Finding> {
  const verdict = await verifyGrant(client, grant);
  if (!verdict.valid) throw verdict.reason;
  return {
    found: `The account accepts it until ${new Date(grant.session.validUntil * 1000).toISOString()}.`,
  };
}

async function lookAtBalance(client: Reading, grant: Grant): Promise<Finding> {
  const { account: owner, budgets } = grant.session;
  const balances = await Promise.all(
    budgets.map(async ({ token }) => {
      const { decimals, symbol } = await tokenUnit(client, token, grant.chainId);
      const units = isAddressEqual(token, zeroAddress)
        ? await getBalance(client, { address: owner })
        : await readContract(client, {
            address: token,
            abi: erc20Abi,
            functionName: "balanceOf",
            args: [owner],
          });
      return { units, text: `${formatUnits(units, decimals)} ${symbol}` };
    }),
  );
  const found = `The account has ${balances.map(({ text }) => text).join(", ")}.`;
  if (balances.every(({ units }) => units > 0n)) return { found };
  return { state: "wrong", found, whatToDo: [`Send it some: ${owner}`], exitCode: EXIT.refused };
}

/** Whether the account would pay an offer of the smallest amount by signature: its handler, its approval, the token. */
async function lookAtPayments(
  client: Reading,
  grant: Grant,
  folder: AgentFolder | undefined,
): Promise<Finding> {
  const budgets = grant.session.budgets.filter(({ signatures }) => signatures > 0);
  if (!folder || budgets.length === 0)
    return { state: "note", found: "The session pays by transactions only, not by x402.", whatToDo: [] };
  const scheme = latchkeyScheme({ client, key: await folder.key(), grant, store: folder.store });
  for (const { token, recipients } of budgets) {
    const refusal = await scheme.refusalOf({
      scheme: "exact",
      network: scheme.network,
      asset: token,
      amount: "1",
      payTo: payeeOf(recipients),
      maxTimeoutSeconds: 60,
      extra: { name: "USD Coin", version: "2" },
    });
    if (refusal) throw refusal;
  }
  return { found: "The account pays by x402." };
}

/** For sessions that may pay anyone, somebody. */
const payeeOf = (recipients: readonly Address[]): Address =>
  recipients.find((one) => !isAddressEqual(one, zeroAddress)) ?? "0x000000000000000000000000000000000000dEaD";

async function lookAtGas(client: Reading, grant: Grant): Promise<Finding> {
  const { key: address } = grant.session;
  const { balance, needed } = await gasOf(client, address);
  const found = `The key has ${formatEther(balance)} of the chain's coin.`;
  if (balance >= needed) return { found };
  return {
    state: "note",
    found,
    whatToDo: [
      `latchkey pay needs none. For send and renounce, send about ${formatEther(needed)} to ${address}.`,
    ],
  };
}

async function lookAtFacilitator(url: string, grant: Grant | undefined): Promise<Finding> {
  const wrongWith = (found: string): Finding => ({
    state: "wrong",
    found,
    whatToDo: ["Use shops with another facilitator, or ask who runs it."],
    exitCode: EXIT.network,
  });
  let kinds: { scheme?: string; network?: string }[];
  try {
    const answer = await fetch(`${url.replace(/\/$/, "")}/supported`, {
      signal: AbortSignal.timeout(10_000),
    });
    ({ kinds } = (await answer.json()) as { kinds: typeof kinds });
    if (!Array.isArray(kinds)) throw new TypeError("no kinds");
  } catch {
    return wrongWith("It does not say what it supports.");
  }
  if (
    grant &&
    !kinds.some(({ scheme, network }) => scheme === "exact" && network === `eip155:${grant.chainId}`)
  )
    return wrongWith(`It does not settle on chain ${grant.chainId}.`);
  return { found: "It settles on this chain." };
}
