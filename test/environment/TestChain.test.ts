import { createPasskeySafe, modulesOf } from "@latchkey/accounts/safeAccount";
import { executeByKit } from "@latchkey/accounts/safeKit";
import { createPasskey, installSafe, installUsdc, openTestChain, USDC } from "@latchkey/devchain";
import { expect } from "chai";
import { network } from "hardhat";
import { parseEther } from "viem";
import { installLatchkey } from "./latchkey.ts";

describe("a chain behind JSON-RPC, with its own id", function () {
  this.timeout(120_000);

  it("gets USDC, Safe and Latchkey like an in-process one", async () => {
    const server = await network.createServer("default", "127.0.0.1");
    const { address, port } = await server.listen();
    try {
      const testChain = await openTestChain(`http://${address}:${port}`);
      expect(testChain.chainId).to.equal(31_337);

      const usdc = await installUsdc(testChain);
      expect(usdc.domain.chainId).to.equal(31_337);
      expect(usdc.address).to.equal(USDC.ethereum.address.proxy);
      expect(usdc.domainSeparator).not.to.equal(USDC.ethereum.domainSeparator);
      expect(usdc.mode).to.equal("hermetic");

      const safe = await installSafe(testChain);
      const latchkey = await installLatchkey(testChain);
      const passkey = createPasskey("behind JSON-RPC");
      const account = await createPasskeySafe(
        { testChain, safe },
        { version: "1.5.0", passkey, latchkey, domainSeparators: [usdc.domainSeparator] },
      );
      expect(await modulesOf(account)).to.deep.equal([latchkey.module]);

      await testChain.setBalance(account.address, parseEther("1"));
      await executeByKit(account, [{ to: usdc.roles.owner, value: 5n, data: "0x" }]);
      expect(passkey.assertions).to.equal(1);
      expect(await testChain.client.getBalance({ address: account.address })).to.equal(parseEther("1") - 5n);
    } finally {
      await server.close();
    }
  });

  it("says why a transaction was refused", async () => {
    const { provider } = await network.create("default");
    const testChain = await openTestChain(provider);
    const usdc = await installUsdc(testChain);
    let reason = "";
    try {
      await testChain.send({ from: usdc.admin, to: usdc.address });
    } catch (error) {
      reason = String(error);
    }
    expect(reason).to.include("Cannot call fallback function from the proxy admin");
  });
});
