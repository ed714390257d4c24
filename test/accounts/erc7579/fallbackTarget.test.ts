import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import type { Action, Call, Session } from "@latchkey/sdk";
import { EXECUTOR_TYPE, erc7579Abi } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { type Address, concat, encodeFunctionData, getAddress, type Hex, slice } from "viem";
import { erc7579AdapterOf } from "#sdk/accounts/accountAdapterOf.ts";
import { refusal } from "../../environment/refusal.ts";
import { fallbackInstallation } from "./fallbackInstallation.ts";
import {
  alice,
  balanceOf,
  bob,
  errorIn,
  execute,
  executeSigned,
  install,
  mallory,
  pay,
  sendUserOp,
  sessionOf,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** Bob's. */
const DEPOSIT = 5n * USD;

describe("an action whose target the account has as a fallback handler", () => {
  onEveryAccount((account) => {
    let handler: Mock;
    beforeEach(async () => {
      handler = await deployMock(world().testChain, "DepositHandler", [world().usdc.address]);
      await world().usdc.deal(handler.address, DEPOSIT);
      await handler.write("note", [bob, DEPOSIT]);
    });

    const actionOf = (contract: Mock, functionName: string, args: readonly unknown[] = []): Action => ({
      target: contract.address,
      selector: slice(contract.encode(functionName, args), 0, 4),
      rules: [],
    });
    const call = (to: Mock, functionName: string, args: readonly unknown[] = []): Call => ({
      target: to.address,
      value: 0n,
      data: to.encode(functionName, args),
    });
    const withdraw = () => handler.encode("withdraw", [mallory, DEPOSIT]);
    /** The account takes Bob's money for Mallory, with Bob's address behind the arguments. */
    const asBob = (): Call => ({ target: handler.address, value: 0n, data: concat([withdraw(), bob]) });
    const installation = (): Hex => fallbackInstallation(account(), handler.address, slice(withdraw(), 0, 4));
    const act = (data: Hex) => account().execute([{ to: account().address, value: 0n, data }]);
    const enabled = async (...actions: Action[]): Promise<Session> => {
      const session = sessionOf(account(), { actions });
      await install(account(), { sessions: [session] });
      return session;
    };
    const withdrawing = () => enabled(actionOf(handler, "withdraw", [mallory, 0n]));
    const expectNothingTaken = async (taker: Address = mallory) => {
      expect(await balanceOf(taker)).to.equal(0n);
      expect(await handler.read("depositOf", [bob])).to.equal(DEPOSIT);
    };

    it("can impersonate any sender to the handler", async () => {
      await act(installation());
      const data = handler.encode("withdraw", [alice, DEPOSIT]);
      await world().testChain.send({ from: bob, to: account().address, data });
      expect(await balanceOf(alice)).to.equal(DEPOSIT);
    });
    it("is rejected for the key, in its own transaction, a relayer's, and after a payment", async () => {
      const session = await withdrawing();
      await act(installation());
      expect(await refusal(execute(session, [asBob()]))).to.include(
        `ForbiddenTarget(0, ${getAddress(handler.address)})`,
      );
      expect(await refusal(executeSigned(session, [asBob()]))).to.include("ForbiddenTarget(0, ");
      expect(await refusal(execute(session, [pay(alice, 1n), asBob()]))).to.include("ForbiddenTarget(1, ");
      await expectNothingTaken();
      expect(await balanceOf(alice)).to.equal(0n);
    });
    it("is rejected for the key in a userOp", async () => {
      const session = await withdrawing();
      await act(installation());
      const { success, reason } = await sendUserOp(account(), session, [asBob()]);
      expect([success, errorIn(reason)]).to.deep.equal([
        false,
        // A Safe7579 keeps the reason to itself.
        account().kind === "safe7579" ? undefined : "ForbiddenTarget",
      ]);
      await expectNothingTaken();
    });
    it("is rejected once a call in the same batch has installed the handler", async () => {
      const executor = await deployMock(world().testChain, "InstallingExecutor");
      await executor.write("prepare", [installation()]);
      await act(
        encodeFunctionData({
          abi: erc7579Abi,
          functionName: "installModule",
          args: [
            EXECUTOR_TYPE,
            executor.address,
            erc7579AdapterOf(account().kind).installationBytes(EXECUTOR_TYPE, "0x"),
          ],
        }),
      );
      const session = await enabled(
        actionOf(executor, "run"),
        actionOf(handler, "withdraw", [mallory, 0n]),
        actionOf(handler, "knock"),
      );
      // Before the batch the account has no such handler, and after it none either: it is undone.
      const batch = [call(executor, "run"), asBob()];
      expect(await refusal(execute(session, batch))).to.include("ForbiddenTarget(1, ");
      await expectNothingTaken();
      await execute(session, [call(executor, "run"), call(handler, "knock")]);
      expect(await refusal(execute(session, [asBob()]))).to.include("ForbiddenTarget(0, ");
      await expectNothingTaken();
    });
    it("is allowed while it is not a handler, and then only acts as the account", async () => {
      const session = await withdrawing();
      expect(await refusal(execute(session, [asBob()]))).to.include("CallFailed");
      await handler.write("note", [account().address, 1n]);
      const own = { ...asBob(), data: concat([handler.encode("withdraw", [mallory, 1n]), bob]) };
      await execute(session, [own]);
      expect(await balanceOf(mallory)).to.equal(1n);
      expect(await handler.read("depositOf", [bob])).to.equal(DEPOSIT);
    });
    it("is allowed for a function that the account does not forward", async () => {
      const session = await enabled(actionOf(handler, "knock"));
      await act(installation());
      await execute(session, [call(handler, "knock")]);
      expect(await handler.read("knocks")).to.equal(1n);
    });
  });
});
