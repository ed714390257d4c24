import { PERMIT2 } from "@latchkey/devchain";
import { safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  pad,
  parseAbi,
  size,
  slice,
  toHex,
  zeroAddress,
} from "viem";
import {
  ACTOR,
  ANYONE,
  act,
  actAction,
  actData,
  actorReport,
  alice,
  approve,
  approveData,
  bob,
  budget,
  type Call,
  chain,
  DAY,
  decodeRevert,
  enable,
  encode,
  execute,
  HANDLER,
  idOf,
  key,
  MAX_UINT256,
  MODULE,
  mallory,
  nativeBudget,
  ODD_TOKEN,
  OTHER_ACTOR,
  oddToken,
  pay,
  payNative,
  prepare,
  type Rule,
  refused,
  relayer,
  revertOf,
  type Session,
  session,
  signExecution,
  spentOf,
  T0,
  transferData,
  transferFromData,
  USD,
  useChain,
} from "./fixture.ts";
import { withWord, wordOf } from "./words.ts";

const usdc = (): Address => chain.usdc.address;
/** A call by which a Safe changes itself. */
const encodeSafe = (functionName: "enableModule" | "setFallbackHandler", args: readonly [Address]): Hex =>
  encodeFunctionData({ abi: safeAbi, functionName, args });

/** Enables the session and tries the calls. */
async function attempt(of: Session, calls: readonly Call[]): Promise<Promise<unknown>[]> {
  await chain.send(enable(of));
  return [chain.call(execute(of, calls))];
}
const refusedCalls = async (of: Session, calls: readonly Call[], error: string, ...args: unknown[]) => {
  const [only] = await attempt(of, calls);
  await refused(only as Promise<unknown>, error, ...args);
};
const withAction = (changes: Partial<Session> = {}) => session({ actions: [actAction()], ...changes });

// Rules of docs/spec.md: C-1, C-2, C-3, C-4, C-5, C-6, C-7, C-8, C-10, C-11.
describe("a call of a session", () => {
  useChain();

  describe("as a payment", () => {
    it("moves a budget's token to any of its recipients", async () => {
      await chain.send(enable(session()));
      await chain.send(execute(session(), [pay(alice, 400_000n), pay(bob, 600_000n)]));
      expect(await chain.usdc.balanceOf(alice)).to.equal(400_000n);
      expect(await chain.usdc.balanceOf(bob)).to.equal(600_000n);
    });
    it("is rejected for anyone else, at any position in the batch", async () => {
      await chain.send(enable(session()));
      for (const to of [mallory, zeroAddress, ANYONE, MODULE]) {
        await refused(chain.call(execute(session(), [pay(to, 1n)])), "RecipientNotAllowed", 0, usdc(), to);
        const second = execute(session(), [pay(alice, 1n), pay(to, 1n)]);
        await refused(chain.call(second), "RecipientNotAllowed", 1, usdc(), to);
      }
    });
    it("goes to anyone if the budget allows ANYONE", async () => {
      const open = session({ budgets: [budget({ recipients: [ANYONE] })] });
      await chain.send(enable(open));
      await chain.send(execute(open, [pay(mallory, 1n)]));
      expect(await chain.usdc.balanceOf(mallory)).to.equal(1n);
    });
    it("of one budget's token goes to that budget's recipients only", async () => {
      const two = session({
        budgets: [budget({ recipients: [alice] }), nativeBudget({ recipients: [bob] })],
      });
      await chain.send(enable(two));
      await refused(chain.call(execute(two, [pay(bob, 1n)])), "RecipientNotAllowed", 0, usdc(), bob);
      await refused(
        chain.call(execute(two, [payNative(alice, 1n)])),
        "RecipientNotAllowed",
        0,
        zeroAddress,
        alice,
      );
    });
    it("of zero is allowed and charges nothing, but only to recipients", async () => {
      await chain.send(enable(session()));
      await chain.send(execute(session(), [pay(alice, 0n)]));
      expect(await spentOf(session())).to.equal(0n);
      await refused(
        chain.call(execute(session(), [pay(mallory, 0n)])),
        "RecipientNotAllowed",
        0,
        usdc(),
        mallory,
      );
    });
    it("of native coin goes to a recipient with empty calldata", async () => {
      const native = session({ budgets: [nativeBudget()] });
      await chain.send(enable(native));
      const before = await chain.balance(alice);
      await chain.send(execute(native, [payNative(alice, 123n)]));
      expect((await chain.balance(alice)) - before).to.equal(123n);
      expect(await spentOf(native)).to.equal(123n);
      await refused(
        chain.call(execute(native, [payNative(mallory, 1n)])),
        "RecipientNotAllowed",
        0,
        zeroAddress,
        mallory,
      );
    });
    it("of native coin needs a budget for it, even for zero", async () => {
      await chain.send(enable(session()));
      await refused(chain.call(execute(session(), [payNative(alice, 5n)])), "NoNativeBudget", 0, 5);
      await refused(chain.call(execute(session(), [payNative(alice, 0n)])), "NoNativeBudget", 0, 0);
    });
    it("of a token must have exactly 68 bytes", async () => {
      await chain.send(enable(session()));
      const good = transferData(alice, 1n);
      for (const data of [
        good.slice(0, -2) as Hex,
        concat([good, "0x00"]),
        concat([good, pad("0x")]),
        good.slice(0, 74) as Hex,
      ]) {
        const calls = [{ target: usdc(), value: 0n, data }];
        await refused(chain.call(execute(session(), calls)), "CallNotAllowed", 0, usdc(), "0xa9059cbb");
      }
    });
    it("of a token must have a clean address word", async () => {
      await chain.send(enable(session()));
      for (const bit of [160n, 255n]) {
        const data = withWord(transferData(alice, 1n), 0, BigInt(alice) | (1n << bit));
        const calls = [{ target: usdc(), value: 0n, data }];
        await refused(chain.call(execute(session(), calls)), "CallNotAllowed", 0, usdc(), "0xa9059cbb");
      }
    });
    it("of a token carries no native coin", async () => {
      const both = session({ budgets: [budget(), nativeBudget()] });
      const calls = [{ ...pay(alice, 1n), value: 1n }];
      await refusedCalls(both, calls, "CallNotAllowed", 0, usdc(), "0xa9059cbb");
    });
  });

  describe("to a budget's token", () => {
    const forbidden: [string, () => Hex][] = [
      ["transferFrom", () => transferFromData(chain.safes["1.4.1"], alice, 1n)],
      ["transferFrom another account", () => transferFromData(mallory, chain.safes["1.4.1"], 1n)],
      ["increaseAllowance", () => concat(["0x39509351", pad(alice), pad("0x01")])],
      ["decreaseAllowance", () => concat(["0xa457c2d7", pad(alice), pad("0x01")])],
      ["permit", () => concat(["0xd505accf", ...Array<Hex>(7).fill(pad("0x01"))])],
      ["transferWithAuthorization", () => concat(["0xcf092995", ...Array<Hex>(8).fill(pad("0x01"))])],
      ["transferAndCall", () => concat(["0x4000aea0", pad(alice), pad("0x01"), pad("0x60"), pad("0x")])],
      ["safeTransferFrom", () => concat(["0x42842e0e", pad(alice), pad(bob), pad("0x01")])],
      ["a function of selector 0", () => concat(["0x00000000", pad(alice), pad("0x01")])],
    ];
    for (const [name, data] of forbidden) {
      it(`cannot be ${name}`, async () => {
        const selector = data().slice(0, 10);
        await refusedCalls(
          session(),
          [{ target: usdc(), value: 0n, data: data() }],
          "CallNotAllowed",
          0,
          usdc(),
          selector,
        );
      });
    }
    for (const bytes of [1, 2, 3]) {
      it(`cannot have ${bytes} bytes`, async () => {
        const data = transferData(alice, 1n).slice(0, 2 + 2 * bytes) as Hex;
        await refusedCalls(
          session(),
          [{ target: usdc(), value: 0n, data }],
          "CallNotAllowed",
          0,
          usdc(),
          "0x00000000",
        );
      });
    }
    it("with empty calldata is a payment of native coin to the token", async () => {
      await refusedCalls(session(), [payNative(usdc(), 1n)], "NoNativeBudget", 0, 1);
    });
  });

  describe("as an approval", () => {
    it("names a recipient of the budget, in 68 clean bytes, without native coin", async () => {
      const both = session({ budgets: [budget(), nativeBudget()] });
      await chain.send(enable(both));
      await refused(
        chain.call(execute(both, [approve(mallory, 1n)])),
        "RecipientNotAllowed",
        0,
        usdc(),
        mallory,
      );
      const good = approveData(alice, 1n);
      for (const call of [
        { data: concat([good, "0x00"]) },
        { data: good.slice(0, -2) as Hex },
        { data: withWord(good, 0, BigInt(alice) | (1n << 200n)) },
        { data: good, value: 1n },
      ]) {
        const calls = [{ target: usdc(), value: 0n, ...call }];
        await refused(chain.call(execute(both, calls)), "CallNotAllowed", 0, usdc(), "0x095ea7b3");
      }
    });
  });

  describe("as an approval of Permit2", () => {
    const approval = () => approve(PERMIT2, 1n);
    for (const [title, recipients] of [
      ["as one of the recipients", [alice, PERMIT2]],
      ["as anyone", [ANYONE]],
    ] as const)
      it(`is rejected ${title}, even if the batch ends with an approval of 0`, async () => {
        const of = session({ budgets: [budget({ recipients })], actions: [actAction()] });
        await chain.send(enable(of));
        await chain.call(execute(of, [approve(alice, 0n)]));
        for (const calls of [
          [approval()],
          [act(), approval()],
          [approval(), approve(PERMIT2, 0n)],
          [approve(PERMIT2, 0n)],
        ]) {
          const index = calls.length === 2 && calls[0]?.target === ACTOR ? 1 : 0;
          await refused(chain.call(execute(of, calls)), "ForbiddenTarget", index, PERMIT2);
          const terms = { caller: ANYONE, nonce: 0n, deadline: T0 + DAY };
          const signature = await signExecution(await idOf(of), calls, terms);
          const signed = [of, "0x", calls, ANYONE, 0n, terms.deadline, signature];
          const submitted = { from: relayer.address, to: MODULE, data: encode("executeSigned", signed) };
          await refused(chain.call(submitted), "ForbiddenTarget", index, PERMIT2);
        }
      });
    it("is not what a payment to Permit2 is: who may be paid is the owner's choice", async () => {
      const of = session({ budgets: [budget({ recipients: [PERMIT2] })] });
      await chain.send(enable(of));
      await chain.call(execute(of, [pay(PERMIT2, 1n)]));
    });
    it("cannot be made by `pay` either: no session has a budget in Permit2", async () => {
      await chain.send(enable(session()));
      const args = [session(), "0x", PERMIT2, alice, 1n];
      const paying = { from: key.address, to: MODULE, data: encode("pay", args) };
      await refused(chain.call(paying), "CallNotAllowed", 0, PERMIT2, "0xa9059cbb");
    });
  });

  describe("as an action", () => {
    it("needs target and selector of one of the session's actions", async () => {
      await chain.send(enable(withAction()));
      await chain.send(execute(withAction(), [act()]));
      expect((await actorReport()).turns).to.equal(1n);
      const selector = actData().slice(0, 10);
      const elsewhere = execute(withAction(), [act({ target: mallory })]);
      await refused(chain.call(elsewhere), "CallNotAllowed", 0, mallory, selector);
      const otherwise = execute(withAction(), [act({ data: concat(["0x12345678", pad("0x")]) })]);
      await refused(chain.call(otherwise), "CallNotAllowed", 0, ACTOR, "0x12345678");
    });
    it("does not mix the target of one action with the selector of another", async () => {
      const mixed = session({
        actions: [actAction({ selector: "0x11111111" }), actAction({ target: mallory })],
      });
      await refusedCalls(mixed, [act()], "CallNotAllowed", 0, ACTOR, actData().slice(0, 10));
    });
    it("has at least 4 bytes, even where the selector is 0", async () => {
      const zero = session({ actions: [actAction({ selector: "0x00000000" })] });
      await chain.send(enable(zero));
      for (const data of ["0x00", "0x0000", "0x000000"] as Hex[]) {
        await refused(chain.call(execute(zero, [act({ data })])), "CallNotAllowed", 0, ACTOR, "0x00000000");
      }
      // Four bytes pass the session, and fail in a contract without such a function.
      const failed = decodeRevert(await revertOf(chain.call(execute(zero, [act({ data: "0x00000000" })]))));
      expect(failed.name).to.equal("CallFailed");
    });
    it("may be any one of several for the same function", async () => {
      const either = session({
        actions: [3n, 5n].map((n) => actAction({ rules: [{ offset: 4, op: 0, value: pad(toHex(n)) }] })),
      });
      await chain.send(enable(either));
      for (const first of [3n, 5n]) await chain.send(execute(either, [act({ data: actData(first) })]));
      const neither = execute(either, [act({ data: actData(4n) })]);
      await refused(chain.call(neither), "CallNotAllowed", 0, ACTOR, actData().slice(0, 10));
    });
    it("with native coin needs a budget for it, and is charged to that", async () => {
      await chain.send(enable(withAction()));
      await refused(chain.call(execute(withAction(), [act({ value: 7n })])), "NoNativeBudget", 0, 7);
      const native = withAction({ budgets: [budget(), nativeBudget({ recipients: [alice] })] });
      await chain.send(enable(native));
      await chain.send(execute(native, [act({ value: 7n })]));
      expect(await spentOf(native, 1), "though the target is not a recipient").to.equal(7n);
      expect(await spentOf(native, 0)).to.equal(0n);
    });
    it("returns what the target returned", async () => {
      await chain.send(enable(withAction()));
      const answer = await chain.call(
        execute(withAction(), [act({ data: actData(2n, 3n) }), pay(alice, 1n)]),
      );
      // bytes[]: offset, length, two offsets, then length and word of each.
      const words = (answer.slice(2).match(/.{64}/g) ?? []).map((word) => BigInt(`0x${word}`));
      expect(words).to.deep.equal([32n, 2n, 64n, 128n, 32n, 5n, 32n, 1n]);
    });

    describe("enforces its rules", () => {
      const word = (n: bigint) => pad(toHex(n));
      const NAMES = ["==", "!=", "<", "<=", ">", ">="];
      const holds = [
        (a: bigint, b: bigint) => a === b,
        (a: bigint, b: bigint) => a !== b,
        (a: bigint, b: bigint) => a < b,
        (a: bigint, b: bigint) => a <= b,
        (a: bigint, b: bigint) => a > b,
        (a: bigint, b: bigint) => a >= b,
      ];
      for (const [op, name] of NAMES.entries()) {
        it(`word ${name} value, as unsigned numbers`, async () => {
          const values = [0n, 1n, 1n << 255n, MAX_UINT256];
          for (const value of values) {
            const ruled = session({
              salt: value,
              actions: [actAction({ rules: [{ offset: 4, op, value: word(value) }] })],
            });
            await chain.send(enable(ruled));
            for (const first of values) {
              // The actor adds its arguments, and reverts where the sum is too large.
              const use = chain.call(execute(ruled, [act({ data: actData(first, 0n) })]));
              if (holds[op]?.(first, value)) await use;
              else await refused(use, "CallNotAllowed", 0, ACTOR, actData().slice(0, 10));
            }
          }
        });
      }
      it("all of them", async () => {
        const rules = [
          { offset: 4, op: 4, value: word(10n) },
          { offset: 36, op: 2, value: word(20n) },
        ];
        const ruled = session({ actions: [actAction({ rules })] });
        await chain.send(enable(ruled));
        await chain.call(execute(ruled, [act({ data: actData(11n, 19n) })]));
        for (const [first, second] of [
          [10n, 19n],
          [11n, 20n],
          [10n, 20n],
        ] as const) {
          const use = execute(ruled, [act({ data: actData(first, second) })]);
          await refused(chain.call(use), "CallNotAllowed", 0, ACTOR, actData().slice(0, 10));
        }
      });
      it("also for words at any position, including the selector", async () => {
        const data = actData(0x1234n, 0n);
        const atZero = `0x${data.slice(2, 66)}` as Hex;
        const atFive = `0x${data.slice(12, 76)}` as Hex;
        for (const [offset, value] of [
          [0, atZero],
          [5, atFive],
        ] as const) {
          const ruled = session({ actions: [actAction({ rules: [{ offset, op: 0, value }] })] });
          await chain.send(enable(ruled));
          await chain.call(execute(ruled, [act({ data })]));
        }
      });
      describe("on a word inside a dynamic argument", () => {
        /** One payment in the packed form of Safe's MultiSendCallOnly: operation, to, value, length of its data. */
        const paying = (to: Address): Hex => concat(["0x00", to, word(7n), word(0n)]);
        const bytesOf = (content: Hex): Hex =>
          concat([
            word(BigInt(size(content))),
            content,
            `0x${"00".repeat((32 - (size(content) % 32)) % 32)}`,
          ]);
        const multiSend = (offset: bigint, ...tails: Hex[]): Hex =>
          concat(["0x8d80ff0a", word(offset), ...tails.map(bytesOf)]);
        const honest = multiSend(32n, paying(alice));
        /** What the rule reads is still there, and nobody else reads it. */
        const decoy = multiSend(32n + BigInt(size(bytesOf(paying(alice)))), paying(alice), paying(mallory));
        /** The word that ends with the payment's recipient: the end of the length, the operation, the recipient. */
        const recipientIsAlice = { offset: 57, op: 0, value: slice(honest, 57, 89) };
        const offsetIsPinned = { offset: 4, op: 0, value: word(32n) };
        const target = (): Address => chain.safeContracts["1.4.1"].multiSendCallOnly;
        const ruledBy = async (...rules: Rule[]) => {
          const of = session({
            budgets: [nativeBudget()],
            actions: [{ target: target(), selector: "0x8d80ff0a", rules }],
          });
          await chain.send(enable(of));
          return (data: Hex) => execute(of, [{ target: target(), value: 7n, data }]);
        };
        const received = async (who: Address) =>
          BigInt(await chain.request<Hex>("eth_getBalance", [who, "latest"]));

        it("restrict nothing by themselves: a shifted offset leaves them a decoy", async () => {
          const use = await ruledBy(recipientIsAlice);
          const plain = use(multiSend(32n, paying(mallory)));
          await refused(chain.call(plain), "CallNotAllowed", 0, target(), "0x8d80ff0a");
          const before = await received(mallory);
          await chain.send(use(decoy));
          expect((await received(mallory)) - before).to.equal(7n);
        });
        it("restrict it if the offset is pinned as well", async () => {
          const use = await ruledBy(offsetIsPinned, recipientIsAlice);
          await refused(chain.call(use(decoy)), "CallNotAllowed", 0, target(), "0x8d80ff0a");
          const before = await received(alice);
          await chain.send(use(honest));
          expect((await received(alice)) - before).to.equal(7n);
        });
      });
      it("which always fail past the end of the calldata", async () => {
        for (const [offset, good] of [
          [36, true],
          [37, false],
          [68, false],
          [65_535, false],
        ] as const) {
          // "Not 1" and "at least 0" hold for whatever is read, but nothing is there to be read.
          for (const [op, value] of [
            [1, word(1n)],
            [5, word(0n)],
          ] as const) {
            const ruled = session({ actions: [actAction({ rules: [{ offset, op, value }] })] });
            await chain.send(enable(ruled));
            const use = chain.call(execute(ruled, [act()]));
            if (good) await use;
            else await refused(use, "CallNotAllowed", 0, ACTOR, actData().slice(0, 10));
          }
        }
      });
    });
  });

  describe("never goes", () => {
    const targets: [string, () => Address][] = [
      ["to 0", () => zeroAddress],
      ["to the account", () => chain.safes["1.4.1"]],
      ["to the module", () => MODULE],
      ["to Permit2", () => PERMIT2],
    ];
    for (const [title, target] of targets) {
      it(`${title}, neither with calldata nor with native coin`, async () => {
        const open = session({ budgets: [nativeBudget({ recipients: [ANYONE] })], actions: [actAction()] });
        await chain.send(enable(open));
        for (const call of [
          payNative(target(), 1n),
          { target: target(), value: 0n, data: actData() },
          { target: target(), value: 0n, data: encode("revokeAll", []) },
        ]) {
          const second = execute(open, [payNative(alice, 0n), call]);
          await refused(chain.call(second), "ForbiddenTarget", 1, target());
        }
      });
    }
    for (const version of ["1.4.1", "1.5.0"] as const) {
      it(`as an action to the fallback handler of a Safe ${version}, which would treat it as the Safe`, async () => {
        const handler =
          version === "1.4.1" ? HANDLER : (chain.safeContracts["1.5.0"].extensibleFallbackHandler as Address);
        const reckless = session({
          account: chain.safes[version],
          actions: [actAction(), actAction({ target: handler })],
        });
        await chain.send(enable(reckless));
        await refused(
          chain.call(execute(reckless, [act({ target: handler })])),
          "ForbiddenTarget",
          0,
          handler,
        );
        const second = execute(reckless, [act(), act({ target: handler })]);
        await refused(chain.call(second), "ForbiddenTarget", 1, handler);
      });
      it(`as an action to what a call of the same batch has made the fallback handler of a Safe ${version}`, async () => {
        const safe = chain.safes[version];
        const of = session({ account: safe, actions: [actAction(), actAction({ target: OTHER_ACTOR })] });
        await chain.send(enable(of));
        await chain.send({ from: safe, to: safe, data: encodeSafe("enableModule", [ACTOR]) });
        const batch = execute(of, [act(), act({ target: OTHER_ACTOR })]);
        await chain.call(batch);
        const setHandler = encodeSafe("setFallbackHandler", [OTHER_ACTOR]);
        const byModule = encodeFunctionData({
          abi: parseAbi([
            "function execTransactionFromModule(address to, uint256 value, bytes data, uint8 op)",
          ]),
          args: [safe, 0n, setHandler, 0],
        });
        await prepare([{ to: safe, data: byModule }]);
        await refused(chain.call(batch), "ForbiddenTarget", 1, OTHER_ACTOR);
      });
    }
  });

  describe("is parsed strictly", () => {
    /** execute(session, grant, [one call]): the list of calls is the last argument's. */
    const crafted = () => execute(session(), [pay(alice, 1n)]).data as Hex;
    const listAt = () => Number(wordOf(crafted(), 2)) / 32;
    const words: [string, number, bigint][] = [
      ["an offset past the calldata", 1, 100_000n],
      ["an offset of 2**32", 1, 2n ** 32n],
      ["an offset that wraps around", 1, 2n ** 256n - 32n],
      ["a target with dirty bits", 2, (1n << 160n) | 5n],
      ["bytes that begin past the calldata", 4, 100_000n],
      ["bytes at 2**32", 4, 2n ** 32n],
      ["bytes at an offset that wraps around", 4, 2n ** 256n - 32n],
      ["more bytes than there are", 5, 97n],
      ["2**32 bytes", 5, 2n ** 32n],
      ["2**256 - 1 bytes", 5, 2n ** 256n - 1n],
    ];
    for (const [title, word, value] of words) {
      it(`and refused with ${title}`, async () => {
        await chain.send(enable(session()));
        const data = withWord(crafted(), listAt() + word, value);
        await refused(chain.call({ from: key.address, to: MODULE, data }), "MalformedCall", 0);
      });
    }
    it("and rejected if it precedes its list, at an offset that overflows", async () => {
      await chain.send(enable(session()));
      const data = crafted();
      const end = (size(data) - 4) / 32;
      const callAt = listAt() + 2;
      const moved = withWord(data, 2, BigInt(32 * end));
      const back = 2n ** 256n - BigInt(32 * (end + 1 - callAt));
      const wrapped = concat([moved, pad("0x01"), toHex(back)]);
      await refused(chain.call({ from: key.address, to: MODULE, data: wrapped }), "MalformedCall", 0);
    });
    it("and rejected if the list claims calls that do not exist", async () => {
      await chain.send(enable(session()));
      const data = withWord(crafted(), listAt(), 2n);
      expect(await revertOf(chain.call({ from: key.address, to: MODULE, data }))).to.match(/^0x/);
    });
    it("and accepted if its bytes end the calldata, without padding", async () => {
      await chain.send(enable(session()));
      const data = crafted();
      const unpadded = data.slice(0, -2 * (32 - (68 % 32))) as Hex;
      expect(size(unpadded)).to.equal(size(data) - 28);
      await chain.call({ from: key.address, to: MODULE, data: unpadded });
      await refused(
        chain.call({ from: key.address, to: MODULE, data: unpadded.slice(0, -2) as Hex }),
        "MalformedCall",
        0,
      );
    });
  });

  describe("that fails", () => {
    it("reverts the whole batch and reports which call failed and why", async () => {
      await chain.send(enable(session()));
      await chain.usdc.deal(chain.safes["1.4.1"], 10n);
      const answer = await revertOf(chain.call(execute(session(), [pay(alice, 10n), pay(bob, 1n)])));
      const { name, args } = decodeRevert(answer);
      expect(name).to.equal("CallFailed");
      expect(args[0]).to.equal(1n);
      expect(decodeRevert(args[1] as Hex).name).to.equal("Error");
      expect(decodeRevert(args[1] as Hex).args).to.deep.equal(["ERC20: transfer amount exceeds balance"]);
    });
    it("spends nothing", async () => {
      await chain.send(enable(session()));
      await chain.usdc.deal(chain.safes["1.4.1"], 0n);
      await revertOf(chain.send(execute(session(), [pay(alice, USD)])));
      expect(await spentOf(session())).to.equal(0n);
    });
  });

  describe("of a token", () => {
    const odd = () => session({ budgets: [budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })] });
    const TRANSFER = "0xa9059cbb";
    const APPROVE = "0x095ea7b3";
    beforeEach(async () => {
      await chain.send(enable(odd()));
      await oddToken.mint(chain.safes["1.4.1"], 100n * USD);
    });
    it("succeeds if the token returns true, or nothing", async () => {
      for (const answer of [pad("0x01"), "0x"] as Hex[]) {
        await oddToken.script(TRANSFER, answer);
        await oddToken.script(APPROVE, answer);
        await chain.send(execute(odd(), [pay(alice, 5n, ODD_TOKEN)]));
        await chain.send(execute(odd(), [approve(alice, 0n, ODD_TOKEN)]));
      }
      expect(await oddToken.balanceOf(alice)).to.equal(10n);
    });
    const lies: [string, Hex][] = [
      ["false", pad("0x")],
      ["2", pad("0x02")],
      ["true with a dirty word", `0x8${"0".repeat(62)}1`],
      ["true and more", concat([pad("0x01"), pad("0x")])],
      ["true and a byte", concat([pad("0x01"), "0x00"])],
      ["one byte", "0x01"],
      ["31 bytes", `0x${"00".repeat(30)}01`],
    ];
    for (const [title, answer] of lies) {
      it(`fails if the token returns ${title}, for transfers and approvals`, async () => {
        await oddToken.script(TRANSFER, answer);
        await oddToken.script(APPROVE, answer);
        const transfer = execute(odd(), [pay(alice, 5n, ODD_TOKEN)]);
        await refused(chain.call(transfer), "TokenCallFailed", 0, ODD_TOKEN, answer);
        const approval = execute(odd(), [pay(alice, 0n, ODD_TOKEN), approve(alice, 0n, ODD_TOKEN)]);
        const first = chain.call(execute(odd(), [approve(alice, 0n, ODD_TOKEN)]));
        await refused(first, "TokenCallFailed", 0, ODD_TOKEN, answer);
        await refused(chain.call(approval), "TokenCallFailed", 0, ODD_TOKEN, answer);
      });
    }
    it("fails if the token has no code", async () => {
      const nowhere = mallory;
      const of = session({ budgets: [budget({ token: nowhere, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      await refused(chain.call(execute(of, [pay(alice, 5n, nowhere)])), "TokenCallFailed", 0, nowhere, "0x");
    });
    it("is not judged by an action's return data: an action may return anything", async () => {
      const acting = session({ actions: [actAction()] });
      await chain.send(enable(acting));
      await chain.send(execute(acting, [act({ data: actData(0n, 0n) })]));
    });
  });
});
