import {
  type Address,
  type Chain,
  type Client,
  createClient,
  custom,
  type Hash,
  isAddressEqual,
  type Transport,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { type BudgetSummary, budgetSummary } from "../agent/budgetSummary.ts";
import { closeRecorded } from "../agent/ledger/closeRecorded.ts";
import type { Ledger } from "../agent/ledger/Ledger.ts";
import { pay } from "../agent/pay.ts";
import type { PaymentStore } from "../agent/x402/PaymentStore.ts";
import { type PayingFetchParameters, payingFetch } from "../agent/x402/payingFetch.ts";
import { errorText } from "../errors/errorText.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { Refusal, type RefusalCode } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import type { HandoffOptions, SessionHandoff } from "../handoff/openHandoff.ts";
import { printHandoff } from "../handoff/printHandoff.ts";
import type { RefusalToRaise } from "../handoff/refusedPayment.ts";
import { requestSession, type SessionHandoffParameters } from "../handoff/requestSession.ts";
import { resumeHandoff } from "../handoff/resumeHandoff.ts";
import { serializeHandoffAnswer } from "../handoff/serializeHandoffAnswer.ts";
import { waitForTransactionReceipt } from "../internal/chainActions.ts";
import type { Amount } from "../internal/parseAmount.ts";
import { pause } from "../internal/pause.ts";
import { hashSession } from "../session/hashSession.ts";
import { type AgentFolder, agentFolder } from "./agentFolder.ts";
import { type AskForMoreParameters, askForMore, settleMore } from "./askForMore.ts";
import { onePaymentFor } from "./onePaymentFor.ts";
import type { StoredRequest } from "./pendingRequest.ts";
import { settlePending } from "./settlePending.ts";

/** What an agent asks its owner for: as {@link requestSession} takes it. */
export type AgentRequest = Omit<SessionHandoffParameters, "client" | "key" | "signal" | "output">;

/** Parameters of {@link openAgent}. */
export type OpenAgentParameters = {
  /** The agent's folder, for example `"agent"`; created if it is missing. See {@link agentFolder}. */
  dir: string;
  /** Any viem client of the chain. */
  client: Client<Transport, Chain | undefined>;
  /** What to ask the owner for if there is no session, or it is over. Without it, both are refused. */
  request?: AgentRequest;
  /**
   * Waits for the answer to the request that the folder remembers, if there is one, and asks nothing new. Default: false, as it
   * may have asked for something else.
   */
  resume?: boolean;
  /**
   * Shows the request to the owner, once it is stored; may hand a pasted answer to `receive`. Default: it is printed to `output`.
   */
  onRequest?: (handoff: SessionHandoff) => void;
  /** Where the link and its codes are printed. Default: `process.stderr`. */
  output?: HandoffOptions["output"];
  /** Stops the wait for the owner. */
  signal?: AbortSignal;
  /** Where payments are remembered, for agents on several machines. Default: the folder's. See {@link PaymentStore}. */
  store?: PaymentStore;
} & Omit<PayingFetchParameters, "client" | "key" | "grant" | "store" | "ledger">;

/** An agent with a key, a session, and a memory of what it has paid. */
export type OpenAgent = {
  /** The session's key. */
  key: PrivateKeyAccount;
  /** The session; another one once the owner has replaced it, see {@link OpenAgent.requestMore}. */
  readonly grant: Grant;
  folder: AgentFolder;
  store: PaymentStore;
  ledger: Ledger;
  /** A `fetch` that pays by x402: {@link payingFetch}. A payment that the owner has allowed beyond the session is made by that. */
  fetch: ReturnType<typeof payingFetch>;
  /**
   * Pays by a transaction of the key, which needs gas, and waits until it is mined.
   *
   * @throws {Refusal} As {@link pay}; CALL_FAILED: it reverted, and nothing was paid.
   */
  pay(payment: {
    to: Address;
    amount: Amount;
    /** May be omitted if the session has one budget. */
    token?: "usdc" | "native" | Address;
    /** For the ledger. */
    purpose?: string;
  }): Promise<Hash>;
  /** What is left of each budget of the session: {@link budgetSummary}. */
  summary(): Promise<BudgetSummary[]>;
  /**
   * Asks the owner for more, after `fetch` or `pay` has refused a payment: {@link askForMore}. Once the owner has tapped, `fetch`
   * and `pay` go on with what was allowed, also if nobody awaits `answer`. Nothing calls it by itself.
   *
   * @param refusal What `fetch` or `pay` threw, or its JSON.
   * @param options `page` and `name`: default those of `request`. `output`: default that of {@link openAgent}.
   * @throws {Refusal} As {@link askForMore}.
   */
  requestMore(refusal: RefusalToRaise, options?: AgentMoreOptions): Promise<SessionHandoff>;
};

/** Options of {@link OpenAgent.requestMore}. */
export type AgentMoreOptions = AskForMoreParameters extends infer more
  ? more extends unknown
    ? Omit<more, "client" | "refusal" | "page" | "name"> & { page?: string; name?: string }
    : never
  : never;

/** With these a session is over for good: only its owner can give another. */
const OVER: readonly RefusalCode[] = ["EXPIRED", "REVOKED", "WRONG_EPOCH", "NOT_GRANTED"];

/**
 * Opens an agent: its key, its session, its payment store and its ledger, all in one folder. If there is no session, or it is
 * over, it asks the owner for one with a link, and waits for the answer.
 *
 * A restart loses nothing: not an answer whose transaction could not be sent for lack of gas, and no payment. Processes that
 * open the same folder share all of it; if several ask, the first answer serves them all.
 *
 * Node only, so it has its own entry point: `import { openAgent } from "@latchkey/sdk/node"`.
 *
 * @throws {Refusal} FOLDER, KEY_FILE, GRANT_FILE, INVALID_GRANT: what is in the folder; NOT_GRANTED, EXPIRED, REVOKED,
 * WRONG_EPOCH: there is no session and no `request`; PAUSED and what else {@link verifyGrant} finds; DECLINED, HANDOFF_CLOSED
 * and NO_GAS, as {@link requestSession}; NETWORK.
 *
 * @example
 * const agent = await openAgent({ dir: "agent", client, request: { page, name: "Research Bot",
 *   budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } }, until: "7d" } });
 * const answer = await agent.fetch("https://api.example.com/forecast");
 */
export async function openAgent(parameters: OpenAgentParameters): Promise<OpenAgent> {
  const { dir, client, request, resume = false, onRequest, output, signal, ...paying } = parameters;
  const folder = await agentFolder(dir);
  const key = await folder.key();
  const { store = folder.store } = parameters;
  const { ledger } = folder;
  const grant = await usableGrant({
    folder,
    client,
    key,
    request,
    resume,
    show: onRequest ?? ((handoff) => printHandoff(handoff, output ?? process.stderr)),
    signal,
  });
  const wallet = createClient({
    account: key,
    chain: client.chain,
    transport: custom({ request: client.request }, { retryCount: 0 }),
    pollingInterval: client.pollingInterval,
  });
  let current: { grant: Grant; fetch: ReturnType<typeof payingFetch> };
  const fetchBy = (by: Grant) => payingFetch({ ...paying, client, key, grant: by, store, ledger });
  const use = (by: Grant) => {
    current = { grant: by, fetch: fetchBy(by) };
  };
  use(grant);
  /** Makes a payment by the session or, if that refuses it, by what the owner has allowed for just this payment. */
  async function byEither<T>(
    bySession: () => Promise<T>,
    byOnePayment: (one: Grant) => Promise<T>,
    isMade: (result: T) => boolean,
  ): Promise<T> {
    try {
      return await bySession();
    } catch (error) {
      const one = onePaymentFor(await folder.more.payments(), error);
      if (!one) throw error;
      const result = await byOnePayment(one);
      // What is kept too long can still pay only once.
      if (isMade(result)) await folder.more.forgetPayment(one).catch(() => {});
      return result;
    }
  }
  async function payBy(by: Grant, payment: Parameters<OpenAgent["pay"]>[0]): Promise<Hash> {
    const hash = await pay(wallet, { ...payment, grant: by, ledger });
    const { status } = await waitForTransactionReceipt(client, { hash });
    await closeRecorded(ledger, hash, status === "success" ? "settled" : "not settled");
    if (status === "success") return hash;
    throw new Refusal({
      code: "CALL_FAILED",
      shortMessage: "The payment's transaction reverted; nothing was paid.",
      metaMessages: ["Something else has spent it first, or the session ended: look at the summary."],
      details: { hash },
    });
  }
  return {
    key,
    get grant() {
      return current.grant;
    },
    folder,
    store,
    ledger,
    async fetch(input, init) {
      const { body } = init ?? {};
      // It may be sent twice, and a stream can be read once.
      const repeatable =
        body instanceof ReadableStream ? { ...init, body: await new Response(body).arrayBuffer() } : init;
      const first = input instanceof Request && input.body ? input.clone() : input;
      return byEither(
        () => current.fetch(first, repeatable),
        (one) => fetchBy(one)(input, repeatable),
        ({ ok }) => ok,
      );
    },
    pay: (payment) =>
      byEither(
        () => payBy(current.grant, payment),
        (one) => payBy(one, payment),
        () => true,
      ),
    summary: () => budgetSummary(client, current.grant),
    async requestMore(refusal, options = {}) {
      const { page = request?.page, name = request?.name } = options;
      if (page === undefined || name === undefined)
        throw new InvalidInput({
          code: "INVALID_INPUT",
          shortMessage: "There is no page to ask the owner with, or no name of the agent.",
          metaMessages: ["Pass page and name, or open the agent with a request that has them."],
        });
      const handoff = await askForMore(folder, {
        output: output ?? process.stderr,
        ...(request?.sender && { sender: request.sender }),
        ...(request?.modules && { modules: request.modules }),
        ...options,
        client,
        refusal,
        page,
        name,
      });
      const answer = handoff.answer.then((granted) => {
        if (options.for === "session") use(granted);
        return granted;
      });
      answer.catch(() => {});
      return { ...handoff, answer };
    },
  };
}

type Opening = {
  folder: AgentFolder;
  client: Client<Transport, Chain | undefined>;
  key: PrivateKeyAccount;
  request: AgentRequest | undefined;
  resume: boolean;
  show(handoff: SessionHandoff): void;
  signal: AbortSignal | undefined;
};

/** The folder's grant if it works, else the owner's answer. */
async function usableGrant(opening: Opening): Promise<Grant> {
  const { folder, client, key, request } = opening;
  const settling = {
    ...(request?.sender && { sender: request.sender }),
    ...(request?.modules && { modules: request.modules }),
  };
  // The session works without it: what is in the way is tried again the next time.
  await settleMore(folder, client, settling).catch((error: unknown) => {
    if (!isRefusal(error) || error.code === "FOLDER") throw error;
  });
  const known = await folder.grant();
  const over = known && (await whyOver(client, known, key));
  if (known && !over) return known;
  const settled = await settlePending(folder, client, settling);
  if (settled && !(await whyOver(client, settled, key))) return settled;
  const stored = opening.resume ? await folder.pending.read() : undefined;
  if (request || stored) return askOwner(opening, { request, stored }, known);
  throw (
    over ??
    new Refusal({
      ...errorText("NOT_GRANTED"),
      shortMessage: `There is no session in ${folder.dir}.`,
      metaMessages: ["Pass a request, so that the owner is asked for one, or save a grant there."],
    })
  );
}

/** Asks the owner, and waits for the answer: also one that another process of this folder has got. */
async function askOwner(
  { folder, client, key, show, signal }: Opening,
  { request, stored }: { request: AgentRequest | undefined; stored: StoredRequest | undefined },
  before: Grant | undefined,
): Promise<Grant> {
  const { sender = key, ...rest } = request ?? {};
  const page = stored?.page ?? request?.page ?? "";
  const options = {
    client,
    page,
    sender,
    ...(request?.callback === undefined ? {} : { callback: request.callback }),
    ...(request?.modules && { modules: request.modules }),
    ...(signal && { signal }),
    keepAnswer: (async (answer, asked) => {
      const text = serializeHandoffAnswer(answer, asked);
      await folder.pending.save({ request: asked, page, answer: text });
      await request?.keepAnswer?.(answer, asked);
    }) satisfies HandoffOptions["keepAnswer"],
  };
  const handoff = stored
    ? await resumeHandoff(stored.request, options)
    : await requestSession({ ...(rest as AgentRequest), ...options, key });
  const answered = new AbortController();
  try {
    if (!stored) await folder.pending.save({ request: handoff.request, page });
    // Only now, as an answer would be stored over by the request.
    show(handoff);
    const own = handoff.answer.then(async (grant) => {
      await folder.saveGrant(grant);
      await folder.pending.clear();
      return grant;
    });
    return await Promise.race([own, grantOfOthers({ folder, client, key, before, stop: answered.signal })]);
  } catch (error) {
    if (isRefusal(error, "DECLINED")) await folder.pending.clear();
    throw error;
  } finally {
    answered.abort();
    await handoff.close();
  }
}

/** Milliseconds between two looks at the folder. */
const LOOK = 500;

/** A grant that another process has saved meanwhile; never resolves without one. */
async function grantOfOthers({
  folder,
  client,
  key,
  before,
  stop,
}: Pick<Opening, "folder" | "client" | "key"> & {
  before: Grant | undefined;
  stop: AbortSignal;
}): Promise<Grant> {
  const seen = before && hashSession(before.session);
  for (;;) {
    await pause(LOOK, stop).catch(() => {});
    if (stop.aborted) return new Promise(() => {});
    // What cannot be read now, or fails, is left to the answer.
    const grant = await folder.grant().catch(() => undefined);
    if (!grant || hashSession(grant.session) === seen) continue;
    if ((await whyOver(client, grant, key).catch((reason: unknown) => reason)) === undefined) return grant;
  }
}

/**
 * Why a session is over; undefined if it works, or will.
 *
 * @throws {Refusal} Anything else that is wrong with it, as its owner may put it right.
 */
async function whyOver(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
  key: PrivateKeyAccount,
): Promise<Refusal | undefined> {
  if (!isAddressEqual(sessionIn(grant).key, key.address))
    throw new InvalidGrant({
      code: "INVALID_GRANT",
      shortMessage: "The grant in the folder is for another key.",
      metaMessages: ["Restore the key that it was granted to, or remove the grant and ask for another."],
      details: { key: key.address, granted: sessionIn(grant).key },
    });
  const verdict = await verifyGrant(client, grant);
  if (verdict.valid || verdict.reason.code === "NOT_YET_VALID") return undefined;
  if (OVER.includes(verdict.reason.code)) return verdict.reason;
  throw verdict.reason;
}
