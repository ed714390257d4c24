import { usdcAddress } from "@latchkey/sdk";
import { expect } from "chai";
import { isAddress } from "viem";
import { usdc } from "viem/tokens";

describe("usdcAddress", () => {
  for (const chain of [1, 8453, 84532, 11155111] as const)
    it(`is on chain ${chain} what viem says, with its checksum`, () => {
      const address = usdcAddress(chain);
      expect(address).to.equal(usdc.addresses[chain]);
      expect(isAddress(`${address}`)).to.equal(true);
    });

  it("knows none where USDC follows other rules, or where there is no such chain", () => {
    expect(usdc.addresses[5042]).to.be.a("string");
    expect([5042, 10, 0, -1].map(usdcAddress)).to.deep.equal([undefined, undefined, undefined, undefined]);
  });
});
