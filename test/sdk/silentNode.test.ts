import { mock } from "node:test";
import { Refusal } from "@latchkey/sdk";
import { expect } from "chai";
import { createPublicClient, custom } from "viem";
import { getBlock } from "#sdk/internal/chainActions.ts";

describe("a node that never answers", () => {
  it("is given two minutes for a question, and then the network is at fault", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const request = () => new Promise(() => {});
      const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
      let outcome: unknown;
      const asking = getBlock(client, {}).catch((error: unknown) => {
        outcome = error;
      });
      await Promise.resolve();
      mock.timers.tick(119_999);
      await new Promise((done) => setImmediate(done));
      expect(outcome).to.equal(undefined);
      mock.timers.tick(1);
      await asking;
      expect(outcome).to.be.instanceOf(Refusal).with.property("code", "NETWORK");
      expect((outcome as Refusal).message).to.contain("120 seconds");
    } finally {
      mock.timers.reset();
    }
  });
});
