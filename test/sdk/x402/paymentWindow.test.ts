import { expect } from "chai";
import { createPublicClient, custom, toHex } from "viem";
import { currentTime } from "#sdk/agent/x402/currentTime.ts";
import { paymentWindow } from "#sdk/agent/x402/paymentWindow.ts";

const validBefore = (parameters: Partial<Parameters<typeof paymentWindow>[0]>) =>
  paymentWindow({
    now: 1000,
    maxTimeoutSeconds: 300,
    resetsAt: 86_400,
    margin: 12,
    ...parameters,
  })?.validBefore;

describe("the time that an authorization gets", () => {
  it("ends with the merchant's time-out, but never later than an hour from now", () => {
    expect(validBefore({ maxTimeoutSeconds: 60 })).to.equal(1060);
    expect(validBefore({ maxTimeoutSeconds: 600 })).to.equal(1600);
    for (const maxTimeoutSeconds of [3600, 3601, 1e12, Number.POSITIVE_INFINITY])
      expect(validBefore({ maxTimeoutSeconds })).to.equal(4600);
  });

  it("ends with the period, whose slot dies then", () => {
    expect(validBefore({ resetsAt: 1100 })).to.equal(1100);
  });

  it("is nothing when less than six seconds and the margin are left of the period", () => {
    expect(validBefore({ resetsAt: 1018 })).to.equal(1018);
    expect(validBefore({ resetsAt: 1017 })).to.equal(undefined);
    expect(validBefore({ resetsAt: 1006, margin: 0 })).to.equal(1006);
    expect(validBefore({ resetsAt: 1005, margin: 0 })).to.equal(undefined);
    expect(validBefore({ resetsAt: 900 })).to.equal(undefined);
  });
});

describe("the time that it is for a chain", () => {
  /** A node that knows only what its pending block will say, if that. */
  const node = (pending: number | undefined) =>
    createPublicClient({
      transport: custom(
        {
          request: async ({ method, params }: { method: string; params?: readonly unknown[] }) => {
            if (method !== "eth_getBlockByNumber" || params?.[0] !== "pending" || pending === undefined) {
              throw new Error("not supported");
            }
            return { timestamp: toHex(pending), transactions: [] };
          },
        },
        { retryCount: 0 },
      ),
    });
  const local = () => Math.floor(Date.now() / 1000);

  it("is the local one where that is ahead of the latest block by up to a minute", async () => {
    const now = local();
    expect(await currentTime(node(undefined), now - 12)).to.be.within(now, now + 2);
    expect(await currentTime(node(undefined), now - 55)).to.be.within(now, now + 2);
  });

  it("is the latest block's where the local clock is behind, or far ahead", async () => {
    const now = local();
    expect(await currentTime(node(undefined), now + 1000)).to.equal(now + 1000);
    expect(await currentTime(node(undefined), now - 1000)).to.equal(now - 1000);
    expect(await currentTime(node(now - 999), now - 1000)).to.equal(now - 999);
    expect(await currentTime(node(now - 5000), now - 1000)).to.equal(now - 1000);
  });

  it("is the pending block's where the chain has had none for long, but not later than the local one", async () => {
    const now = local();
    expect(await currentTime(node(now), now - 1000)).to.equal(now);
    expect(await currentTime(node(now + 5000), now - 1000)).to.be.within(now, now + 2);
  });
});
