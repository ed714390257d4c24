import { memoryPaymentStore } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { expect } from "chai";
import {
  type Address,
  createClient,
  custom,
  decodeFunctionData,
  encodeFunctionResult,
  getAddress,
  type Hex,
} from "viem";
import { type ExecutionTaken, executionsInFlight } from "#sdk/agent/x402/executionsInFlight.ts";
import type { HeldSlot } from "#sdk/agent/x402/HeldSlot.ts";
import { slotAllocator, UnreadExecutions } from "#sdk/agent/x402/slotAllocator.ts";
import { isRefusal } from "#sdk/errors/isRefusal.ts";
import { aggregatingClient } from "#sdk/internal/aggregatingClient.ts";

const token = getAddress("0x70ce000000000000000000000000000000000001");
const shop: Address = "0x5409000000000000000000000000000000000001";
const payer = getAddress("0xacc0000000000000000000000000000000000001");
const module = getAddress("0x5e55000000000000000000000000000000000001");
const sessionId: Hex = `0x${"5e".repeat(32)}`;
const account = `eip155:1:${payer.toLowerCase()}`;

/** $2 a period, $1 at once. */
const budget = (signatures: number) => ({
  token,
  perTransaction: 100n,
  perPeriod: 200n,
  period: 100,
  initial: 0n,
  perSecond: 0n,
  signatures,
  sizes: signatures && 5,
  recipients: [shop],
});

/** A chain that knows nothing but which nonces are used. */
function world(signatures = 0, store = memoryPaymentStore()) {
  const used = new Set<bigint>();
  const client = createClient({
    transport: custom(
      {
        request: async ({ method, params }: { method: string; params: [{ data: Hex; to: Address }] }) => {
          if (method !== "eth_call" || params[0].to.toLowerCase() !== module.toLowerCase()) return "0x";
          const { args } = decodeFunctionData({ abi: sessionModuleAbi, data: params[0].data });
          const result = used.has((args as readonly [Hex, Address, bigint])[2]);
          return encodeFunctionResult({ abi: sessionModuleAbi, functionName: "nonceUsed", result });
        },
      },
      { retryCount: 0 },
    ),
  });
  const of = () =>
    executionsInFlight({
      account,
      sessionId,
      payer,
      module,
      budget: budget(signatures),
      budgetIndex: 0,
      store,
    });
  const executions = of();
  const seen = async (by = executions) => {
    await by.look();
    const known = by.see();
    await by.read(aggregatingClient(client), known);
    return known;
  };
  const request = { payee: shop, period: 0n, released: 200n, now: 1000, heldUntil: () => 1100 };
  const take = async (amount: bigint, change: { spent?: bigint; now?: number; period?: bigint } = {}) =>
    executions.take({ ...request, spent: 0n, ...change, amount, seen: await seen() });
  return { used, store, executions, of, seen, request, take };
}

const heldIn = (taken: ExecutionTaken): HeldSlot => {
  if (taken.kind !== "taken") throw new Error(taken.kind);
  return taken.held;
};

describe("executions in flight", () => {
  it("count against the period until they are redeemed or over: of 2, three of 1 are two", async () => {
    const { used, take } = world();
    const first = heldIn(await take(100n));
    expect((await take(100n)).kind).to.equal("taken");
    expect(await take(100n)).to.deep.equal({ kind: "wait", count: 2, until: 1100 });
    expect((await take(1n)).kind).to.equal("wait");
    // The chain counts the first one now.
    used.add(first.index);
    expect((await take(1n, { spent: 100n })).kind).to.equal("wait");
    expect((await take(100n, { spent: 0n })).kind).to.equal("taken");
  });

  it("count to the last unit, and no further", async () => {
    const { take } = world();
    await take(99n);
    expect((await take(102n)).kind).to.equal("wait");
    expect((await take(101n)).kind).to.equal("taken");
    expect((await take(1n)).kind).to.equal("wait");
  });

  it("count in the next period too, in which they may be redeemed, but not after their time", async () => {
    const { take } = world();
    await take(100n);
    expect((await take(101n, { period: 1n })).kind).to.equal("wait");
    expect((await take(101n, { period: 1n, now: 1100 })).kind).to.equal("wait");
    expect((await take(101n, { period: 1n, now: 1101 })).kind).to.equal("taken");
  });

  it("of another process with the same store count, once they were asked about", async () => {
    const { used, of, executions, seen, request, take } = world();
    const other = of();
    const before = await seen(other);
    const first = heldIn(await take(150n));
    const asked = { ...request, spent: 0n, amount: 100n };
    expect((await other.take({ ...asked, seen: before })).kind).to.equal("unread");
    expect((await other.take({ ...asked, seen: await seen(other) })).kind).to.equal("wait");
    used.add(first.index);
    expect((await other.take({ ...asked, seen: await seen(other) })).kind).to.equal("taken");
    await executions.release(first);
  });

  it("are released where nothing was signed", async () => {
    const { executions, take } = world();
    const held = heldIn(await take(200n));
    expect((await take(1n)).kind).to.equal("wait");
    await executions.release(held);
    expect((await take(200n)).kind).to.equal("taken");
  });

  it("leave a lot alone in which a signed payment is in flight", async () => {
    const { store, take } = world(1);
    const slot = { period: 0n, lot: 1n, size: 0, index: 0n, payee: shop, heldUntil: 1050 };
    await store.take({ account, budget: `${sessionId}/0`, now: 1000, choose: () => slot });
    expect(await take(1n)).to.deep.equal({ kind: "wait", count: 1, until: 1050 });
    expect((await take(1n, { period: 1n })).kind).to.equal("taken");
  });

  it("take their lots from signed payments, which wait for them and are not refused for the period", async () => {
    const { used, store, executions, seen, take } = world(1);
    const allocator = slotAllocator({
      account,
      sessionId,
      budget: budget(1),
      budgetIndex: 0,
      store,
      executions,
      nonceStates: async (nonces) => nonces.map(() => false),
    });
    const ask = async (inFlight: Awaited<ReturnType<typeof seen>>, spent = 0n) =>
      allocator
        .take({
          value: 100n,
          payee: shop,
          period: 0n,
          spent,
          resetsAt: 2000,
          now: 1000,
          inFlight,
          heldUntil: () => 1050,
        })
        .then(
          ({ slot }) => slot.lot,
          (error: unknown) => error,
        );
    const before = await seen();
    const first = heldIn(await take(100n));
    const second = heldIn(await take(100n));
    expect(await ask(before)).to.be.instanceOf(UnreadExecutions);
    const refused = await ask(await seen());
    expect(isRefusal(refused, "SLOTS_TAKEN") && refused.details).to.deep.equal({ inFlight: 2, until: 1100 });
    used.add(first.index);
    await executions.release(second);
    expect(await ask(await seen(), 100n)).to.equal(0n);
    const full = await ask(await seen(), 100n);
    expect(isRefusal(full, "SLOTS_TAKEN")).to.equal(true);
  });

  it("have nonces of their own, in one word of the module's storage, which no other agent uses", async () => {
    const words = new Set<bigint>();
    for (const { take } of [world(), world()]) {
      const nonces = new Set<bigint>();
      for (let turn = 0; turn < 20; turn++) nonces.add(heldIn(await take(10n)).index);
      expect(nonces.size).to.equal(20);
      expect(nonces.has(0n)).to.equal(false);
      for (const nonce of nonces) words.add(nonce >> 8n);
    }
    expect(words.size).to.equal(2);
  });
});
