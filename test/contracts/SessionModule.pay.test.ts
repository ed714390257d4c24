import { expect } from "chai";
import {
  type Address,
  concat,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  pad,
  parseAbi,
  zeroAddress,
} from "viem";
import { isGood, settle } from "./authorization.ts";
import {
  ACTOR,
  ANYONE,
  actAction,
  actorReport,
  alice,
  bob,
  budget,
  chain,
  chainOfReasons,
  DAY,
  decodeRevert,
  enable,
  encode,
  epochOf,
  eventsOf,
  execute,
  grantOf,
  idOf,
  key,
  MAX_UINT256,
  MODULE,
  mallory,
  moduleAbi,
  nativeBudget,
  ODD_TOKEN,
  oddToken,
  owner,
  pay,
  payDirectly,
  payNative,
  prepare,
  refused,
  relayer,
  renounce,
  revertOf,
  revoke,
  revokeAll,
  SAFE_VERSIONS,
  type Session,
  session,
  signExecution,
  spentOf,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { packed } from "./sessionBytes.ts";

const usdc = (): Address => chain.usdc.address;
const TRANSFER = "0xa9059cbb";
/** A session of the odd token alone, which no signature spends. */
const odd = (changes: Partial<Session> = {}) =>
  session({ budgets: [budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })], ...changes });
const payOdd = (of: Session, amount: bigint, to = alice) => payDirectly(of, to, amount, { token: ODD_TOKEN });

describe("pay", () => {
  useChain();

  for (const version of SAFE_VERSIONS) {
    it(`pays from a Safe ${version} with the key alone, emits what it spent, and returns nothing`, async () => {
      const of = session({ account: chain.safes[version] });
      await chain.send(enable(of));
      expect(await chain.call(payDirectly(of, alice, USD))).to.equal("0x");
      const receipt = await chain.send(payDirectly(of, alice, USD));
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      expect(await chain.usdc.balanceOf(of.account)).to.equal(999n * USD);
      const args = { account: of.account, id: await idOf(of), token: usdc(), period: 0n, amount: USD };
      expect(eventsOf(receipt)).to.deep.equal([{ name: "Spent", args }]);
    });
  }
  it("does what an execution of one transfer does, and emits the same", async () => {
    await chain.send(enable(session()));
    const logs = async (transaction: Parameters<typeof chain.send>[0]) => {
      const snapshot = await chain.request<Hex>("evm_snapshot");
      const receipt = await chain.send(transaction);
      await chain.request("evm_revert", [snapshot]);
      return receipt.logs.map(({ address, topics, data }) => ({ address, topics, data }));
    };
    expect(await logs(payDirectly(session(), bob, 5n))).to.deep.equal(
      await logs(execute(session(), [pay(bob, 5n)])),
    );
  });
  it("charges before the token is called", async () => {
    await chain.send(enable(session()));
    const { logs } = await chain.send(payDirectly(session(), alice, USD));
    const [spent, moved] = [MODULE, usdc()].map((place) =>
      logs.findIndex(({ address }) => address.toLowerCase() === place.toLowerCase()),
    );
    expect(spent).to.be.greaterThan(-1);
    expect(spent).to.be.lessThan(moved as number);
  });

  describe("is refused", () => {
    it("for anyone but the key, including the account and its owner", async () => {
      await chain.send(enable(session()));
      for (const from of [stranger.address, owner.address, session().account, MODULE])
        await refused(
          chain.call({ ...payDirectly(session(), alice, 1n), from }),
          "NotKey",
          from,
          key.address,
        );
    });
    it("without a grant until the session is enabled, and with one that the account does not accept", async () => {
      const id = await idOf(session());
      for (const grant of ["0x", "0x1234", await grantOf(session(), [stranger])] as Hex[])
        await refused(chain.call(payDirectly(session(), alice, 1n, { grant })), "NotGranted", id);
    });
    it("before validAfter and from validUntil on", async () => {
      const window = session({ validAfter: T0 + 100, validUntil: T0 + 200 });
      await chain.send(enable(window));
      const use = () => chain.call(payDirectly(window, alice, 1n));
      await chain.setTime(T0 + 99);
      await refused(use(), "NotYetValid", T0 + 100);
      await chain.setTime(T0 + 100);
      await use();
      await chain.setTime(T0 + 199);
      await use();
      await chain.setTime(T0 + 200);
      await refused(use(), "Expired", T0 + 200);
    });
    it("in another epoch, and once the session is REVOKED", async () => {
      const other = session({ salt: 2n });
      for (const one of [session(), other]) await chain.send(enable(one));
      await chain.send(revoke(other.account, await idOf(other)));
      await refused(chain.call(payDirectly(other, alice, 1n)), "SessionIsRevoked", await idOf(other));
      await chain.send(revokeAll(other.account));
      const use = chain.call(payDirectly(session(), alice, 1n));
      await refused(use, "WrongEpoch", 0, await epochOf(other.account));
    });
    it("with native coin sent along", async () => {
      await chain.send(enable(session()));
      expect(await revertOf(chain.call({ ...payDirectly(session(), alice, 1n), value: 1n }))).to.equal("0x");
    });
    it("once the Safe has dropped the module", async () => {
      await chain.send(enable(session()));
      const first = "0x0000000000000000000000000000000000000001";
      const data = encodeFunctionData({
        abi: parseAbi(["function disableModule(address previous, address module)"]),
        args: [first, MODULE],
      });
      await chain.send({ from: session().account, to: session().account, data });
      expect(decodeRevert(await revertOf(chain.call(payDirectly(session(), alice, 1n)))).args).to.deep.equal([
        "GS104",
      ]);
    });
  });

  describe("with a grant", () => {
    it("enables the session, and emits the session's own bytes", async () => {
      const grant = await grantOf(session());
      const receipt = await chain.send(payDirectly(session(), alice, USD, { grant }));
      const [enabled, ...others] = eventsOf(receipt);
      expect(enabled).to.deep.equal({
        name: "SessionEnabled",
        args: {
          account: session().account,
          id: await idOf(session()),
          key: key.address,
          session: packed(session()).toLowerCase(),
        },
      });
      expect(others.map(({ name }) => name)).to.deep.equal(["Spent"]);
      expect(await stateOf(await idOf(session()))).to.equal("ENABLED");
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    });
    it("ignores it once the session is enabled", async () => {
      await chain.send(enable(session()));
      for (const grant of ["0x1234", await grantOf(session())] as Hex[])
        expect(
          eventsOf(await chain.send(payDirectly(session(), alice, 1n, { grant }))).map(({ name }) => name),
        ).to.deep.equal(["Spent"]);
    });
    it("does not change state if the payment reverts", async () => {
      const grant = await grantOf(session());
      const attempt = chain.send(payDirectly(session(), alice, 2n * USD, { grant }));
      await refused(attempt, "PerTransactionExceeded", usdc(), 2n * USD, USD);
      expect(await stateOf(await idOf(session()))).to.equal("UNKNOWN");
    });
  });

  describe("enforces the budget's", () => {
    it("perTransaction, to the last base unit", async () => {
      await chain.send(enable(session()));
      await chain.call(payDirectly(session(), alice, USD));
      for (const amount of [USD + 1n, MAX_UINT256])
        await refused(
          chain.call(payDirectly(session(), alice, amount)),
          "PerTransactionExceeded",
          usdc(),
          amount,
          USD,
        );
    });
    it("perPeriod, until the next period's first second", async () => {
      const of = session({ budgets: [budget({ perPeriod: USD + 5n, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      await chain.send(payDirectly(of, alice, USD));
      await refused(chain.call(payDirectly(of, alice, 6n)), "PeriodExceeded", usdc(), 6, 5, T0 + DAY);
      await chain.send(payDirectly(of, alice, 5n));
      await chain.setTime(T0 + DAY - 1);
      await refused(chain.call(payDirectly(of, alice, 1n)), "PeriodExceeded", usdc(), 1, 0, T0 + DAY);
      await chain.setTime(T0 + DAY);
      await chain.call(payDirectly(of, alice, USD));
    });
    it("stream", async () => {
      const of = session({ budgets: [budget({ initial: 10n, perSecond: 3n, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      await chain.setTime(T0 + 100);
      await refused(chain.call(payDirectly(of, alice, 311n)), "PeriodExceeded", usdc(), 311, 310, T0 + DAY);
      await chain.call(payDirectly(of, alice, 310n));
    });
    it("recipients", async () => {
      await chain.send(enable(session()));
      for (const to of [mallory, zeroAddress, ANYONE, MODULE, session().account])
        await refused(chain.call(payDirectly(session(), to, 1n)), "RecipientNotAllowed", 0, usdc(), to);
      const two = session({
        budgets: [
          budget({ recipients: [alice] }),
          budget({ token: ODD_TOKEN, signatures: 0, sizes: 0, recipients: [bob] }),
        ],
      });
      await chain.send(enable(two));
      await refused(chain.call(payDirectly(two, bob, 1n)), "RecipientNotAllowed", 0, usdc(), bob);
      await refused(chain.call(payOdd(two, 1n)), "RecipientNotAllowed", 0, ODD_TOKEN, alice);
    });
    it("ANYONE", async () => {
      const of = session({ budgets: [budget({ recipients: [ANYONE] })] });
      await chain.send(enable(of));
      await chain.send(payDirectly(of, mallory, 1n));
      expect(await chain.usdc.balanceOf(mallory)).to.equal(1n);
    });
    it("lots: it is rejected if it reaches one opened by a signed payment", async () => {
      await chain.send(enable(session()));
      await settle({ slot: { lot: 19n } });
      await refused(chain.call(payDirectly(session(), alice, 1n)), "LotOpened", usdc(), 19);
      const of = session({ salt: 2n });
      await chain.send(enable(of));
      await chain.send(payDirectly(of, alice, 1n));
      expect(await isGood({ of, slot: { lot: 19n } }), "the lot that it has reached").to.equal(false);
      expect(await isGood({ of, slot: { lot: 18n } })).to.equal(true);
    });
    it("lots, or is rejected if the token does not report which are open", async () => {
      const of = session({ budgets: [budget({ token: ODD_TOKEN })] });
      await chain.send(enable(of));
      await oddToken.mint(of.account, USD);
      await chain.call(payOdd(of, 1n));
      await oddToken.script("0xe94a0102", "0x");
      await refused(chain.call(payOdd(of, 1n)), "UnreadableToken", ODD_TOKEN);
    });
    it("meters, which are shared with the other rails", async () => {
      const of = session({ budgets: [budget({ perPeriod: 3n * USD })] });
      await chain.send(enable(of));
      await chain.send(payDirectly(of, alice, USD));
      await chain.send(execute(of, [pay(alice, USD)]));
      const calls = [pay(alice, USD - 1n)];
      const terms = { caller: ANYONE, nonce: 0n, deadline: T0 + DAY };
      const signature = await signExecution(await idOf(of), calls, terms);
      const data = encode("executeSigned", [of, "0x", calls, ANYONE, 0n, T0 + DAY, signature]);
      await chain.send({ from: relayer.address, to: MODULE, data });
      expect(await spentOf(of)).to.equal(3n * USD - 1n);
      for (const over of [payDirectly(of, alice, 2n), execute(of, [pay(alice, 2n)])])
        await refused(chain.call(over), "PeriodExceeded", usdc(), 2, 1, T0 + DAY);
      await chain.send(payDirectly(of, alice, 1n));
      await refused(chain.call(execute(of, [pay(alice, 1n)])), "PeriodExceeded", usdc(), 1, 0, T0 + DAY);
    });
    it("own meter, and no other budget's", async () => {
      const two = session({ budgets: [budget(), ...odd().budgets] });
      await chain.send(enable(two));
      await oddToken.mint(two.account, USD);
      await chain.send(payOdd(two, 7n));
      expect([await spentOf(two, 0), await spentOf(two, 1)]).to.deep.equal([0n, 7n]);
      await chain.send(payDirectly(two, alice, 5n));
      expect([await spentOf(two, 0), await spentOf(two, 1)]).to.deep.equal([5n, 7n]);
    });
  });

  describe("of zero", () => {
    it("is made, charges nothing, and emits nothing", async () => {
      await chain.send(enable(session()));
      const receipt = await chain.send(payDirectly(session(), alice, 0n));
      expect(eventsOf(receipt)).to.deep.equal([]);
      expect(receipt.logs.length, "the token's own word").to.be.greaterThan(0);
      expect(await spentOf(session())).to.equal(0n);
    });
    it("is rejected for non-recipients, and without a budget", async () => {
      await chain.send(enable(session()));
      await refused(
        chain.call(payDirectly(session(), mallory, 0n)),
        "RecipientNotAllowed",
        0,
        usdc(),
        mallory,
      );
      await refused(chain.call(payOdd(session(), 0n)), "CallNotAllowed", 0, ODD_TOKEN, TRANSFER);
    });
  });

  describe("rejects a token", () => {
    it("that is the native coin, even with a budget for it", async () => {
      const native = session({ budgets: [budget(), nativeBudget()] });
      for (const one of [native, session()]) {
        await chain.send(enable(one));
        const attempt = chain.call(payDirectly(one, alice, 1n, { token: zeroAddress }));
        await refused(attempt, "ForbiddenTarget", 0, zeroAddress);
      }
    });
    it("that is the account, the module, or anything else without a budget", async () => {
      await chain.send(enable(session()));
      for (const token of [session().account, MODULE, ODD_TOKEN, alice, ANYONE])
        await refused(
          chain.call(payDirectly(session(), alice, 1n, { token })),
          "CallNotAllowed",
          0,
          token,
          TRANSFER,
        );
    });
    it("that is only an action's target, even if the action is its transfer", async () => {
      const of = session({ actions: [actAction({ target: ODD_TOKEN, selector: TRANSFER })] });
      await chain.send(enable(of));
      await oddToken.mint(of.account, USD);
      await chain.call(execute(of, [pay(alice, 1n, ODD_TOKEN)]));
      await refused(chain.call(payOdd(of, 1n)), "CallNotAllowed", 0, ODD_TOKEN, TRANSFER);
    });
    it("in an address of more than 20 bytes", async () => {
      await chain.send(enable(session()));
      const { data = "0x", ...rest } = payDirectly(session(), alice, 1n);
      // Behind the selector: two offsets, then the token, the recipient, the amount.
      for (const word of [2, 3]) {
        const at = 10 + 64 * word;
        const dirty: Hex = `${data.slice(0, at) as Hex}01${data.slice(at + 2)}`;
        expect(await revertOf(chain.call({ ...rest, data: dirty }))).to.equal("0x");
      }
    });
  });

  describe("of a token", () => {
    beforeEach(async () => {
      await chain.send(enable(odd()));
      await oddToken.mint(odd().account, 100n * USD);
    });
    it("succeeds if the token returns true, or nothing", async () => {
      for (const answer of [pad("0x01"), "0x"] as Hex[]) {
        await oddToken.script(TRANSFER, answer);
        await chain.send(payOdd(odd(), 5n));
      }
      expect(await oddToken.balanceOf(alice)).to.equal(10n);
    });
    for (const [title, answer] of [
      ["false", pad("0x")],
      ["2", pad("0x02")],
      ["true with a dirty word", `0x8${"0".repeat(62)}1`],
      ["true and more", concat([pad("0x01"), pad("0x")])],
      ["one byte", "0x01"],
      ["31 bytes", `0x${"00".repeat(30)}01`],
    ] as [string, Hex][]) {
      it(`fails, and spends nothing, if the token returns ${title}`, async () => {
        await oddToken.script(TRANSFER, answer);
        await refused(chain.send(payOdd(odd(), 5n)), "TokenCallFailed", 0, ODD_TOKEN, answer);
        expect(await spentOf(odd())).to.equal(0n);
        expect(await oddToken.balanceOf(alice)).to.equal(0n);
      });
    }
    it("fails, and spends nothing, if the token reverts, and reports why", async () => {
      for (const reason of ["0x", "0x12345678"] as Hex[]) {
        await oddToken.script(TRANSFER, reason, { fails: true });
        await refused(chain.send(payOdd(odd(), 5n)), "CallFailed", 0, reason);
      }
      expect(await spentOf(odd())).to.equal(0n);
    });
    it("fails if the account has less", async () => {
      await chain.send(enable(session()));
      await chain.usdc.deal(session().account, 0n);
      const { name, args } = decodeRevert(await revertOf(chain.send(payDirectly(session(), alice, 1n))));
      expect([name, args[0]]).to.deep.equal(["CallFailed", 0n]);
      expect(decodeRevert(args[1] as Hex).args).to.deep.equal(["ERC20: transfer amount exceeds balance"]);
      expect(await spentOf(session())).to.equal(0n);
    });
    it("fails if the token has no code", async () => {
      const of = session({ budgets: [budget({ token: mallory, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      const attempt = chain.call(payDirectly(of, alice, 5n, { token: mallory }));
      await refused(attempt, "TokenCallFailed", 0, mallory, "0x");
    });
  });

  describe("prevents re-entrancy while the token is called", () => {
    const hooked = () => odd({ key: ACTOR });
    beforeEach(async () => {
      await chain.send(enable(hooked()));
      await oddToken.mint(hooked().account, USD);
      await oddToken.setHook(ACTOR);
    });
    const other = () => session({ key: ACTOR, salt: 2n });
    const doors: [string, () => Promise<Hex>][] = [
      ["pay", async () => payOdd(hooked(), 1n).data as Hex],
      ["pay of another session", async () => payDirectly(other(), alice, 1n).data as Hex],
      ["execute", async () => execute(other(), [pay(alice, 1n)]).data as Hex],
      [
        "executeSigned",
        async () => {
          const of = session({ salt: 3n });
          await chain.send(enable(of));
          const calls = [pay(alice, 1n)];
          const terms = { caller: ANYONE, nonce: 1n, deadline: T0 + DAY };
          const signature = await signExecution(await idOf(of), calls, terms);
          return encode("executeSigned", [of, "0x", calls, ANYONE, 1n, T0 + DAY, signature]);
        },
      ],
    ];
    for (const [name, inner] of doors) {
      it(`through ${name}`, async () => {
        await chain.send(enable(other()));
        const data = await inner();
        await prepare([{ to: MODULE, data }]);
        const outer = await revertOf(chain.send(payOdd(hooked(), 1n)));
        expect(chainOfReasons(outer)).to.deep.equal(["CallFailed", "Reentered"]);
        expect(await spentOf(hooked())).to.equal(0n);
        // Nor does pay come in while an execution runs.
        await prepare([{ to: MODULE, data }]);
        const execution = { ...execute(hooked(), [pay(alice, 1n, ODD_TOKEN)]), from: ACTOR };
        expect(chainOfReasons(await revertOf(chain.call(execution)))).to.deep.equal([
          "CallFailed",
          "Reentered",
        ]);
      });
    }
    it("from a native coin recipient paid with execute", async () => {
      const native = session({ key: ACTOR, budgets: [budget(), nativeBudget({ recipients: [ACTOR] })] });
      await chain.send(enable(native));
      await prepare([{ to: MODULE, data: payDirectly(native, alice, 1n).data }]);
      const attempt = chain.call(execute(native, [payNative(ACTOR, 1n)]));
      expect(chainOfReasons(await revertOf(attempt))).to.deep.equal(["CallFailed", "Reentered"]);
    });
    it("but not afterwards, even in the same transaction, whatever the outcome of the first", async () => {
      await prepare([{ to: MODULE, data: payOdd(hooked(), 1n).data }]);
      await revertOf(chain.send(payOdd(hooked(), 1n)));
      await oddToken.setHook(zeroAddress);
      const step = { to: MODULE, data: payOdd(hooked(), 1n).data };
      await prepare([step, step]);
      await chain.send({ from: stranger.address, to: ACTOR, value: 1n });
      expect(await spentOf(hooked())).to.equal(2n);
    });
    it("but not for other accounts", async () => {
      const elsewhere = session({ account: chain.safes["1.5.0"], key: ACTOR });
      await chain.send(enable(elsewhere));
      await prepare([{ to: MODULE, data: payDirectly(elsewhere, alice, 1n).data }]);
      await chain.send(payOdd(hooked(), 1n));
      expect(await spentOf(elsewhere)).to.equal(1n);
    });
    it("and stays charged even if the session is revoked meanwhile", async () => {
      await prepare([{ to: MODULE, data: renounce(hooked()).data }]);
      await chain.send(payOdd(hooked(), 5n));
      expect((await actorReport()).turns).to.equal(1n);
      expect(await spentOf(hooked())).to.equal(5n);
      expect(await stateOf(await idOf(hooked()))).to.equal("REVOKED");
      await refused(chain.call(payOdd(hooked(), 1n)), "SessionIsRevoked", await idOf(hooked()));
    });
    it("and is already charged for views meanwhile", async () => {
      // The hook looks at the budget, and reverts with what it sees.
      const abi = moduleAbi;
      const data = encode("budgetOf", [hooked(), 0n]);
      await chain.setCode(ACTOR, askAndRevert(MODULE, data));
      const { args } = decodeRevert(await revertOf(chain.call(payOdd(hooked(), 5n))));
      const [, , spent] = decodeFunctionResult({ abi, functionName: "budgetOf", data: args[1] as Hex });
      expect(spent).to.equal(5n);
    });
  });
});

/** Code that asks one question and reverts with the answer. The question stands behind the code. */
function askAndRevert(asked: Address, question: Hex): Hex {
  const length = (question.length - 2) / 2;
  const two = (n: number) => n.toString(16).padStart(4, "0");
  const code = (start: number) =>
    `61${two(length)}61${two(start)}600039` + // CODECOPY the question to 0
    `6000600061${two(length)}6000` + // what is returned, none yet; the question
    `73${asked.slice(2)}5afa50` + // STATICCALL
    "3d600060003e3d6000fd"; // RETURNDATACOPY, REVERT
  const start = code(0).length / 2;
  return `0x${code(start)}${question.slice(2)}`;
}
