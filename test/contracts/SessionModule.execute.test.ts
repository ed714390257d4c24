import { expect } from "chai";
import { concat, type Hex } from "viem";
import {
  ACTOR,
  ANYONE,
  act,
  actAction,
  actorReport,
  alice,
  approvedByOwner,
  budget,
  CANNED,
  chain,
  chainOfReasons,
  DAY,
  decodeRevert,
  enable,
  encode,
  eventsOf,
  execute,
  grantOf,
  idOf,
  key,
  MAX_UINT256,
  MODULE,
  nativeBudget,
  ODD_TOKEN,
  OTHER_ACTOR,
  oddToken,
  owner,
  pay,
  payNative,
  prepare,
  refused,
  renounce,
  revertOf,
  revoke,
  revokeAll,
  SAFE_VERSIONS,
  session,
  signExecution,
  someone,
  spentOf,
  stateOf,
  stranger,
  T0,
  teach,
  USD,
  useChain,
} from "./fixture.ts";

// Rules of docs/spec.md: E-5, E-6.
describe("execute", () => {
  useChain();

  for (const version of SAFE_VERSIONS) {
    it(`pays from a Safe ${version} with the key alone, and emits what it spent`, async () => {
      const of = session({ account: chain.safes[version] });
      await chain.send(enable(of));
      const receipt = await chain.send(execute(of, [pay(alice, USD)]));
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      expect(await chain.usdc.balanceOf(of.account)).to.equal(999n * USD);
      expect(eventsOf(receipt)).to.deep.equal([
        {
          name: "Spent",
          args: {
            account: of.account,
            id: await idOf(of),
            token: chain.usdc.address,
            period: 0n,
            amount: USD,
          },
        },
      ]);
    });
  }

  it("is rejected for anyone but the key, including the account and its owner", async () => {
    await chain.send(enable(session()));
    for (const from of [stranger.address, owner.address, session().account, MODULE]) {
      const attempt = chain.call({ ...execute(session(), [pay(alice, 1n)]), from });
      await refused(attempt, "NotKey", from, key.address);
    }
  });
  it("is rejected for the key of another session", async () => {
    await chain.send(enable(session()));
    const other = session({ key: stranger.address });
    await refused(chain.call(execute(other, [pay(alice, 1n)])), "NotGranted", await idOf(other));
  });
  it("is valid from validAfter until the second before validUntil", async () => {
    const window = session({ validAfter: T0 + 100, validUntil: T0 + 200 });
    await chain.send(enable(window));
    const use = () => chain.call(execute(window, [pay(alice, 1n)]));
    await chain.setTime(T0 + 99);
    await refused(use(), "NotYetValid", T0 + 100);
    await chain.setTime(T0 + 100);
    await use();
    await chain.setTime(T0 + 199);
    await use();
    await chain.setTime(T0 + 200);
    await refused(use(), "Expired", T0 + 200);
  });
  it("is rejected with nothing to execute", async () => {
    await chain.send(enable(session()));
    await refused(chain.call(execute(session(), [])), "EmptyBatch");
  });
  it("is rejected without a grant until the session is enabled, for any caller", async () => {
    await refused(chain.call(execute(session(), [pay(alice, 1n)])), "NotGranted", await idOf(session()));
  });
  it("is refused for a session of another epoch, before and after it was enabled", async () => {
    const stale = session({ epoch: 5n });
    await refused(chain.call(execute(stale, [pay(alice, 1n)], await grantOf(stale))), "WrongEpoch", 5, 0);
  });
  it("is rejected if any word of an enabled session differs", async () => {
    await chain.send(enable(session()));
    for (const changed of [
      session({ salt: 2n }),
      session({ validUntil: T0 + 8 * DAY }),
      session({ budgets: [budget({ perTransaction: 2n * USD })] }),
      session({ budgets: [budget({ recipients: [alice] })] }),
      session({ budgets: [budget({ recipients: [ANYONE] })] }),
      session({ actions: [actAction()] }),
    ]) {
      await refused(chain.call(execute(changed, [pay(alice, 1n)])), "NotGranted", await idOf(changed));
    }
  });
  it("is rejected for the same session on another account", async () => {
    await chain.send(enable(session()));
    const moved = session({ account: chain.safes["1.5.0"] });
    await refused(chain.call(execute(moved, [pay(alice, 1n)])), "NotGranted", await idOf(moved));
  });
  it("executes a batch atomically", async () => {
    await chain.send(enable(session()));
    await chain.usdc.deal(session().account, 10n);
    await revertOf(chain.send(execute(session(), [pay(alice, 10n), pay(alice, 1n)])));
    expect(await chain.usdc.balanceOf(alice)).to.equal(0n);
    expect(await spentOf(session())).to.equal(0n);
  });
  it("makes many calls in order", async () => {
    await chain.send(enable(session()));
    const amounts = Array.from({ length: 40 }, (_, i) => BigInt(i + 1));
    const receipt = await chain.send(
      execute(
        session(),
        amounts.map((amount) => pay(alice, amount)),
      ),
    );
    const moved = receipt.logs
      .filter(
        ({ address, topics }) =>
          address.toLowerCase() === chain.usdc.address.toLowerCase() && topics.length === 3,
      )
      .map(({ data }) => BigInt(data));
    expect(moved).to.deep.equal(amounts);
    expect(await spentOf(session())).to.equal(820n);
    expect(eventsOf(receipt)).to.have.length(1);
  });
  it("is rejected once the Safe has removed the module", async () => {
    await chain.send(enable(session()));
    const disable = concat(["0xe009cfde", `0x${"00".repeat(31)}01`, `0x${"00".repeat(12)}`, MODULE]);
    await chain.send({ from: session().account, to: session().account, data: disable });
    expect(decodeRevert(await revertOf(chain.call(execute(session(), [pay(alice, 1n)])))).args).to.deep.equal(
      ["GS104"],
    );
  });
  it("on a session of an account without code does nothing", async () => {
    const plain = someone("plain account").address;
    const of = session({ account: plain });
    await chain.send(enable(of));
    await chain.usdc.deal(plain, USD);
    await revertOf(chain.send(execute(of, [pay(alice, 1n)])));
    expect(await chain.usdc.balanceOf(alice)).to.equal(0n);
  });
  it("does not accept return data that is not a Safe's", async () => {
    const liar = session({ account: CANNED, budgets: [budget({ signatures: 0, sizes: 0 })] });
    await teach("0x5624b25b", concat([word(32n), word(32n), word(0n)]));
    await chain.send(enable(liar));
    const execTransactionFromModuleReturnData = "0x5229073f";
    for (const [answer, refusal] of [
      ["0x", "UnsupportedAccount"],
      [word(1n), "UnsupportedAccount"],
      [concat([word(1n), word(64n)]), "UnsupportedAccount"],
      [concat([word(1n), word(32n), word(0n)]), "UnsupportedAccount"],
      [concat([word(1n), word(64n), word(1n)]), "UnsupportedAccount"],
      [concat([word(1n), word(64n), word(33n), word(1n)]), "UnsupportedAccount"],
      [concat([word(1n), word(64n), word(MAX_UINT256)]), "UnsupportedAccount"],
      [concat([word(2n), word(64n), word(0n)]), "CallFailed"],
      [concat([word(0n), word(64n), word(0n)]), "CallFailed"],
    ] as [Hex, string][]) {
      await teach(execTransactionFromModuleReturnData, answer);
      const { name } = decodeRevert(await revertOf(chain.call(execute(liar, [pay(alice, 1n)]))));
      expect(name, answer).to.equal(refusal);
    }
    await teach(execTransactionFromModuleReturnData, "0x", { fails: true });
    await refused(chain.call(execute(liar, [pay(alice, 1n)])), "UnsupportedAccount", CANNED);
    await teach(execTransactionFromModuleReturnData, "0x12345678", { fails: true });
    expect(await revertOf(chain.call(execute(liar, [pay(alice, 1n)]))), "its own reason").to.equal(
      "0x12345678",
    );
    await teach(execTransactionFromModuleReturnData, concat([word(1n), word(64n), word(32n), word(1n)]));
    await chain.call(execute(liar, [pay(alice, 1n)]));
  });

  describe("prevents re-entrancy while an execution of the account runs", () => {
    const keyed = () =>
      session({
        key: ACTOR,
        actions: [actAction({ target: OTHER_ACTOR })],
        budgets: [budget(), nativeBudget({ recipients: [ACTOR] })],
      });
    /** A session whose key is a contract, which uses another one of its account while it is paid. */
    const start = async (data: Hex, calls = [payNative(ACTOR, 1n)]) => {
      await chain.send(enable(keyed()));
      await prepare([{ to: MODULE, data }]);
      return chain.call({ ...execute(keyed(), calls), from: ACTOR });
    };
    it("through execute, from a recipient's hook", async () => {
      const inner = execute(keyed(), [pay(alice, 1n)]).data as Hex;
      const reasons = chainOfReasons(await revertOf(start(inner)));
      expect(reasons).to.deep.equal(["CallFailed", "Reentered"]);
    });
    it("through execute for another session of the account", async () => {
      const other = session({ key: ACTOR, salt: 2n });
      await chain.send(enable(other));
      const reasons = chainOfReasons(await revertOf(start(execute(other, [pay(alice, 1n)]).data as Hex)));
      expect(reasons).to.deep.equal(["CallFailed", "Reentered"]);
    });
    it("through executeSigned, with a signature for anyone", async () => {
      const other = session({ salt: 2n });
      await chain.send(enable(other));
      const terms = { caller: ANYONE, nonce: 1n, deadline: T0 + DAY };
      const calls = [pay(alice, 1n)];
      const signature = await signExecution(await idOf(other), calls, terms);
      const data = encode("executeSigned", [other, "0x", calls, ANYONE, 1n, T0 + DAY, signature]);
      expect(chainOfReasons(await revertOf(start(data)))).to.deep.equal(["CallFailed", "Reentered"]);
    });
    it("from an action's target, and from a token's hook", async () => {
      const inner = execute(keyed(), [pay(alice, 1n)]).data as Hex;
      const acting = session({ key: ACTOR, salt: 3n, actions: [actAction()] });
      await chain.send(enable(acting));
      await prepare([{ to: MODULE, data: inner }]);
      await chain.send(enable(keyed()));
      const reasons = chainOfReasons(
        await revertOf(chain.call({ ...execute(acting, [act()]), from: ACTOR })),
      );
      expect(reasons).to.deep.equal(["CallFailed", "Reentered"]);
      const hooked = session({ salt: 4n, budgets: [budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })] });
      await chain.send(enable(hooked));
      await oddToken.setHook(ACTOR);
      await oddToken.mint(hooked.account, USD);
      const fromHook = chainOfReasons(
        await revertOf(chain.call(execute(hooked, [pay(alice, 1n, ODD_TOKEN)]))),
      );
      expect(fromHook).to.deep.equal(["CallFailed", "Reentered"]);
    });
    it("but not for the next transaction, whatever the outcome of the first", async () => {
      await chain.send(enable(keyed()));
      await prepare([{ to: MODULE, data: execute(keyed(), [pay(alice, 1n)]).data as Hex }]);
      await revertOf(chain.send({ ...execute(keyed(), [payNative(ACTOR, 1n)]), from: ACTOR }));
      await prepare([]);
      await chain.send({ ...execute(keyed(), [payNative(ACTOR, 1n)]), from: ACTOR });
      await chain.send({ ...execute(keyed(), [pay(alice, 1n)]), from: ACTOR });
    });
    it("but not for two executions in sequence in one transaction", async () => {
      await chain.send(enable(keyed()));
      const data = execute(keyed(), [pay(alice, 1n)]).data as Hex;
      await prepare([
        { to: MODULE, data },
        { to: MODULE, data },
      ]);
      await chain.send({ from: stranger.address, to: ACTOR, value: 1n });
      expect(await spentOf(keyed())).to.equal(2n);
    });
    it("but not for other accounts", async () => {
      const other = session({ account: chain.safes["1.5.0"], key: ACTOR, salt: 2n });
      await chain.send(enable(other));
      await start(execute(other, [pay(alice, 1n)]).data as Hex);
    });
    it("but not for enable, revoke, revokeAll, renounce and the views", async () => {
      const other = session({ key: ACTOR, salt: 2n });
      await chain.send(enable(keyed()));
      await prepare([
        { to: MODULE, data: renounce(other).data },
        { to: MODULE, data: encode("budgetOf", [keyed(), 0n]) },
        { to: MODULE, data: encode("revoke", [await idOf(other)]) },
        { to: MODULE, data: encode("revokeAll", []) },
        { to: MODULE, data: enable(session({ account: ACTOR })).data },
      ]);
      // The actor is not a Safe, so that its own enable is refused for that, and for nothing else.
      const [, reason] = chainOfReasons(
        await revertOf(chain.call({ ...execute(keyed(), [payNative(ACTOR, 1n)]), from: ACTOR })),
      );
      expect(reason).to.equal("UnsupportedAccount");
    });
  });

  describe("whose calls revoke the session", () => {
    /** The actor holds the key, so that it can renounce while it is called. */
    const acting = () => session({ key: ACTOR, actions: [actAction()] });
    it("by its key reverts a measured execution", async () => {
      await chain.send(enable(acting()));
      await prepare([{ to: MODULE, data: renounce(acting()).data }]);
      const attempt = chain.call({ ...execute(acting(), [act()]), from: ACTOR });
      await refused(attempt, "SessionIsRevoked", await idOf(acting()));
    });
    it("by its account reverts a measured execution, for one session and for all", async () => {
      // An owner's signed transaction, which the target submits.
      await chain.send(enable(acting()));
      for (const [data, refusal] of [
        [encode("revoke", [await idOf(acting())]), "SessionIsRevoked"],
        [encode("revokeAll", []), "WrongEpoch"],
      ] as const) {
        const snapshot = await chain.request<Hex>("evm_snapshot");
        await prepare([await approvedByOwner(MODULE, data)]);
        const failure = decodeRevert(
          await revertOf(chain.call({ ...execute(acting(), [act()]), from: ACTOR })),
        );
        expect(failure.name).to.equal(refusal);
        await chain.request("evm_revert", [snapshot]);
      }
    });
    it("charges payments before they are made, so that they remain valid", async () => {
      const paying = session({
        key: ACTOR,
        budgets: [budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })],
      });
      await chain.send(enable(paying));
      await oddToken.setHook(ACTOR);
      await oddToken.mint(paying.account, USD);
      await prepare([{ to: MODULE, data: renounce(paying).data }]);
      await chain.send({ ...execute(paying, [pay(alice, 5n, ODD_TOKEN)]), from: ACTOR });
      expect((await actorReport()).turns).to.equal(1n);
      expect(await spentOf(paying)).to.equal(5n);
      expect(await stateOf(await idOf(paying))).to.equal("REVOKED");
      const next = chain.call({ ...execute(paying, [pay(alice, 1n, ODD_TOKEN)]), from: ACTOR });
      await refused(next, "SessionIsRevoked", await idOf(paying));
    });
    it("by a contract that is paid native coin reverts the payment, which is measured", async () => {
      const paying = session({ key: ACTOR, budgets: [budget(), nativeBudget({ recipients: [ACTOR] })] });
      await chain.send(enable(paying));
      await prepare([{ to: MODULE, data: renounce(paying).data }]);
      const attempt = chain.call({ ...execute(paying, [payNative(ACTOR, 5n)]), from: ACTOR });
      await refused(attempt, "SessionIsRevoked", await idOf(paying));
    });
  });

  it("is refused after revoke and after revokeAll", async () => {
    await chain.send(enable(session()));
    const other = session({ salt: 2n });
    await chain.send(enable(other));
    await chain.send(revoke(other.account, await idOf(other)));
    await refused(chain.call(execute(other, [pay(alice, 1n)])), "SessionIsRevoked", await idOf(other));
    await chain.send(execute(session(), [pay(alice, 1n)]));
    await chain.send(revokeAll(session().account));
    expect(decodeRevert(await revertOf(chain.call(execute(session(), [pay(alice, 1n)])))).name).to.equal(
      "WrongEpoch",
    );
  });
});

function word(n: bigint): Hex {
  return `0x${n.toString(16).padStart(64, "0")}`;
}
