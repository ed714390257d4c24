import type { Writable } from "node:stream";
import { startDevChain } from "@latchkey/devchain";
import { decodeError, type Grant, hashSession, isRefusal, payingFetch, sessionStatus } from "@latchkey/sdk";
import { printHandoff, requestSession, type SessionHandoff } from "@latchkey/sdk/node";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { type Address, createPublicClient, type Hex, http, parseUnits } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";
import { dollars } from "../demo/story.ts";
import type { Printer } from "./printer.ts";
import { listenToTerminal, type Typed } from "./typedAnswers.ts";

/** What the shop sells, by name, in dollars. */
const PRICES = {
  "weather-report": "0.05",
  "stock-quote": "0.10",
  "web-search": "0.25",
  "data-set": "0.75",
} as const;

/** Seconds between two blocks: a chain whose clock stands still would show times that are over as still to come. */
const BLOCK_TIME = 2;
const GIFT = parseUnits("100", 6);

/** What {@link runPage} takes. */
export type RunPageParameters = {
  /** Of the page; 0: a free one. */
  port: number;
  /** Where the built page is. Default: where the build leaves it. */
  folder?: string | undefined;
  /** Milliseconds between two payments of the agent. */
  pace: number;
  print: Printer;
  /** Where the agent prints its link; nowhere if absent. */
  output?: Writable | undefined;
  /** Ends it all. */
  signal: AbortSignal;
};

/**
 * A chain of its own, a shop, the page, and an agent that asks for a session, pays the shop until its owner stops it, and
 * then asks again when told to. Ends when the signal says so.
 */
export async function runPage({
  port,
  folder,
  pace,
  print,
  output,
  signal,
}: RunPageParameters): Promise<void> {
  const closing: (() => unknown)[] = [];
  try {
    const chain = await startDevChain({
      chainId: 31_337,
      blockTime: BLOCK_TIME,
      shop: Object.fromEntries(Object.entries(PRICES).map(([name, price]) => [name, { price }])),
    });
    closing.unshift(() => chain.close());
    const { testChain, url: rpc, usdc, shop: merchant } = chain;
    const { module } = chain.latchkey;
    const client = createPublicClient({
      chain: { ...hardhat, id: testChain.chainId as typeof hardhat.id },
      transport: http(rpc, { retryCount: 0 }),
      cacheTime: 0,
      pollingInterval: 100,
    });
    const shop = merchant.address;
    const page = await chain.servePage({ port, ...(folder ? { folder } : {}) });

    const key = privateKeyToAccount(generatePrivateKey());
    await testChain.setBalance(key.address, 10n ** 18n);

    let handoff: SessionHandoff | undefined;
    /** Set while the agent waits for being told to ask again. */
    let askAgain: (() => void) | undefined;
    const heard = (typed: Typed) => {
      if (typed === "again") return askAgain?.();
      handoff?.receive(typed.answer).catch((error: unknown) => {
        const { code, shortMessage } = decodeError(error);
        print({ event: "refusedAnswer", code, message: shortMessage });
      });
    };
    closing.unshift(listenToTerminal(heard));

    const ask = async () => {
      handoff = await requestSession({
        client,
        key,
        page: page.url,
        name: "Shopping Bot",
        justification: "Buys weather reports, stock quotes and the like, a few cents each.",
        budgets: { usdc: { token: usdc.address, perTransaction: "1", perDay: "20", recipients: [shop] } },
        until: "7d",
        signal,
      });
      const { link, code, fingerprint } = handoff;
      const facts = { chainId: testChain.chainId, usdc: usdc.address, module, shop, agent: key.address };
      print({ event: "ready", page: page.url, link, code, fingerprint, rpc, ...facts });
      if (output) printHandoff(handoff, output);
      print({ event: "waiting" });
      return handoff;
    };

    /** Test money, so that there is something to pay with. */
    const fund = async (account: Address) => {
      if ((await usdc.balanceOf(account)) >= GIFT / 5n) return;
      await usdc.mint(account, GIFT);
      print({ event: "funded", account, amount: dollars(GIFT) });
    };

    while (!signal.aborted) {
      const asked = await ask();
      try {
        const grant = await asked.answer;
        const { transactions } = await asked.received;
        const session = hashSession(grant.session);
        const { account } = grant.session;
        print({ event: "granted", account, session, transactions: transactions.length });
        await fund(account);
        await shopUntilStopped(grant);
      } catch (error) {
        if (signal.aborted) return;
        if (isRefusal(error, "DECLINED")) print({ event: "declined" });
        else {
          const { code, shortMessage } = decodeError(error);
          print({ event: "refused", code, message: shortMessage });
        }
      }
      await new Promise<void>((again) => {
        askAgain = again;
        signal.addEventListener("abort", () => again(), { once: true });
      });
      askAgain = undefined;
    }

    async function shopUntilStopped(grant: Grant): Promise<void> {
      const buy = payingFetch({ client, key, grant, pollingInterval: 50 });
      const items = Object.entries(PRICES);
      /** The last refusal, so that the same is not said again and again. */
      let said = "";
      for (let at = 0; !signal.aborted; at++) {
        const [item, price] = items[at % items.length] ?? ["", "0"];
        // A name that was not asked for before: a purchase of its own.
        const paid = await buy(`${merchant.url(item)}?purchase=${at}`, { signal }).catch(decodeError);
        if (signal.aborted) return;
        const status = await sessionStatus(client, grant);
        const over = status.reasons.find((reason) => ["REVOKED", "WRONG_EPOCH", "EXPIRED"].includes(reason));
        const settlement = paid instanceof Response && paid.headers.get("PAYMENT-RESPONSE");
        if (paid instanceof Response && paid.status === 200 && settlement) {
          const [budget] = status.budgets;
          const used = (budget?.spent ?? 0n) + (budget?.opened ?? 0n);
          print({
            event: "paid",
            item,
            amount: `$${price}`,
            transaction: decodePaymentResponseHeader(settlement).transaction as Hex,
            used: dollars(used),
            left: dollars(budget?.remaining ?? 0n),
          });
          said = "";
        } else if (!over) {
          const refusal =
            paid instanceof Response
              ? { code: "NOT_SOLD", shortMessage: `The shop answered ${paid.status}.` }
              : paid;
          if (said !== refusal.code)
            print({ event: "refused", code: refusal.code, message: refusal.shortMessage });
          said = refusal.code;
        }
        if (over) return print({ event: "stopped", code: over });
        await pause(pace, signal);
      }
    }
  } finally {
    for (const close of closing) await close();
  }
}

/** Waits, or less if the signal says so. */
const pause = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
    signal.addEventListener("abort", finish);
  });
