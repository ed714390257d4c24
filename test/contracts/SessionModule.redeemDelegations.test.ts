import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  numberToHex,
  parseAbiParameters,
  size,
  slice,
  zeroAddress,
} from "viem";
import { BATCH, batch, contextAround, SINGLE, single } from "../environment/redemption.ts";
import {
  ACTOR,
  ANYONE,
  act,
  actAction,
  alice,
  approve,
  bob,
  type Call,
  chain,
  chainOfReasons,
  DAY,
  enable,
  encode,
  eventsOf,
  execute,
  grantOf,
  idOf,
  key,
  MODULE,
  mallory,
  nonceUsed,
  OTHER_MODULE,
  owner,
  pause,
  pay,
  prepare,
  refused,
  relayer,
  revertOf,
  revoke,
  type Session,
  session,
  sessionBytes,
  signExecution,
  spentOf,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { contextOf, redeem, withDirt, withWord, wordOf } from "./redemption.ts";

type Terms = {
  of?: Session;
  grant?: Hex;
  caller?: Address;
  nonce?: bigint;
  deadline?: number;
  by?: typeof key;
  chainId?: number;
  module?: Address;
};

/** A context for the execution of exactly these calls, once. */
async function signedContext(calls: readonly Call[], terms: Terms = {}): Promise<Hex> {
  const { of = session(), grant = "0x", caller = ANYONE, nonce = 0n, deadline = T0 + DAY, ...rest } = terms;
  const keySignature = await signExecution(await idOf(of), calls, { caller, nonce, deadline, ...rest });
  return contextOf(of, { grant, caller, nonce, deadline, keySignature });
}

describe("redeemDelegations", () => {
  useChain();
  /** One payment of all that a transaction may move. */
  let paid: readonly Call[];
  beforeEach(async () => {
    paid = [pay(alice, USD)];
    await chain.send(enable(session()));
  });

  describe("with the key as the sender", () => {
    it("pays, again and again, with one context", async () => {
      const context = contextOf(session());
      for (let i = 1n; i <= 3n; ++i) {
        const receipt = await chain.send(redeem(key.address, { context, calls: paid }));
        expect(eventsOf(receipt).map(({ name }) => name)).to.deep.equal(["Spent"]);
        expect(await chain.usdc.balanceOf(alice)).to.equal(i * USD);
        expect(await spentOf(session())).to.equal(i * USD);
      }
    });
    it("executes a batch as one execution, in order", async () => {
      const calls = [pay(alice, USD / 2n), pay(bob, USD / 2n)];
      await chain.send(redeem(key.address, { context: contextOf(session()), calls }));
      expect(await chain.usdc.balanceOf(bob)).to.equal(USD / 2n);
      const over = [pay(alice, USD / 2n), pay(bob, USD / 2n + 1n)];
      await refused(
        chain.call(redeem(key.address, { context: contextOf(session()), calls: over })),
        "PerTransactionExceeded",
        chain.usdc.address,
        USD + 1n,
        USD,
      );
    });
    it("executes a batch of one call", async () => {
      await chain.send(
        redeem(key.address, {
          context: contextOf(session()),
          calls: paid,
          mode: BATCH,
          execution: batch(paid),
        }),
      );
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    });
    it("executes an action with value, and measures it", async () => {
      const acting = session({ salt: 2n, actions: [actAction()] });
      await chain.send(enable(acting));
      await prepare([]);
      await chain.send(redeem(key.address, { context: contextOf(acting), calls: [act()] }));
      await refused(
        chain.call(redeem(key.address, { context: contextOf(session()), calls: [act()] })),
        "CallNotAllowed",
        0,
        ACTOR,
        slice(act().data, 0, 4),
      );
    });
    it("pays from several sessions in one transaction, each as an execution of its own", async () => {
      const other = session({ account: chain.safes["1.5.0"], salt: 2n });
      await chain.send(enable(other));
      await chain.send(
        redeem(
          key.address,
          { context: contextOf(session()), calls: paid },
          { context: contextOf(other), calls: [pay(bob, USD)] },
          { context: contextOf(session()), calls: [pay(bob, 1n)] },
        ),
      );
      expect(await spentOf(session())).to.equal(USD + 1n);
      expect(await spentOf(other)).to.equal(USD);
    });
    it("enables a session with the grant in its context, which serves again afterwards", async () => {
      const unseen = session({ salt: 2n });
      const bare = redeem(key.address, { context: contextOf(unseen), calls: paid });
      await refused(chain.call(bare), "NotGranted", await idOf(unseen));
      const context = contextOf(unseen, { grant: await grantOf(unseen) });
      for (let i = 0; i < 2; ++i) await chain.send(redeem(key.address, { context, calls: paid }));
      expect(await stateOf(await idOf(unseen))).to.equal("ENABLED");
      expect(await spentOf(unseen)).to.equal(2n * USD);
    });
    it("accepts a session from which parts are left out that a payment does not need", async () => {
      const acting = session({ salt: 2n, actions: [actAction()] });
      await chain.send(enable(acting));
      const context = contextOf(acting, { leftOut: { actions: true } });
      await chain.send(redeem(key.address, { context, calls: paid }));
      const attempt = chain.call(redeem(key.address, { context, calls: [act()] }));
      expect(await revertOf(attempt)).to.not.equal("0x");
    });
    it("is for nobody else: not the account, its owner, a relayer or the module", async () => {
      const context = contextOf(session());
      for (const from of [
        session().account,
        owner.address,
        relayer.address,
        stranger.address,
        MODULE,
        zeroAddress,
      ])
        await refused(chain.call(redeem(from, { context, calls: paid })), "NotKey", from, key.address);
    });
    it("shares budget, window, pause and revocation with execute", async () => {
      const entry = { context: contextOf(session()), calls: paid };
      for (let i = 0; i < 20; ++i)
        await chain.send(i % 2 ? execute(session(), paid) : redeem(key.address, entry));
      const cent = { ...entry, calls: [pay(alice, 1n)] };
      await refused(
        chain.call(redeem(key.address, cent)),
        "PeriodExceeded",
        chain.usdc.address,
        1,
        0,
        T0 + DAY,
      );
      await chain.setTime(T0 + DAY);
      await chain.call(redeem(key.address, entry));
      await chain.setTime(T0 + 7 * DAY - 1);
      await chain.call(redeem(key.address, entry));
      await chain.setTime(T0 + 7 * DAY);
      await refused(chain.call(redeem(key.address, entry)), "Expired", T0 + 7 * DAY);
    });
    it("is refused while the session is paused, and once it is REVOKED", async () => {
      const entry = { context: contextOf(session(), { grant: await grantOf(session()) }), calls: paid };
      const id = await idOf(session());
      await chain.send(pause(session().account, id));
      await refused(chain.call(redeem(key.address, entry)), "SessionIsPaused", id);
      await chain.send(revoke(session().account, id));
      await refused(chain.call(redeem(key.address, entry)), "SessionIsRevoked", id);
    });
    it("moves no other recipient, token or amount than the session allows", async () => {
      const context = contextOf(session());
      await refused(
        chain.call(redeem(key.address, { context, calls: [pay(mallory, 1n)] })),
        "RecipientNotAllowed",
        0,
        chain.usdc.address,
        mallory,
      );
      await refused(
        chain.call(
          redeem(key.address, { context, calls: [{ target: MODULE, value: 0n, data: "0x12345678" }] }),
        ),
        "ForbiddenTarget",
        0,
        MODULE,
      );
      await refused(
        chain.call(redeem(key.address, { context, calls: [approve(alice, 1n)] })),
        "AllowanceLeft",
        chain.usdc.address,
        alice,
        1,
      );
    });
    it("cannot be entered again by what it calls, through any entry point", async () => {
      const acting = session({ salt: 2n, key: ACTOR, actions: [actAction()] });
      await chain.send(enable(acting));
      const context = contextOf(acting);
      const again = redeem(ACTOR, { context, calls: [pay(alice, 1n)] }).data;
      for (const data of [again, execute(acting, [pay(alice, 1n)]).data ?? "0x"]) {
        await prepare([{ to: MODULE, data }]);
        const reasons = chainOfReasons(
          await revertOf(chain.call(redeem(ACTOR, { context, calls: [act()] }))),
        );
        expect(reasons).to.deep.equal(["CallFailed", "Reentered"]);
      }
      await prepare([{ to: MODULE, data: again }]);
      const reasons = chainOfReasons(await revertOf(chain.call(execute(acting, [act()]))));
      expect(reasons).to.deep.equal(["CallFailed", "Reentered"]);
    });
  });

  describe("with an execution that the key has signed", () => {
    it("is for any sender if the key named ANYONE, once", async () => {
      const context = await signedContext(paid);
      await chain.send(redeem(mallory, { context, calls: paid }));
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      expect(await nonceUsed(await idOf(session()), session().account, 0n)).to.equal(true);
      await refused(chain.call(redeem(mallory, { context, calls: paid })), "NonceAlreadyUsed", 0);
    });
    it("is one execution with executeSigned: what was redeemed cannot be submitted again", async () => {
      const terms = { caller: ANYONE, nonce: 3n, deadline: T0 + DAY };
      const keySignature = await signExecution(await idOf(session()), paid, terms);
      const context = contextOf(session(), { ...terms, keySignature });
      const submitted = {
        from: relayer.address,
        to: MODULE,
        data: encode("executeSigned", [session(), "0x", paid, ANYONE, 3n, T0 + DAY, keySignature]),
      };
      await chain.call(submitted);
      await chain.send(redeem(relayer.address, { context, calls: paid }));
      await refused(chain.call(submitted), "NonceAlreadyUsed", 3);
    });
    it("is for the named caller only, not even for the key", async () => {
      const context = await signedContext(paid, { caller: relayer.address });
      for (const from of [stranger.address, key.address, session().account])
        await refused(
          chain.call(redeem(from, { context, calls: paid })),
          "CallerNotAllowed",
          from,
          relayer.address,
        );
      await chain.send(redeem(relayer.address, { context, calls: paid }));
    });
    it("is for nobody if the caller is 0", async () => {
      const context = await signedContext(paid, { caller: zeroAddress });
      for (const from of [relayer.address, key.address, zeroAddress])
        await refused(
          chain.call(redeem(from, { context, calls: paid })),
          "CallerNotAllowed",
          from,
          zeroAddress,
        );
    });
    it("is valid until the deadline, inclusive", async () => {
      const entry = { context: await signedContext(paid), calls: paid };
      await chain.setTime(T0 + DAY);
      await chain.call(redeem(relayer.address, entry));
      await chain.setTime(T0 + DAY + 1);
      await refused(chain.call(redeem(relayer.address, entry)), "DeadlinePassed", T0 + DAY);
    });
    it("may have the last possible deadline", async () => {
      const context = await signedContext(paid, { deadline: 2 ** 48 - 1 });
      await chain.call(redeem(relayer.address, { context, calls: paid }));
    });
    it("executes exactly the signed calls, single or as a batch", async () => {
      const context = await signedContext(paid);
      await chain.call(
        redeem(relayer.address, { context, calls: paid, mode: BATCH, execution: batch(paid) }),
      );
      for (const calls of [
        [pay(alice, USD - 1n)],
        [pay(bob, USD)],
        [...paid, ...paid],
        [...paid, pay(alice, 0n)],
        [{ ...pay(alice, USD), value: 1n }],
        [{ ...pay(alice, USD), data: concat([pay(alice, USD).data, "0x00"]) }],
      ])
        await refused(chain.call(redeem(relayer.address, { context, calls })), "InvalidKeySignature");
    });
    it("is refused if another key, module or chain, or another caller, nonce or deadline was signed", async () => {
      const wrong = [
        await signedContext(paid, { by: stranger }),
        await signedContext(paid, { module: OTHER_MODULE }),
        await signedContext(paid, { chainId: 8453 }),
        await signedContext(paid, { of: session({ salt: 9n }) }),
      ];
      const good = await signedContext(paid, { nonce: 1n });
      wrong.push(
        withWord(good, 2, BigInt(relayer.address)),
        withWord(good, 3, 2n),
        withWord(good, 4, BigInt(T0 + DAY + 1)),
      );
      for (const [i, context] of wrong.entries()) {
        const attempt = chain.call(redeem(relayer.address, { context, calls: paid }));
        if (i === 3) await refused(attempt, "NotGranted", await idOf(session({ salt: 9n })));
        else await refused(attempt, "InvalidKeySignature");
      }
    });
    it("is refused with a key signature of 64 or 66 bytes, by the key too", async () => {
      const terms = { caller: ANYONE, nonce: 0n, deadline: T0 + DAY };
      const good = await signExecution(await idOf(session()), paid, terms);
      for (const keySignature of [slice(good, 0, 64), concat([good, "0x00"]), "0x00"] as Hex[])
        for (const from of [relayer.address, key.address])
          await refused(
            chain.call(
              redeem(from, { context: contextOf(session(), { ...terms, keySignature }), calls: paid }),
            ),
            "InvalidKeySignature",
          );
    });
    it("enables a session with the grant in its context", async () => {
      const unseen = session({ salt: 2n });
      const context = await signedContext(paid, { of: unseen, grant: await grantOf(unseen) });
      await chain.send(redeem(relayer.address, { context, calls: paid }));
      expect(await stateOf(await idOf(unseen))).to.equal("ENABLED");
    });
    it("leaves the nonce unused when it reverts", async () => {
      const context = await signedContext(paid);
      await chain.usdc.deal(session().account, 0n);
      await revertOf(chain.send(redeem(relayer.address, { context, calls: paid })));
      expect(await nonceUsed(await idOf(session()), session().account, 0n)).to.equal(false);
      await chain.usdc.deal(session().account, USD);
      await chain.send(redeem(relayer.address, { context, calls: paid }));
    });
  });

  describe("is all or nothing", () => {
    it("a bad second entry undoes the first", async () => {
      const context = contextOf(session());
      const good = { context, calls: paid };
      for (const bad of [
        { context, calls: [pay(alice, USD + 1n)] },
        { context: contextOf(session({ salt: 2n })), calls: paid },
        { context: "0x" as Hex, calls: paid },
        { context, calls: paid, mode: numberToHex(1, { size: 32 }) },
        { context, execution: "0x" as Hex, mode: SINGLE },
      ])
        await revertOf(chain.send(redeem(key.address, good, bad)));
      expect(await chain.usdc.balanceOf(alice)).to.equal(0n);
      expect(await spentOf(session())).to.equal(0n);
    });
    it("names the entry that is malformed", async () => {
      const good = { context: contextOf(session()), calls: paid };
      const withSecond = (bad: object) => chain.call(redeem(key.address, good, { ...good, ...bad }));
      await refused(withSecond({ context: "0x" }), "MalformedContext", 1);
      await refused(
        withSecond({ mode: numberToHex(1, { size: 32 }) }),
        "UnsupportedMode",
        1,
        numberToHex(1, { size: 32 }),
      );
      await refused(withSecond({ execution: "0x" }), "MalformedExecution", 1);
    });
    it("a session that an entry's call has renounced is REVOKED for the next entry", async () => {
      const acting = session({ salt: 2n, key: ACTOR, actions: [actAction()] });
      const renounced = session({ salt: 3n, key: ACTOR });
      for (const one of [acting, renounced]) await chain.send(enable(one));
      const first = { context: contextOf(acting), calls: [act()] };
      const second = { context: contextOf(renounced), calls: paid };
      await prepare([]);
      await chain.call(redeem(ACTOR, first, second));
      await prepare([{ to: MODULE, data: encode("renounce", [renounced]) }]);
      await refused(chain.call(redeem(ACTOR, first, second)), "SessionIsRevoked", await idOf(renounced));
    });
  });

  describe("refuses lists", () => {
    const lists = (contexts: Hex[], modes: Hex[], executions: Hex[]) =>
      chain.call({
        from: key.address,
        to: MODULE,
        data: encode("redeemDelegations", [contexts, modes, executions]),
      });
    it("that differ in length, or are empty", async () => {
      const context = contextOf(session());
      const execution = single(pay(alice, USD));
      await lists([context], [SINGLE], [execution]);
      const lengths = [
        [0, 0, 0],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
        [2, 1, 1],
        [1, 2, 1],
        [1, 1, 2],
        [2, 2, 1],
        [1, 2, 2],
      ] as const;
      for (const [contexts, modes, executions] of lengths)
        await refused(
          lists(Array(contexts).fill(context), Array(modes).fill(SINGLE), Array(executions).fill(execution)),
          "LengthMismatch",
        );
    });
  });

  describe("refuses a mode", () => {
    for (const [name, mode] of Object.entries({
      "that may fail, single": `0x0001${"00".repeat(30)}`,
      "that may fail, batch": `0x0101${"00".repeat(30)}`,
      "of a delegatecall": `0xff${"00".repeat(31)}`,
      "of a staticcall": `0xfe${"00".repeat(31)}`,
      "with a selector": `0x${"00".repeat(6)}01${"00".repeat(25)}`,
      "with a payload": `0x${"00".repeat(31)}01`,
      "of a batch with a payload": `0x01${"00".repeat(30)}01`,
      "of a batch with operation data": `0x0100000000007821000100${"00".repeat(21)}`,
    } as Record<string, Hex>)) {
      it(name, async () => {
        for (const execution of [single(pay(alice, USD)), batch(paid)])
          await refused(
            chain.call(redeem(key.address, { context: contextOf(session()), mode, execution })),
            "UnsupportedMode",
            0,
            mode,
          );
      });
    }
  });

  describe("refuses an execution", () => {
    const attempt = (mode: Hex, execution: Hex) =>
      chain.call(redeem(key.address, { context: contextOf(session()), mode, execution }));
    it("single, of fewer than 52 bytes", async () => {
      const whole = single(pay(alice, USD));
      for (const length of [0, 1, 20, 51])
        await refused(attempt(SINGLE, length ? slice(whole, 0, length) : "0x"), "MalformedExecution", 0);
      await refused(attempt(SINGLE, slice(whole, 0, 52)), "NoNativeBudget", 0, 0);
    });
    it("single, encoded as a batch, and a batch encoded as single", async () => {
      await refused(attempt(SINGLE, batch(paid)), "ForbiddenTarget", 0, zeroAddress);
      await refused(attempt(BATCH, single(pay(alice, USD))), "MalformedExecution", 0);
    });
    it("as an empty batch", async () => {
      await refused(attempt(BATCH, batch([])), "EmptyBatch");
      await refused(attempt(BATCH, "0x"), "MalformedExecution", 0);
    });
    it("as a batch whose list lies elsewhere, or is longer than the execution", async () => {
      const whole = batch([pay(alice, 1n), pay(bob, 1n)]);
      await attempt(BATCH, whole);
      for (const offset of [0n, 31n, 33n, 64n, 2n ** 255n])
        await refused(attempt(BATCH, withWord(whole, 0, offset)), "MalformedExecution", 0);
      const words = BigInt(size(whole) / 32);
      for (const count of [words + 1n, 2n ** 32n, 2n ** 64n, 2n ** 251n, 2n ** 256n - 1n])
        await refused(attempt(BATCH, withWord(whole, 1, count)), "MalformedExecution", 0);
      for (const length of [31, 32, 63])
        await refused(attempt(BATCH, slice(whole, 0, length)), "MalformedExecution", 0);
      for (const word of [2, 3])
        await refused(attempt(BATCH, withWord(whole, word, 2n ** 32n)), "MalformedCall", word - 2);
    });
  });

  describe("refuses a context", () => {
    const malformed = (context: Hex, from: Address = key.address) =>
      refused(chain.call(redeem(from, { context, calls: paid })), "MalformedContext", 0);
    let granted: Hex;
    let signed: Hex;
    beforeEach(async () => {
      granted = contextOf(session(), { grant: `0x${"11".repeat(65)}` });
      signed = await signedContext(paid);
      await chain.call(redeem(key.address, { context: granted, calls: paid }));
      await chain.call(redeem(key.address, { context: signed, calls: paid }));
    });
    it("that is cut anywhere, or continued", async () => {
      for (const context of [granted, signed]) {
        const length = size(context);
        for (let cut = length - 1; cut > 0; cut -= cut % 32 === 0 ? 1 : 31)
          await malformed(slice(context, 0, cut));
        await malformed("0x");
        for (const more of [1, 31, 32, 64, 256]) await malformed(concat([context, `0x${"00".repeat(more)}`]));
        await malformed(concat([context, context]));
      }
    });
    it("whose offsets are others, also to strings that overlap or are shared", async () => {
      for (const context of [granted, signed])
        for (const word of [0, 1, 5]) {
          const offset = wordOf(context, word);
          for (const other of [
            0n,
            32n,
            192n,
            offset - 32n,
            offset + 32n,
            offset - 1n,
            offset + 1n,
            2n ** 64n,
            2n ** 255n,
          ])
            if (other !== offset) await malformed(withWord(context, word, other));
        }
    });
    it("whose lengths are others", async () => {
      for (const context of [granted, signed])
        for (const at of [0, 1, 5]) {
          const word = Number(wordOf(context, at)) / 32;
          const length = wordOf(context, word);
          for (const other of [
            length + 32n,
            length + 4096n,
            2n ** 32n,
            2n ** 64n,
            2n ** 256n - 1n,
            2n ** 256n - 32n,
            2n ** 255n,
          ])
            await malformed(withWord(context, word, other));
        }
    });
    it("whose strings are not padded with zeros", async () => {
      for (const at of [0, 1, 5]) {
        const start = Number(wordOf(signed, at));
        const context = at === 1 ? granted : signed;
        const from = at === 1 ? Number(wordOf(granted, 1)) : start;
        const length = Number(wordOf(context, from / 32));
        const end = from + 32 + Math.ceil(length / 32) * 32;
        expect(end).to.be.greaterThan(from + 32 + length);
        for (const dirty of [from + 32 + length, end - 1]) await malformed(withDirt(context, dirty));
      }
    });
    it("whose caller or deadline has more bits than its type", async () => {
      for (const [word, bits] of [
        [2, 160n],
        [4, 48n],
      ] as const)
        for (const bit of [bits, 200n, 255n])
          await malformed(withWord(signed, word, wordOf(signed, word) | (1n << bit)));
    });
    it("without a key signature that has a caller, a nonce or a deadline", async () => {
      for (const terms of [
        { caller: key.address },
        { caller: ANYONE },
        { nonce: 1n },
        { nonce: 1n << 255n },
        { deadline: 1 },
        { deadline: T0 + DAY },
      ])
        for (const from of [key.address, relayer.address]) await malformed(contextOf(session(), terms), from);
    });
    it("of MetaMask's delegation manager: a list of delegations", async () => {
      const delegations = encodeAbiParameters(
        parseAbiParameters(
          "(address delegate, address delegator, bytes32 authority, (address enforcer, bytes terms, bytes args)[] caveats, uint256 salt, bytes signature)[]",
        ),
        [
          [
            {
              delegate: key.address,
              delegator: session().account,
              authority: `0x${"ff".repeat(32)}`,
              caveats: [],
              salt: 0n,
              signature: `0x${"11".repeat(65)}`,
            },
          ],
        ],
      );
      await malformed(delegations);
    });
    it("around bytes that are not a session", async () => {
      const bytes = sessionBytes(session());
      for (const inner of [
        "0x",
        slice(bytes, 0, 40),
        slice(bytes, 0, size(bytes) - 1),
        concat([bytes, "0x00"]),
      ] as Hex[])
        await refused(
          chain.call(redeem(key.address, { context: contextAround(inner), calls: paid })),
          "MalformedSession",
          0,
          0,
        );
    });
  });

  it("moves no more than a period has, however many entries a transaction has", async () => {
    const entry = { context: contextOf(session()), calls: paid };
    await refused(
      chain.call(redeem(key.address, ...Array(20).fill(entry), { ...entry, calls: [pay(bob, 1n)] })),
      "PeriodExceeded",
      chain.usdc.address,
      1,
      0,
      T0 + DAY,
    );
    await chain.send(redeem(key.address, ...Array(20).fill(entry)));
    expect(await chain.usdc.balanceOf(alice)).to.equal(20n * USD);
    expect(await spentOf(session())).to.equal(20n * USD);
  });
  it("reads the same bytes alike where entries share them, and no list that the calldata does not hold", async () => {
    const { data, ...rest } = redeem(
      key.address,
      { context: contextOf(session()), calls: paid },
      { context: contextOf(session()), calls: paid },
    );
    // Behind the selector: three offsets, then the contexts' count and their offsets.
    const word = (at: number) => 10 + 64 * at;
    const first = data.slice(word(4), word(5));
    const shared = `${data.slice(0, word(5))}${first}${data.slice(word(6))}` as Hex;
    expect(shared).to.not.equal(data);
    await chain.send({ ...rest, data: shared });
    expect(await spentOf(session())).to.equal(2n * USD);
    for (const count of [2n ** 32n, 2n ** 64n, 2n ** 255n]) {
      const many = `${data.slice(0, word(3))}${numberToHex(count, { size: 32 }).slice(2)}${data.slice(word(4))}`;
      await revertOf(chain.call({ ...rest, data: many as Hex }));
    }
    for (const offset of [2n ** 64n, 2n ** 255n]) {
      const far = `${data.slice(0, word(4))}${numberToHex(offset, { size: 32 }).slice(2)}${data.slice(word(5))}`;
      await revertOf(chain.call({ ...rest, data: far as Hex }));
    }
  });

  it("reads nothing behind its arguments", async () => {
    const { data, ...rest } = redeem(key.address, { context: contextOf(session()), calls: paid });
    await chain.send({ ...rest, data: concat([data, mallory]) });
    expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    await refused(
      chain.call({ ...rest, from: session().account, data: concat([data, key.address]) }),
      "NotKey",
      session().account,
      key.address,
    );
  });
});
