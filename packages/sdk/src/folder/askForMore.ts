import type { Chain, Client, LocalAccount, Transport } from "viem";
import { errorText } from "../errors/errorText.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { Refusal, type RefusalCode } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import type { SessionHandoff } from "../handoff/openHandoff.ts";
import { type HandoffAnswerParameters, parseHandoffAnswer } from "../handoff/parseHandoffAnswer.ts";
import { refusedPayment } from "../handoff/refusedPayment.ts";
import { type MoreParameters, requestMore } from "../handoff/requestMore.ts";
import { serializeHandoffAnswer } from "../handoff/serializeHandoffAnswer.ts";
import { settleHandoff } from "../handoff/settleHandoff.ts";
import type { AgentFolder } from "./agentFolder.ts";

/** Parameters of {@link askForMore}. */
export type AskForMoreParameters = (MoreParameters extends infer more
  ? more extends unknown
    ? Omit<more, "key" | "grant">
    : never
  : never) & {
  /**
   * Asks although the owner has declined the same within a day. Only for a person who wants it: never let a program or a model decide
   * it. Default: false.
   */
  askAgain?: boolean;
};

/** With these the owner's answer is of no use any more. */
const FOR_GOOD: readonly RefusalCode[] = [
  "HANDOFF_CLOSED",
  "SPENT_MEANWHILE",
  "INVALID_ANSWER",
  "EXPIRED",
  "REVOKED",
  "WRONG_EPOCH",
];

/** Milliseconds between two signs of life of a request that waits. */
const SIGN_OF_LIFE = 20_000;

/**
 * Asks the owner of an agent's folder for more, as {@link requestMore} does, and remembers it there: at most one request at a time,
 * three within an hour, and what was declined is not asked for again for a day. A restart changes none of it.
 *
 * What the owner allows is saved: a wider session as the folder's grant, a grant for one payment beside it until it is paid.
 *
 * @throws {Refusal} ASKED_TOO_OFTEN and DECLINED with `details.retryAt`; NOT_GRANTED: there is no session in the folder.
 * @throws {InvalidInput} FOLDER; as {@link requestMore}.
 */
export async function askForMore(
  folder: AgentFolder,
  { askAgain = false, ...parameters }: AskForMoreParameters,
): Promise<SessionHandoff> {
  const grant = await folder.grant();
  if (!grant)
    throw new Refusal({
      ...errorText("NOT_GRANTED"),
      shortMessage: `There is no session in ${folder.dir}.`,
      metaMessages: ["Ask for a session first, with requestSession or openAgent."],
    });
  const key = await folder.key();
  const kind = parameters.for ?? "payment";
  const { more } = folder;
  const id = await more.begin(refusedPayment(parameters.refusal), kind, { askAgain });
  let handoff: SessionHandoff;
  try {
    handoff = await requestMore({
      ...parameters,
      key,
      grant,
      async keepAnswer(answer, request) {
        await more.keepAnswer(id, { request, text: serializeHandoffAnswer(answer, request) });
        await parameters.keepAnswer?.(answer, request);
      },
    });
  } catch (error) {
    await more.end(id, undefined);
    throw error;
  }
  const alive = setInterval(() => more.stillOpen(id).catch(() => {}), SIGN_OF_LIFE);
  alive.unref();
  let isReceived = false;
  const stop = () => {
    isReceived = true;
    clearInterval(alive);
  };
  handoff.received.then(stop, () => clearInterval(alive));
  const answer = handoff.answer.then(
    async (granted) => {
      await save(folder, { id, for: kind }, granted);
      return granted;
    },
    async (error: unknown) => {
      if (isRefusal(error, "DECLINED")) await more.end(id, "declined");
      else if (FOR_GOOD.some((code) => isRefusal(error, code))) await more.end(id, "closed");
      throw error;
    },
  );
  answer.catch(() => {});
  return {
    ...handoff,
    answer,
    async close() {
      await handoff.close();
      if (!isReceived) await answer.catch(() => {});
    },
  };
}

/**
 * Settles what an owner has allowed beyond the session, but could not be settled: the agent had no gas, or was killed.
 *
 * @param parameters.sender Pays the gas. Default: the agent's key.
 * @returns What was settled, and is saved.
 * @throws {Refusal} As {@link settleHandoff}: NO_GAS, NETWORK and others that may pass. Those answers are kept.
 */
export async function settleMore(
  folder: AgentFolder,
  client: Client<Transport, Chain | undefined>,
  { sender, modules }: { sender?: LocalAccount } & Pick<HandoffAnswerParameters, "modules"> = {},
): Promise<Grant[]> {
  const settled: Grant[] = [];
  let inTheWay: unknown;
  for (const { request, text, ...ask } of await folder.more.unsettled()) {
    try {
      const answer = parseHandoffAnswer(text, request, modules ? { modules } : {});
      const granted = await settleHandoff(client, answer, { sender: sender ?? (await folder.key()) });
      await save(folder, ask, granted);
      settled.push(granted);
    } catch (error) {
      if (FOR_GOOD.some((code) => isRefusal(error, code))) await folder.more.end(ask.id, "closed");
      else inTheWay ??= error;
    }
  }
  if (inTheWay) throw inTheWay;
  return settled;
}

async function save(
  { more, saveGrant }: AgentFolder,
  ask: { id: string; for: "payment" | "session" },
  granted: Grant,
): Promise<void> {
  if (ask.for === "session") await saveGrant(granted);
  else await more.keepPayment(granted);
  await more.end(ask.id, "granted");
}
