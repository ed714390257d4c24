import { accountIdOf } from "@latchkey/accounts/erc7579/modularAccounts";
import { erc7579KindOf } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { someone } from "../../contracts/fixture.ts";
import { createWorld7579, MODULAR_ACCOUNTS, type World7579 } from "./World7579.ts";

describe("the ERC-7579 accounts of the tests", function () {
  this.timeout(120_000);
  let world: World7579;

  before(async () => {
    world = await createWorld7579();
  });

  it("have EntryPoints at their canonical addresses", () => {
    const { accounts } = world;
    expect(accounts["Nexus 1.0.0"].entryPoint.address).to.equal("0x0000000071727De22E5E9d8BAf0edAc6f37da032");
    expect(accounts["OpenZeppelin AccountERC7579 on EntryPoint 0.8"].entryPoint.address).to.equal(
      "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
    );
  });
  for (const name of MODULAR_ACCOUNTS) {
    describe(name, () => {
      it("has the id that the SDK expects", async () => {
        const account = world.accounts[name];
        expect(erc7579KindOf(await accountIdOf(account))).to.equal(account.kind);
      });
      it("executes its owner's calls, several at once", async () => {
        const { testChain, accounts } = world;
        const [first, second] = [someone("first").address, someone("second").address];
        const before = await testChain.client.getBalance({ address: second });
        await accounts[name].execute([
          { to: first, value: 1n, data: "0x" },
          { to: second, value: 2n, data: "0x" },
        ]);
        expect(await testChain.client.getBalance({ address: second })).to.equal(before + 2n);
      });
    });
  }
});
