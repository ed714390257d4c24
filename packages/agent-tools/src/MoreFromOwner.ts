import { isRefusal, type Refusal } from "@latchkey/sdk";
import { type AgentFolder, askForMore, type SessionHandoff } from "@latchkey/sdk/node";
import type { Chain, Client, Transport } from "viem";
import type { AgentToolsOptions } from "./AgentSource.ts";
import { linkOf, noPage, type OwnersLink } from "./ownersLink.ts";
import { CAN_ASK } from "./refusalOf.ts";
import { ToolFailure } from "./ToolRefusal.ts";

/** What a request to the owner after a refusal is for. */
export type More = { for: "payment" | "session"; justification?: string };

/** Asks the owner about the last payment that a limit refused. What was asked and declined is remembered in the folder. */
export type MoreFromOwner = {
  /** Is told each error of a tool. */
  note(error: unknown): void;
  /**
   * Asks the owner, and returns at once: the answer is awaited in the background.
   * @throws {ToolFailure} NOTHING_REFUSED, NO_PAGE
   * @throws {Refusal} ASKED_TOO_OFTEN, DECLINED
   */
  ask(more: More): Promise<OwnersLink & { isNew: boolean; refusal: Refusal }>;
  /** Waits for an answer that has arrived and is being settled. */
  settling(): Promise<unknown>;
  /** Stops waiting for answers. */
  close(): Promise<void>;
};

export function moreFromOwner(source: {
  options(): Promise<AgentToolsOptions>;
  client(): Promise<Client<Transport, Chain | undefined>>;
  folder(): Promise<AgentFolder>;
}): MoreFromOwner {
  let refusal: Refusal | undefined;
  let open: { of: Refusal; for: More["for"]; handoff: SessionHandoff } | undefined;
  let settling: Promise<unknown> = Promise.resolve();
  let queue: Promise<unknown> = Promise.resolve();

  async function ask(more: More) {
    await settling;
    const { page, name = "Agent", callback } = await source.options();
    if (open && open.of === refusal && open.for === more.for)
      return { ...linkOf(open.handoff), isNew: false, refusal: open.of };
    if (!refusal)
      throw new ToolFailure({
        code: "NOTHING_REFUSED",
        message: "No payment was refused for a limit since these tools were started.",
        whatToDo: ["Make the payment first. If a limit refuses it, call request_more then."],
        retryable: false,
      });
    if (!page) throw noPage();
    const of = refusal;
    const handoff = await askForMore(await source.folder(), {
      ...more,
      client: await source.client(),
      refusal: of,
      page,
      name,
      ...(callback !== undefined && { callback }),
    });
    const own = { of, for: more.for, handoff };
    open = own;
    const ended = handoff.answer.then(
      () => {},
      () => {},
    );
    ended.then(() => {
      if (open === own) open = undefined;
    });
    const isAnswered = () => {
      settling = ended;
    };
    handoff.received.then(isAnswered, isAnswered);
    return { ...linkOf(handoff), isNew: true, refusal: of };
  }

  return {
    note(error) {
      // One that was signed may still be paid.
      if (isRefusal(error) && CAN_ASK.has(error.code) && !("nonce" in error.details))
        refusal = error as Refusal;
    },
    ask(more) {
      const turn = queue.then(() => ask(more));
      queue = turn.catch(() => {});
      return turn;
    },
    settling: () => settling,
    async close() {
      await open?.handoff.close();
    },
  };
}
