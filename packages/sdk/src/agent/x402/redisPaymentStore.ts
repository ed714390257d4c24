import { createHash } from "node:crypto";
import { Refusal } from "../../errors/Refusal.ts";
import { within } from "../../internal/within.ts";
import { type HeldSlots, heldSlots } from "./heldSlots.ts";
import type { PaymentStore, Purchase, StoredBudget } from "./PaymentStore.ts";
import { CHANGE, RELEASE, TAKE } from "./redisScripts.ts";
import { entryText, slotText, storedPurchases, storedSlot } from "./storedEntries.ts";

/** What {@link redisPaymentStore} uses of a client: `createClient` and `createCluster` of `redis` 5 return it. */
export type RedisScripting = {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(hash: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
};

/** Seconds after its last use for which an account's data is kept, by the server's clock: far longer than any payment. */
const KEPT = 7 * 86_400;

/** Most purchases whose last known state is remembered, which saves a round trip. */
const MOST_REMEMBERED = 1000;

/**
 * A {@link PaymentStore} in Redis, for agents on several machines. A take is one round trip unless another process was
 * faster, and O(log n) for the server.
 *
 * The server must keep what it has confirmed: persistence by `appendonly yes`, with `appendfsync always` if it may lose
 * power; `maxmemory-policy noeviction`. A replica that takes over may lack the last writes: what they said may then be paid
 * again. All keys of an account have one hash slot, as a cluster requires.
 *
 * Its own entry point: `import { redisPaymentStore } from "@latchkey/sdk/redis"`.
 *
 * @param client Connected, of `redis` 5: `createClient` or `createCluster`.
 * @param options.prefix Of all keys. Default: `latchkey`.
 * @param options.timeout Milliseconds to wait for the server. Default: 10,000.
 * @throws {Refusal} STORE if the server does not answer in time, or holds something else under these keys.
 *
 * @example
 * const client = await createClient({ url: "redis://localhost" }).connect();
 * const pay = payingFetch({ client: publicClient, key, grant, store: redisPaymentStore(client) });
 */
export function redisPaymentStore(
  client: RedisScripting,
  { prefix = "latchkey", timeout = 10_000 }: { prefix?: string; timeout?: number } = {},
): PaymentStore {
  /** What this process has seen of each budget. */
  const seen = new Map<string, SeenBudget>();
  /** What this process has seen of purchases, by account and name. */
  const remembered = new Map<string, string>();

  async function run(script: string, keys: string[], parameters: (string | number)[]): Promise<unknown> {
    const options = { keys, arguments: parameters.map(String) };
    const running = client.evalSha(hashOf(script), options).catch((error: unknown) => {
      if (!/^NOSCRIPT/.test((error as Error)?.message)) throw error;
      return client.eval(script, options);
    });
    try {
      return await within(timeout, running, () => new Error(`no response in ${timeout} ms`));
    } catch (cause) {
      throw unusable("did not answer", cause);
    }
  }

  const base = (account: string) => `${prefix}:{${account}}`;
  const purchaseKeys = (account: string) =>
    ["purchases", "ends", "time"].map((key) => `${base(account)}:${key}`);
  const slotKeys = ({ account, budget }: StoredBudget) =>
    ["changes", "ends", "version"].map((key) => `${base(account)}:slots:${budget}:${key}`);

  const seenOf = (budget: StoredBudget): SeenBudget => {
    const known = seen.get(keyOf(budget)) ?? {
      life: "",
      version: 0,
      slots: heldSlots(),
      turn: Promise.resolve(),
    };
    seen.set(keyOf(budget), known);
    return known;
  };
  /** One at a time for each budget: the others of this process would only have to try again. */
  const inTurn = <result>(budget: StoredBudget, work: (seen: SeenBudget) => Promise<result>) => {
    const known = seenOf(budget);
    const turn = known.turn.then(() => work(known));
    known.turn = turn.catch(() => {});
    return turn;
  };

  /** @param now Undefined to forget nothing. */
  const take = (
    budget: StoredBudget,
    now: number | undefined,
    choose: Parameters<PaymentStore["take"]>[0]["choose"],
  ) =>
    inTurn(budget, async (known) => {
      for (;;) {
        if (now !== undefined) known.slots.dropBefore(now);
        const chosen = choose(known.slots.all());
        const reply = await run(
          TAKE,
          [...slotKeys(budget), ...purchaseKeys(budget.account)],
          [
            known.version,
            known.life,
            chosen ? slotText(chosen) : "",
            chosen?.heldUntil ?? 0,
            now ?? "",
            globalThis.crypto.randomUUID(),
            KEPT,
          ],
        );
        const [isStored, life, version, changes] = reply as [unknown, unknown, unknown, unknown[]];
        for (const each of changes) apply(known.slots, String(each));
        known.life = String(life);
        known.version = Number(version);
        if (Number(isStored) !== 1) continue;
        if (chosen) known.slots.add(chosen);
        else if (known.slots.all().length === 0) seen.delete(keyOf(budget));
        return chosen;
      }
    });

  function apply(slots: HeldSlots, change: string): void {
    const slot = read(() => storedSlot.parse(JSON.parse(change.slice(1))));
    if (change.startsWith("+")) slots.add(slot);
    else slots.remove(slot);
  }
  const read = <entry>(parse: () => entry): entry => {
    try {
      return parse();
    } catch (cause) {
      throw unusable("is damaged or is not a payment store", cause);
    }
  };

  const unusable = (what: string, cause: unknown) =>
    new Refusal({
      code: "STORE",
      shortMessage: `The payment store ${prefix} in Redis ${what}.`,
      metaMessages: ["Nothing was sent. Check the server, then make the same request again."],
      details: { prefix },
      cause,
    });

  return {
    take: ({ now, choose, ...budget }) => take(budget, now, choose),
    async release(budget, slot) {
      await take(budget, undefined, () => undefined);
      await inTurn(budget, async ({ slots }) => {
        const held = slots.find(slot);
        if (held) await run(RELEASE, slotKeys(budget), [slotText(held), held.heldUntil]);
      });
    },
    async held(budget) {
      await take(budget, undefined, () => undefined);
      return [...seenOf(budget).slots.all()];
    },
    async change({ account, name, change }) {
      const key = entryText([account, name]);
      let [current, now] = [remembered.get(key) ?? "", 0];
      for (;;) {
        const all = current ? read(() => storedPurchases.parse(JSON.parse(current))) : [];
        const before = all.filter(({ until }) => until >= now);
        const changed = change(before);
        const next = changed ? textOf(changed) : current;
        const until = Math.max(0, ...(changed ?? []).map((each) => each.until));
        const earliest = Math.min(Number.MAX_SAFE_INTEGER, ...before.map((each) => each.until));
        const reply = await run(CHANGE, purchaseKeys(account), [name, current, next, until, earliest, KEPT]);
        const [isStored, found, time] = reply as [unknown, unknown, unknown];
        now = Number(time);
        if (Number(isStored) === 1) {
          remember(key, next);
          return changed ?? before;
        }
        current = String(found);
      }
    },
  };

  function remember(key: string, text: string): void {
    remembered.delete(key);
    if (text) remembered.set(key, text);
    const [oldest] = remembered.keys();
    if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  }
}

/** What one process has seen of a budget: everything up to a version, in one life of the server's data. */
type SeenBudget = { life: string; version: number; slots: HeldSlots; turn: Promise<unknown> };

const keyOf = ({ account, budget }: StoredBudget): string => entryText([account, budget]);
const textOf = (purchases: readonly Purchase[]): string => (purchases.length > 0 ? entryText(purchases) : "");

const hashOf = (script: string): string => createHash("sha1").update(script).digest("hex");
