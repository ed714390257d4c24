import { fallbackHandlerOf } from "@latchkey/devchain";
import { encodeRevokeAll } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, type Hex, pad, parseAbi } from "viem";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  execute,
  grantOf,
  install,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  TOKEN_REFUSED,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const kernelAbi = parseAbi([
  "function invalidateNonce(uint32 nonce) payable",
  "function currentNonce() view returns (uint32)",
]);

describe("Kernel only", () => {
  onEveryAccount(
    (account) => {
      it("invalidateNonce removes the validator without notification: payments and executions continue until revokeAll", async () => {
        const session = sessionOf(account());
        await install(account(), { sessions: [session] });
        const address = account().address;
        const contract = { address, abi: kernelAbi } as const;
        const { testChain, module } = world();
        const nonce = await testChain.client.readContract({ ...contract, functionName: "currentNonce" });
        const data = encodeFunctionData({ ...contract, functionName: "invalidateNonce", args: [nonce + 1] });
        await account().execute([{ to: address, value: 0n, data }]);
        expect(await refusal(sendUserOp(account(), session, [pay(alice, 1n)]))).to.include("AA23");
        await settle(account(), session);
        await execute(session, [pay(alice, 1n)]);
        await account().execute([encodeRevokeAll({ module })]);
        expect(await refusal(execute(session, [pay(alice, 1n)]))).to.include("WrongEpoch");
        expect(await refusal(settle(account(), session, { slot: { lot: 1n } }))).to.match(TOKEN_REFUSED);
      });
    },
    (name) => name === "Kernel 3.1",
  );
});

describe("Safe7579 only", () => {
  onEveryAccount(
    (account) => {
      it("its adapter is not a valid target: it accepts anything from the Safe", async () => {
        const adapter = await fallbackHandlerOf(world().testChain, account().address);
        const selector = "0xe9ae5c53";
        const session = sessionOf(account(), { actions: [{ target: adapter, selector, rules: [] }] });
        await install(account(), { sessions: [session] });
        const call = { target: adapter, value: 0n, data: `${selector}${"00".repeat(64)}` as Hex };
        expect(await refusal(execute(session, [call]))).to.include("ForbiddenTarget");
        expect((await sendUserOp(account(), session, [call])).success).to.equal(false);
      });
      it("a new owner changes who can grant, but ends no session, which requires revokeAll", async () => {
        const [enabled, unused] = [sessionOf(account()), sessionOf(account(), { salt: 2n })];
        await install(account(), { sessions: [enabled] });
        const grant = await grantOf(account(), unused);
        const swap = parseAbi(["function swapOwner(address prevOwner, address oldOwner, address newOwner)"]);
        const owners = await world().testChain.client.readContract({
          address: account().address,
          abi: parseAbi(["function getOwners() view returns (address[])"]),
          functionName: "getOwners",
        });
        const data = encodeFunctionData({
          abi: swap,
          functionName: "swapOwner",
          args: [pad("0x01", { size: 20 }), owners[0] as Address, alice],
        });
        await account().execute([{ to: account().address, value: 0n, data }]);
        expect(await refusal(execute(unused, [pay(alice, 1n)], grant))).to.include("NotGranted");
        expect(await refusal(settle(account(), unused, { grant }))).to.match(TOKEN_REFUSED);
        await execute(enabled, [pay(alice, USD)]);
        expect(await balanceOf(alice)).to.equal(USD);
      });
    },
    (name) => name.startsWith("Safe7579"),
  );
});
