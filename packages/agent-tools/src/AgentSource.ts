import { AsyncLocalStorage } from "node:async_hooks";
import { resolve } from "node:path";
import {
  type Grant,
  hashSession,
  InvalidGrant,
  type PaidPayment,
  payingFetch,
  type WaitingPurchase,
} from "@latchkey/sdk";
import {
  type AgentFolder,
  type AgentRequest,
  agentFolder,
  onePaymentFor,
  settleMore,
  settlePending,
} from "@latchkey/sdk/node";
import {
  type Address,
  type Chain,
  type Client,
  createPublicClient,
  http,
  isAddressEqual,
  type PrivateKeyAccount,
  type Transport,
} from "viem";
import { type MoreFromOwner, moreFromOwner } from "./MoreFromOwner.ts";
import { pathExists } from "./pathExists.ts";
import { type SessionRequests, sessionRequests } from "./SessionRequests.ts";
import { ToolFailure } from "./ToolRefusal.ts";
import { type TokenUnits, tokenUnits } from "./tokenUnits.ts";

/** What the tools of one agent work with. Whatever is missing is named by the tools that need it. */
export type AgentToolsOptions = {
  /** The agent's folder: its key, its session, what it has paid. Created by the first tool that needs a key. */
  dir: string;
  /** Any viem client of the chain. */
  client?: Client<Transport, Chain | undefined>;
  /** URL of a node of the chain, instead of a client. */
  rpc?: string;
  /** URL of the page at which the owner allows and stops sessions. */
  page?: string;
  /** The agent's name, as the owner sees it: 1 to 64 characters. Default: "Agent". */
  name?: string;
  /** The chain's USDC, which "usdc" stands for, if the SDK does not know it: that of a development chain. */
  usdc?: Address;
  /** What `request_session` asks for, where the model names no budgets. */
  request?: Pick<AgentRequest, "budgets" | "until">;
  /** The account that is to pay. Default: the owner chooses. */
  account?: AgentRequest["account"];
  /** Whether to wait on this machine for the page's answer. Default: true. */
  callback?: boolean;
  /** The underlying `fetch`. Default: the global one. */
  fetch?: typeof globalThis.fetch;
};

/** The options, or what finds them at each call: so settings may come while the tools are running. */
export type AgentSource = AgentToolsOptions | (() => AgentToolsOptions | Promise<AgentToolsOptions>);

/** A session that can be tried, and what goes with it. */
export type OpenSession = {
  options: AgentToolsOptions;
  client: Client<Transport, Chain | undefined>;
  folder: AgentFolder;
  key: PrivateKeyAccount;
  grant: Grant;
  units: TokenUnits;
  /** Pays by x402: from the session, or from what the owner has allowed for just one payment. */
  fetch: ReturnType<typeof payingFetch>;
};

/** What one purchase is told while it runs. */
export type PurchaseNotes = { paid?: PaidPayment; waiting(purchase: WaitingPurchase): void };

/** Finds the agent's parts at each call, as any of them may have come since the last. */
export type OpenSource = {
  options(): Promise<AgentToolsOptions>;
  /** @throws {ToolFailure} NO_NODE */
  client(): Promise<Client<Transport, Chain | undefined>>;
  /** Created where it is missing. */
  folder(): Promise<AgentFolder>;
  /** Undefined if there is no folder, and none is created. */
  existingFolder(): Promise<AgentFolder | undefined>;
  /** The grant, also of an answer that waited to be settled. Undefined if there is none. */
  grant(): Promise<Grant | undefined>;
  /** @throws {ToolFailure} NO_SESSION, NO_NODE */
  session(): Promise<OpenSession>;
  units(): Promise<TokenUnits | undefined>;
  requests: SessionRequests;
  more: MoreFromOwner;
  /** Is told each error of a tool: the owner may be asked about a limit that refused. */
  refused(error: unknown): void;
  /** Runs a purchase, which is told what the paying function does. */
  noting<result>(notes: PurchaseNotes, work: () => Promise<result>): Promise<result>;
  close(): Promise<void>;
};

/** Opens nothing yet. */
export function openSource(source: AgentSource): OpenSource {
  const purchases = new AsyncLocalStorage<PurchaseNotes>();
  const folders = new Map<string, Promise<AgentFolder>>();
  const clients = new Map<string, Client<Transport, Chain | undefined>>();
  let opened: { of: string; session: OpenSession } | undefined;

  const options = async () => (typeof source === "function" ? source() : source);
  const folder = async () => {
    const dir = resolve((await options()).dir);
    const known = folders.get(dir) ?? agentFolder(dir);
    folders.set(dir, known);
    known.catch(() => folders.delete(dir));
    return known;
  };
  const existingFolder = async () => ((await pathExists((await options()).dir)) ? folder() : undefined);
  const client = async () => {
    const { client: given, rpc } = await options();
    if (given) return given;
    if (!rpc)
      throw new ToolFailure({
        code: "NO_NODE",
        message: "No node is configured, so the chain cannot be read.",
        whatToDo: ["Tell the person who runs this agent to set the node's URL: `latchkey mcp --rpc <url>`."],
        retryable: false,
      });
    const known = clients.get(rpc) ?? createPublicClient({ transport: http(rpc), pollingInterval: 1000 });
    clients.set(rpc, known);
    return known;
  };
  const requests = sessionRequests({ options, client, folder, existingFolder });
  const more = moreFromOwner({ options, client, folder });

  async function grant(): Promise<Grant | undefined> {
    const kept = await existingFolder();
    if (!kept) return undefined;
    await Promise.all([requests.settling(), more.settling()]);
    if ((await kept.more.unsettled()).length > 0) await settleMore(kept, await client());
    if ((await kept.pending.read())?.answer !== undefined) {
      const settled = await settlePending(kept, await client());
      if (settled) return settled;
    }
    return kept.grant();
  }

  async function session(): Promise<OpenSession> {
    const granted = await grant();
    if (!granted) throw await requests.noSession();
    const [current, reading, kept] = await Promise.all([options(), client(), folder()]);
    const of = `${reading.uid} ${kept.dir} ${hashSession(granted.session)} ${granted.signature}`;
    if (opened?.of === of) return { ...opened.session, options: current };
    const key = await kept.key();
    if (!isAddressEqual(key.address, granted.session.key))
      throw new InvalidGrant({
        code: "INVALID_GRANT",
        shortMessage: "The session in the agent's folder is for another key.",
        metaMessages: ["Restore the key, or remove grant.json and ask for another session."],
      });
    const { store, ledger } = kept;
    const fetchBy = (by: Grant) =>
      payingFetch({
        client: reading,
        key,
        grant: by,
        store,
        ledger,
        ...(current.fetch && { fetch: current.fetch }),
        onPaid(payment) {
          const notes = purchases.getStore();
          if (notes) notes.paid = payment;
        },
        onWaiting: (purchase) => purchases.getStore()?.waiting(purchase),
      });
    const bySession = fetchBy(granted);
    const session: OpenSession = {
      options: current,
      client: reading,
      folder: kept,
      key,
      grant: granted,
      units: tokenUnits(reading, granted.chainId),
      async fetch(input, init) {
        try {
          return await bySession(input, init);
        } catch (error) {
          const one = onePaymentFor(await kept.more.payments(), error);
          if (!one) throw error;
          const response = await fetchBy(one)(input, init);
          // What is kept too long can still pay only once.
          if (response.ok) await kept.more.forgetPayment(one).catch(() => {});
          return response;
        }
      },
    };
    opened = { of, session };
    return session;
  }

  return {
    options,
    client,
    folder,
    existingFolder,
    grant,
    session,
    async units() {
      return opened?.session.units;
    },
    requests,
    more,
    refused: (error) => more.note(error),
    noting: (notes, work) => purchases.run(notes, work),
    async close() {
      await Promise.all([requests.close(), more.close()]);
    },
  };
}
