import { type Address, type Hex, isAddressEqual } from "viem";
import * as z from "zod/mini";
import { fileLock } from "../agent/x402/fileLock.ts";
import { parseJson } from "../errors/json.ts";
import { Refusal } from "../errors/Refusal.ts";
import { utcText } from "../errors/utcText.ts";
import type { Grant } from "../grant/Grant.ts";
import { parseGrant } from "../grant/parseGrant.ts";
import type { HandoffRequest } from "../handoff/HandoffRequest.ts";
import { parseHandoffRequest } from "../handoff/parseHandoffRequest.ts";
import type { RefusedPayment } from "../handoff/refusedPayment.ts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { hashSession } from "../session/hashSession.ts";
import { folderError } from "./folderError.ts";

/** Seconds. */
const HOUR = 3600;
const DAY = 24 * HOUR;
/** How often an owner is asked for more within an hour. */
const MOST_AN_HOUR = 3;
/** Seconds without a sign of life after which nobody waits for an answer any more. */
const SILENCE = 60;

const FORMAT = "latchkey-more";
const askSchema = z.strictObject({
  id: z.string(),
  /** Unix time in seconds, as `openUntil`. */
  at: z.int(),
  for: z.enum(["payment", "session"]),
  code: z.string(),
  token: z.string(),
  recipient: z.optional(z.string()),
  /** `answered`: the owner has allowed it, and its transactions are not mined yet. */
  state: z.enum(["open", "answered", "granted", "declined", "closed"]),
  openUntil: z.int(),
  answered: z.optional(z.strictObject({ request: z.unknown(), text: z.string() })),
});
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  asks: z.array(askSchema),
  payments: z.array(z.unknown()),
});

type Ask = z.output<typeof askSchema>;
type Memory = { asks: Ask[]; payments: Grant[] };

/** An owner's answer whose transactions are not mined yet. */
export type UnsettledMore = { id: string; for: "payment" | "session"; request: HandoffRequest; text: string };

/** What an agent's folder remembers of the requests for more, so that a restart asks no more often. */
export type MoreRequests = {
  /**
   * Notes that the owner is about to be asked.
   *
   * @param options.askAgain Whether a person wants it although the owner has declined it.
   * @throws {Refusal} ASKED_TOO_OFTEN, DECLINED, with `details.retryAt`.
   * @throws {InvalidInput} FOLDER
   */
  begin(
    payment: Pick<RefusedPayment, "code" | "token" | "recipient">,
    kind: "payment" | "session",
    options: { askAgain: boolean },
  ): Promise<string>;
  /** Notes that the answer is still awaited. */
  stillOpen(id: string): Promise<void>;
  /** Keeps an answer until {@link MoreRequests.end}. */
  keepAnswer(id: string, answer: { request: HandoffRequest; text: string }): Promise<void>;
  /** Notes how a request ended; undefined: it was never made, and does not count. */
  end(id: string, state: "granted" | "declined" | "closed" | undefined): Promise<void>;
  /** Answers that were received, but not settled. */
  unsettled(): Promise<readonly UnsettledMore[]>;
  /** Grants for one payment each that was not made yet. */
  payments(): Promise<readonly Grant[]>;
  /** Keeps the grant of one payment until it is made, or expires. */
  keepPayment(grant: Grant): Promise<void>;
  /** Forgets it. */
  forgetPayment(grant: Grant): Promise<void>;
};

/** The file `more.json` of an agent's folder. */
export function moreRequests(dir: string): MoreRequests {
  const path = async () => (await import("node:path")).join(dir, "more.json");
  let lock: ReturnType<typeof fileLock> | undefined;
  const now = () => Math.floor(Date.now() / 1000);

  async function read(): Promise<Memory> {
    const { readFile } = await import("node:fs/promises");
    const text = await readFile(await path(), "utf8").catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw folderError(dir, "has a more.json that cannot be read", "Check its owner and mode.", cause);
    });
    if (text === undefined) return { asks: [], payments: [] };
    try {
      const { asks, payments } = fileSchema.parse(parseJson(text));
      return { asks, payments: payments.map((grant) => parseGrant(grant)) };
    } catch (cause) {
      throw folderError(
        dir,
        "has a more.json that is damaged",
        "Remove the file: what the owner has declined is forgotten then.",
        cause,
      );
    }
  }

  async function change<T>(work: (memory: Memory) => T): Promise<T> {
    lock ??= fileLock(`${await path()}.lock`, 5000);
    return lock(async () => {
      const memory = await read();
      const result = work(memory);
      // What is older than a day stands in no one's way.
      const asks = memory.asks.filter(({ at, state }) => state === "answered" || at > now() - DAY);
      const payments = memory.payments.filter(({ session }) => session.validUntil > now());
      const text = JSON.stringify({ format: FORMAT, version: 1, asks, payments });
      await writePrivateFile(await path(), `${text}\n`, { replace: true }).catch((cause: unknown) => {
        throw folderError(dir, "cannot be written", "Check the disk and your permissions.", cause);
      });
      return result;
    });
  }
  const update = (id: string, part: Partial<Ask>) =>
    change(({ asks }) => {
      for (const ask of asks) if (ask.id === id) Object.assign(ask, part);
    });

  return {
    begin: ({ code, token, recipient }, kind, { askAgain }) =>
      change(({ asks }) => {
        const time = now();
        const same = asks.filter(
          (ask) =>
            ask.state === "declined" &&
            ask.at > time - DAY &&
            isSame(ask, { code, token, recipient, for: kind }),
        );
        if (same.length > 0 && !askAgain) throw declinedBefore(Math.max(...same.map(({ at }) => at)) + DAY);
        const open = asks.filter(({ state, openUntil }) => state === "open" && openUntil > time);
        if (open.length > 0)
          throw tooOften(
            "The owner has not answered the last request for more yet.",
            Math.max(...open.map(({ openUntil }) => openUntil)),
          );
        const recent = asks.map(({ at }) => at).filter((at) => at > time - HOUR);
        if (recent.length >= MOST_AN_HOUR)
          throw tooOften(
            `The owner was asked for more ${recent.length} times within an hour.`,
            (recent.sort((a, b) => b - a)[MOST_AN_HOUR - 1] as number) + HOUR,
          );
        const id = globalThis.crypto.randomUUID();
        asks.push({
          id,
          at: time,
          for: kind,
          code,
          token,
          ...(recipient && { recipient }),
          state: "open",
          openUntil: time + SILENCE,
        });
        return id;
      }),
    stillOpen: (id) => update(id, { openUntil: now() + SILENCE }),
    keepAnswer: (id, answered) => update(id, { state: "answered", answered }),
    end: (id, state) =>
      change((memory) => {
        const ask = memory.asks.find((one) => one.id === id);
        if (ask && state) Object.assign(ask, { state, answered: undefined });
        if (!state) memory.asks = memory.asks.filter((one) => one.id !== id);
      }),
    async unsettled() {
      const { asks } = await read();
      return asks.flatMap(({ id, for: kind, state, answered }) =>
        state === "answered" && answered
          ? [
              {
                id,
                for: kind,
                request: parseHandoffRequest(JSON.stringify(answered.request)),
                text: answered.text,
              },
            ]
          : [],
      );
    },
    payments: async () => (await read()).payments.filter(({ session }) => session.validUntil > now()),
    keepPayment: (grant) =>
      change(({ payments }) => {
        payments.push(grant);
      }),
    forgetPayment: ({ session }) =>
      change((memory) => {
        const id: Hex = hashSession(session);
        memory.payments = memory.payments.filter((one) => hashSession(one.session) !== id);
      }),
  };
}

/** Whether what was declined is what is asked for now, by whatever amount: a wider limit is the same for every payee. */
function isSame(
  declined: Pick<Ask, "code" | "token" | "recipient" | "for">,
  asked: { code: string; token: Address; recipient: Address | undefined; for: "payment" | "session" },
): boolean {
  if (declined.code !== asked.code || !isAddressEqual(declined.token as Address, asked.token)) return false;
  const isWider = declined.for === "session" && asked.for === "session" && asked.code !== "RECIPIENT";
  return isWider || declined.recipient?.toLowerCase() === asked.recipient?.toLowerCase();
}

const tooOften = (shortMessage: string, retryAt: number) =>
  new Refusal({
    code: "ASKED_TOO_OFTEN",
    shortMessage,
    metaMessages: [`Do not ask again before ${utcText(retryAt)}.`],
    details: { retryAt },
  });

const declinedBefore = (retryAt: number) =>
  new Refusal({
    code: "DECLINED",
    shortMessage: "The owner has declined this already.",
    metaMessages: [
      `Do not ask again before ${utcText(retryAt)}, unless a person wants you to (askAgain).`,
      "Pay less, pay later, or do without.",
    ],
    details: { retryAt },
  });
