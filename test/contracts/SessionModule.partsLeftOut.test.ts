import { expect } from "chai";
import { type Address, concat, type Hex, keccak256, pad, zeroAddress } from "viem";
import { bitsOf } from "./anySession.ts";
import { settle } from "./authorization.ts";
import {
  ACTOR,
  ANYONE,
  act,
  actAction,
  actorReport,
  alice,
  approve,
  bob,
  budget,
  type Call,
  chain,
  DAY,
  decodeRevert,
  enable,
  encode,
  eventsOf,
  grantDigest,
  grantOf,
  idOf,
  MODULE,
  mallory,
  nativeBudget,
  ODD_TOKEN,
  OTHER_ACTOR,
  oddToken,
  pay,
  payDirectly,
  payNative,
  refused,
  relayer,
  revertOf,
  revoke,
  type Session,
  session,
  signExecution,
  spentOf,
  stateOf,
  stranger,
  T0,
  type Transaction,
  USD,
  useChain,
} from "./fixture.ts";
import { type LeftOut, partsOf, sessionBytes } from "./sessionBytes.ts";

const [DOLLARS, ODD, NATIVE] = [0, 1, 2];
const ACTIONS = 256n;
const usdc = (): Address => chain.usdc.address;
/** Three budgets and an action. */
const three = (changes: Partial<Session> = {}): Session =>
  session({
    budgets: [
      budget(),
      budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 }),
      nativeBudget({ recipients: [alice, ACTOR] }),
    ],
    actions: [actAction()],
    ...changes,
  });
/** Everything but these budgets, and the actions too. */
const only = (...kept: number[]): LeftOut => ({
  budgets: [DOLLARS, ODD, NATIVE].filter((i) => !kept.includes(i)),
  actions: true,
});
/** Every choice of parts of three budgets and a list of actions, but none at all. */
const choices: LeftOut[] = Array.from({ length: 15 }, (_, i) => ({
  budgets: [0, 1, 2].filter((b) => ((i + 1) >> b) & 1),
  actions: i + 1 > 7,
}));
const named = (leftOut: LeftOut) =>
  [...(leftOut.budgets ?? []).map((i) => `budget ${i}`), ...(leftOut.actions ? ["the actions"] : [])].join(
    ", ",
  );

const byExecute = (calls: readonly Call[], leftOut: LeftOut, of = three(), grant: Hex = "0x") => ({
  from: of.key,
  to: MODULE,
  data: encode("execute", [sessionBytes(of, leftOut), grant, calls]),
});
async function bySigned(calls: readonly Call[], leftOut: LeftOut, of = three(), grant: Hex = "0x") {
  const terms = { caller: ANYONE, nonce: 0n, deadline: T0 + DAY };
  const signature = await signExecution(await idOf(of), calls, terms);
  const args = [sessionBytes(of, leftOut), grant, calls, ANYONE, 0n, T0 + DAY, signature];
  return { from: relayer.address, to: MODULE, data: encode("executeSigned", args) };
}
/** The one call through execute and through executeSigned. */
const rails: [
  string,
  (calls: readonly Call[], leftOut: LeftOut) => Promise<Transaction & { from: Address }>,
][] = [
  ["execute", async (calls, leftOut) => byExecute(calls, leftOut)],
  ["executeSigned", (calls, leftOut) => bySigned(calls, leftOut)],
];

describe("a session with omitted parts", () => {
  useChain();

  describe("once it is enabled", () => {
    beforeEach(async () => {
      await chain.send(enable(three()));
      await oddToken.mint(three().account, USD);
    });
    const balances = async () => [
      await chain.usdc.balanceOf(alice),
      await oddToken.balanceOf(alice),
      await chain.balance(alice),
    ];
    const payments = (): Call[] => [pay(alice, 5n), pay(alice, 5n, ODD_TOKEN), payNative(alice, 5n)];

    describe("only needs the budget that is paid from", () => {
      for (const i of [DOLLARS, ODD, NATIVE]) {
        for (const [rail, use] of rails)
          it(`budget ${i}, by ${rail}`, async () => {
            const before = await balances();
            await chain.send(await use([payments()[i] as Call], only(i)));
            const gained = (await balances()).map((now, b) => now - (before[b] as bigint));
            expect(gained).to.deep.equal([0n, 0n, 0n].with(i, 5n));
            for (const b of [0, 1, 2]) expect(await spentOf(three(), b)).to.equal(b === i ? 5n : 0n);
          });
        if (i === NATIVE) continue;
        it(`budget ${i}, by pay`, async () => {
          const token = i === DOLLARS ? usdc() : ODD_TOKEN;
          await chain.send(payDirectly(three(), alice, 5n, { token, leftOut: only(i) }));
          for (const b of [0, 1, 2]) expect(await spentOf(three(), b)).to.equal(b === i ? 5n : 0n);
        });
      }
      it("by a signature that USDC settles", async () => {
        await settle({ of: three(), budgetIndex: 0, leftOut: only(DOLLARS) });
        expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      });
      it("or with the several that a batch pays from", async () => {
        await chain.send(byExecute(payments(), { actions: true }));
        for (const b of [0, 1, 2]) expect(await spentOf(three(), b)).to.equal(5n);
        const two = [payments()[0], payments()[2]] as Call[];
        await chain.send(byExecute(two, { budgets: [1], actions: true }));
        expect([await spentOf(three(), 0), await spentOf(three(), 2)]).to.deep.equal([10n, 10n]);
      });
      it("and keeps its limits, its recipients and its state, in the same meters", async () => {
        const leftOut = only(DOLLARS);
        const use = (to: Address, amount: bigint) =>
          chain.call(payDirectly(three(), to, amount, { leftOut }));
        await refused(use(alice, USD + 1n), "PerTransactionExceeded", usdc(), USD + 1n, USD);
        await refused(use(mallory, 1n), "RecipientNotAllowed", 0, usdc(), mallory);
        for (let i = 0; i < 20; ++i)
          await chain.send(payDirectly(three(), bob, USD, i % 2 ? {} : { leftOut }));
        await refused(use(alice, 1n), "PeriodExceeded", usdc(), 1, 0, T0 + DAY);
        await chain.send(revoke(three().account, await idOf(three())));
        await refused(use(alice, 1n), "SessionIsRevoked", await idOf(three()));
      });
      it("even with a carried grant, which is ignored", async () => {
        const grant = await grantOf(three());
        await chain.send(payDirectly(three(), alice, 1n, { grant, leftOut: only(DOLLARS) }));
      });
      it("even if an empty list of actions is replaced with its hash", async () => {
        const of = three({ actions: [] });
        await chain.send(enable(of));
        expect(sessionBytes(of, { actions: true }).endsWith(keccak256("0x").slice(2))).to.equal(true);
        await chain.send(payDirectly(of, alice, 1n, { leftOut: { actions: true } }));
        const attempt = chain.call(byExecute([act()], { actions: true }, of));
        await refused(attempt, "PartLeftOut", ACTIONS);
      });
    });

    describe("pays nothing from an omitted budget, and reports what is missing", () => {
      for (const leftOut of choices.filter(({ budgets }) => budgets?.length)) {
        const missing = bitsOf(leftOut);
        it(`${named(leftOut)}`, async () => {
          for (const i of leftOut.budgets ?? []) {
            const call = payments()[i] as Call;
            const others = [0, 1, 2]
              .filter((b) => !leftOut.budgets?.includes(b))
              .map((b) => payments()[b] as Call);
            for (const [, use] of rails)
              for (const calls of [[call], [...others, call], [call, ...others]])
                await refused(chain.send(await use(calls, leftOut)), "PartLeftOut", missing);
            if (i === NATIVE) continue;
            const token = i === DOLLARS ? usdc() : ODD_TOKEN;
            // For any recipient, since the recipients are not known.
            for (const to of [alice, mallory, zeroAddress, ANYONE])
              for (const amount of [0n, 5n, 100n * USD])
                await refused(
                  chain.send(payDirectly(three(), to, amount, { token, leftOut })),
                  "PartLeftOut",
                  missing,
                );
          }
          for (const b of [0, 1, 2]) expect(await spentOf(three(), b)).to.equal(0n);
        });
      }
      it("in native coin: with or without value, to anyone, to a contract", async () => {
        const leftOut = { budgets: [NATIVE] };
        for (const to of [alice, mallory, ACTOR])
          for (const value of [0n, 1n])
            await refused(chain.call(byExecute([payNative(to, value)], leftOut)), "PartLeftOut", 4);
        await refused(chain.call(byExecute([act({ value: 1n })], leftOut)), "PartLeftOut", 4);
      });
      it("for a token without a budget, too: its budget may be omitted", async () => {
        const unknown: Address = OTHER_ACTOR;
        const leftOut = { budgets: [ODD] };
        await refused(chain.call(byExecute([pay(alice, 1n, unknown)], leftOut)), "PartLeftOut", 2);
        const direct = (parts: LeftOut) =>
          payDirectly(three(), alice, 1n, { token: unknown, leftOut: parts });
        await refused(chain.call(direct(leftOut)), "PartLeftOut", 2);
        await refused(chain.call(direct({})), "CallNotAllowed", 0, unknown, "0xa9059cbb");
      });
    });

    describe("only acts with all its budgets and actions", () => {
      it("since an action is measured in every budget", async () => {
        await chain.send(byExecute([act()], {}));
        expect((await actorReport()).turns).to.equal(1n);
        for (const leftOut of choices)
          for (const [, use] of rails)
            await refused(chain.send(await use([act()], leftOut)), "PartLeftOut", bitsOf(leftOut));
        expect((await actorReport()).turns).to.equal(1n);
      });
      it("and reports what is missing, whether or not the call is one of its actions", async () => {
        const call = act({ data: concat(["0x12345678", pad("0x")]) });
        for (const leftOut of choices)
          await refused(chain.call(byExecute([call], leftOut)), "PartLeftOut", bitsOf(leftOut));
        await refused(chain.call(byExecute([call], {})), "CallNotAllowed", 0, ACTOR, "0x12345678");
      });
      it("also for approvals, and for native coin to a contract; their actions may be omitted", async () => {
        for (const call of [approve(alice, 0n), payNative(ACTOR, 5n)]) {
          await chain.call(byExecute([call], { actions: true }));
          for (const leftOut of choices.filter(({ budgets }) => budgets?.length))
            await refused(chain.call(byExecute([call], leftOut)), "PartLeftOut", bitsOf(leftOut));
        }
      });
      it("in a batch whose payments alone would need less", async () => {
        const leftOut = { budgets: [ODD] };
        await chain.call(byExecute([pay(alice, 1n)], leftOut));
        for (const calls of [
          [pay(alice, 1n), act()],
          [act(), pay(alice, 1n)],
        ])
          await refused(chain.call(byExecute(calls, leftOut)), "PartLeftOut", 2);
      });
    });

    describe("does not allow access to an omitted budget", () => {
      it("as the token that is 0, or the largest address", async () => {
        const leftOut = only();
        for (const to of [alice, ANYONE, zeroAddress]) {
          const zero = payDirectly(three(), to, 1n, { token: zeroAddress, leftOut });
          await refused(chain.call(zero), "ForbiddenTarget", 0, zeroAddress);
          const largest = payDirectly(three(), to, 1n, { token: ANYONE, leftOut });
          await refused(chain.call(largest), "PartLeftOut", bitsOf(leftOut));
        }
      });
      it("as the target that is 0, or the largest address, with any bytes", async () => {
        const leftOut = only();
        for (const call of [pay(ANYONE, 0n, zeroAddress), payNative(zeroAddress, 0n)])
          await refused(chain.call(byExecute([call], leftOut)), "ForbiddenTarget", 0, zeroAddress);
        for (const call of [
          pay(ANYONE, 0n, ANYONE),
          pay(alice, 0n, ANYONE),
          approve(alice, 0n, ANYONE),
          payNative(ANYONE, 0n),
          act({ target: ANYONE }),
        ])
          await refused(chain.call(byExecute([call], leftOut)), "PartLeftOut", bitsOf(leftOut));
      });
      it("as the target of more than 20 bytes that it has in memory", async () => {
        const { data, ...rest } = byExecute([pay(alice, 1n, ANYONE)], only());
        const target = pad(ANYONE).slice(2).toLowerCase();
        expect(data.toLowerCase().split(target)).to.have.length(2);
        const dirty = data.toLowerCase().replace(target, "f".repeat(64)) as Hex;
        await refused(chain.call({ ...rest, data: dirty }), "MalformedCall", 0);
        const direct = payDirectly(three(), alice, 1n, { token: ANYONE, leftOut: only() });
        const asWord = (direct.data as Hex).toLowerCase().replace(target, "f".repeat(64)) as Hex;
        expect(asWord).to.not.equal((direct.data as Hex).toLowerCase());
        expect(await revertOf(chain.call({ ...direct, data: asWord }))).to.equal("0x");
      });
    });

    describe("is another session with another hash", () => {
      for (const name of ["budgets[1].hash", "budgets[2].hash", "actions.hash"])
        it(`${name}: it is not granted`, async () => {
          const parts = partsOf(three(), only(DOLLARS));
          expect(parts.map(([part]) => part)).to.include(name);
          for (const hash of [pad("0x"), pad("0x01"), keccak256("0x")]) {
            const bytes = concat([
              three().account,
              three().key,
              ...parts.map(([part, was]) => (part === name ? hash : was)),
            ]);
            const id = await chain.call({ to: MODULE, data: encode("hashSession", [bytes]) });
            expect(id).to.not.equal(await idOf(three()));
            const data = encode("pay", [bytes, "0x", usdc(), alice, 1n]);
            await refused(chain.call({ from: three().key, to: MODULE, data }), "NotGranted", id);
          }
        });
      it("as with a wider complete budget", async () => {
        const wider = three({ budgets: three().budgets.with(0, budget({ perTransaction: 2n * USD })) });
        const attempt = payDirectly(wider, alice, 2n * USD, { leftOut: only(DOLLARS) });
        await refused(chain.call(attempt), "NotGranted", await idOf(wider));
      });
      it("as with swapped budgets", async () => {
        const [first, second, third] = three().budgets as [object, object, object];
        const turned = three({ budgets: [second, first, third] as Session["budgets"] });
        const attempt = payDirectly(turned, alice, 1n, { leftOut: { budgets: [0, 2] } });
        await refused(chain.call(attempt), "NotGranted", await idOf(turned));
      });
    });

    it("reports the same for a present budget as for the whole session", async () => {
      await chain.send(payDirectly(three(), alice, 7n));
      const ask = (index: number, leftOut: LeftOut) =>
        chain.call({ to: MODULE, data: encode("budgetOf", [sessionBytes(three(), leftOut), BigInt(index)]) });
      for (const i of [0, 1, 2]) {
        const whole = await ask(i, {});
        for (const leftOut of choices) {
          if (leftOut.budgets?.includes(i)) await refused(ask(i, leftOut), "PartLeftOut", bitsOf(leftOut));
          else expect(await ask(i, leftOut)).to.equal(whole);
        }
      }
      for (const leftOut of choices) await refused(ask(3, leftOut), "NoSuchBudget", 3);
    });
    it("rejects a present budget without a period", async () => {
      const of = three({ budgets: three().budgets.with(0, budget({ period: 0 })) });
      for (const leftOut of [{}, { budgets: [1] }]) {
        const data = encode("budgetOf", [sessionBytes(of, leftOut), 0n]);
        await refused(chain.call({ to: MODULE, data }), "MalformedSession", 4, 0);
      }
    });
  });

  describe("is neither enabled nor granted", () => {
    for (const leftOut of choices) {
      const missing = bitsOf(leftOut);
      it(`without ${named(leftOut)}`, async () => {
        const of = three();
        const bytes = sessionBytes(of, leftOut);
        const enabling = { from: of.account, to: MODULE, data: encode("enable", [bytes]) };
        await refused(chain.send(enabling), "PartLeftOut", missing);
        await refused(
          chain.call({ from: stranger.address, to: MODULE, data: encode("grantDigest", [bytes]) }),
          "PartLeftOut",
          missing,
        );
        const grant = await grantOf(of);
        const calls = [pay(alice, 1n)];
        for (const use of [
          payDirectly(of, alice, 1n, { grant, leftOut }),
          byExecute(calls, leftOut, of, grant),
          await bySigned(calls, leftOut, of, grant),
        ])
          await refused(chain.send(use), "PartLeftOut", missing);
        expect(await stateOf(await idOf(of))).to.equal("UNKNOWN");
        await refused(chain.send(payDirectly(of, alice, 1n, { leftOut })), "NotGranted", await idOf(of));
        await chain.send(payDirectly(of, alice, 1n, { grant }));
        await chain.call(byExecute([payNative(alice, 1n)], only(NATIVE)));
      });
    }
    it("even if only an empty list of actions is omitted", async () => {
      const of = three({ actions: [] });
      const data = encode("enable", [sessionBytes(of, { actions: true })]);
      await refused(chain.send({ from: of.account, to: MODULE, data }), "PartLeftOut", ACTIONS);
    });
    it("by anyone but the account, which is checked first", async () => {
      const data = encode("enable", [sessionBytes(three(), only())]);
      const attempt = chain.call({ from: stranger.address, to: MODULE, data });
      await refused(attempt, "NotAccount", stranger.address, three().account);
    });
  });

  describe("keeps its id with omitted parts", () => {
    it("to hashSession", async () => {
      for (const leftOut of choices) {
        const data = encode("hashSession", [sessionBytes(three(), leftOut)]);
        expect(await chain.call({ to: MODULE, data })).to.equal(await idOf(three()));
      }
      expect(await chain.call({ to: MODULE, data: encode("grantDigest", [three()]) })).to.equal(
        grantDigest(three()),
      );
    });
    it("to renounce", async () => {
      for (const [i, leftOut] of choices.entries()) {
        const of = three({ salt: BigInt(i + 1) });
        if (i % 2) await chain.send(enable(of));
        const data = encode("renounce", [sessionBytes(of, leftOut)]);
        const receipt = await chain.send({ from: of.key, to: MODULE, data });
        expect(eventsOf(receipt)).to.deep.equal([
          { name: "SessionRevoked", args: { account: of.account, id: await idOf(of) } },
        ]);
        expect(await stateOf(await idOf(of))).to.equal("REVOKED");
      }
      const data = encode("renounce", [sessionBytes(three(), only())]);
      const { name } = decodeRevert(await revertOf(chain.call({ from: stranger.address, to: MODULE, data })));
      expect(name).to.equal("NotKey");
    });
  });
});
