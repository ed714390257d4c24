import { expect } from "chai";
import fc from "fast-check";
import {
  type Abi,
  type Address,
  concat,
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
  encodePacked,
  getAddress,
  type Hex,
  hashStruct,
  keccak256,
  pad,
  parseAbi,
  size,
  toBytes,
  zeroAddress,
} from "viem";
import { SEED } from "../environment/seed.ts";
import { anyCarried, anySession, bitsOf } from "./anySession.ts";
import {
  ANYONE,
  actAction,
  alice,
  asOwner,
  bob,
  budget,
  chain,
  codeUnderTest,
  decodeRevert,
  enable,
  encode,
  MODULE,
  mallory,
  nativeBudget,
  ODD_TOKEN,
  ownArtifact,
  refused,
  revertOf,
  type Session,
  session,
  sessionTypes,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";
import { BUDGET_LEFT_OUT } from "./readingByHand.ts";
import { type LeftOut, sessionBytes } from "./sessionBytes.ts";

const LENS: Address = getAddress(`0x${keccak256(toBytes("latchkey lens")).slice(26)}`);
const { abi } = ownArtifact("contracts/SessionLens.sol", "SessionLens");
const multiSendAbi = parseAbi(["function multiSend(bytes transactions)"]);
const numRuns = process.env.LATCHKEY_DEEP ? 5_000 : 150;
const FLAWS = {
  ENCODING: 0,
  PARTIES: 1,
  WINDOW: 2,
  TOKEN: 3,
  LIMITS: 4,
  STREAM: 5,
  SLOTS: 6,
  RECIPIENTS: 7,
  TARGET: 8,
  OPERATOR: 9,
};

/** The functions of one name and so many arguments: `pack` has two. */
const only = (functionName: string, args: readonly unknown[]): Abi =>
  abi.filter(
    (item) => item.type === "function" && item.name === functionName && item.inputs.length === args.length,
  );
const encodeLens = (functionName: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: only(functionName, args), functionName, args });
const ask = async <T>(functionName: string, ...args: unknown[]): Promise<T> => {
  const data = await chain.call({ from: stranger.address, to: LENS, data: encodeLens(functionName, args) });
  return decodeFunctionResult({ abi: only(functionName, args), functionName, data }) as T;
};
const pack = (of: Session, leftOut?: LeftOut): Promise<Hex> =>
  leftOut ? ask("pack", of, bitsOf(leftOut)) : ask("pack", of);
const idOf = (of: Session): Hex => hashStruct({ types: sessionTypes, primaryType: "Session", data: of });
const inLowerCase = (bytes: Hex): Hex => bytes.toLowerCase() as Hex;
/** As an answer has it: of a budget that is left out nothing is known. */
const withoutParts = (of: Session, { budgets = [], actions = false }: LeftOut): Session => ({
  ...of,
  budgets: of.budgets.map((one, i) =>
    budgets.includes(i) ? { ...BUDGET_LEFT_OUT, token: zeroAddress } : one,
  ),
  actions: actions ? [] : of.actions,
});
const full = (): Session =>
  session({
    salt: 2n ** 200n + 5n,
    gasAllowance: 2n ** 100n,
    paymaster: mallory,
    budgets: [budget(), budget({ token: ODD_TOKEN, initial: 3n, perSecond: 7n, signatures: 0, sizes: 0 })],
    actions: [actAction({ rules: [{ offset: 4, op: 2, value: pad("0x05") }] })],
  });

describe("SessionLens", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 120_000);
  useChain();
  beforeEach(async () => {
    await chain.setCode(LENS, codeUnderTest().SessionLens);
  });

  describe("packs", () => {
    it("any session into its only encoding", () =>
      fc.assert(
        fc.asyncProperty(anySession, async (of) => {
          expect(await pack(of)).to.equal(inLowerCase(sessionBytes(of)));
        }),
        { numRuns, seed: SEED },
      ));
    it("and omits the requested parts, except an empty list of actions", () =>
      fc.assert(
        fc.asyncProperty(anyCarried, async ({ of, leftOut }) => {
          const bytes = sessionBytes(of, {
            ...leftOut,
            actions: Boolean(leftOut.actions) && of.actions.length > 0,
          });
          expect(await pack(of, leftOut)).to.equal(inLowerCase(bytes));
        }),
        { numRuns, seed: SEED },
      ));
    it("and ignores bits that represent no part", async () => {
      const data = encodeLens("pack", [session(), (2n ** 255n) | (1n << 9n) | 2n]);
      const answer = await chain.call({ to: LENS, data });
      const packed = decodeFunctionResult({ abi: only("pack", [0, 0]), functionName: "pack", data: answer });
      expect(packed).to.equal(inLowerCase(sessionBytes(session())));
    });
    const unsayable: [string, () => Session, keyof typeof FLAWS, number][] = [
      ["9 budgets", () => session({ budgets: Array(9).fill(budget()) }), "ENCODING", 0],
      ["33 actions", () => session({ actions: Array(33).fill(actAction()) }), "ENCODING", 0],
      [
        "9 rules",
        () =>
          session({
            actions: [
              actAction(),
              actAction({ rules: Array(9).fill({ offset: 0, op: 0, value: pad("0x") }) }),
            ],
          }),
        "ENCODING",
        1,
      ],
      ["an initial amount without a stream", second({ initial: 1n }), "STREAM", 1],
      ["signatures of 8", second({ signatures: 8 }), "SLOTS", 1],
      ["16 sizes", second({ sizes: 16 }), "SLOTS", 1],
      [
        "the kind that stands for a budget that is left out",
        second({ perSecond: 1n, signatures: 7, sizes: 15 }),
        "SLOTS",
        1,
      ],
      ["no recipient", second({ recipients: [] }), "RECIPIENTS", 1],
      ["33 recipients", second({ recipients: Array(33).fill(alice) }), "RECIPIENTS", 1],
      ["ANYONE among others", second({ recipients: [alice, ANYONE] }), "RECIPIENTS", 1],
    ];
    for (const [title, of, flaw, index] of unsayable) {
      it(`nothing that cannot be encoded: ${title}`, async () => {
        for (const data of [encodeLens("pack", [of()]), encodeLens("pack", [of(), 0n])])
          await refused(chain.call({ to: LENS, data }), "MalformedSession", FLAWS[flaw], index);
      });
    }
    function second(changes: Partial<ReturnType<typeof budget>>) {
      return () => session({ budgets: [nativeBudget(), budget(changes)] });
    }
  });

  describe("unpacks", () => {
    it("what it packs, and reports omitted parts", () =>
      fc.assert(
        fc.asyncProperty(anyCarried, async ({ of, leftOut }) => {
          const [unpacked, bits] = await ask<[Session, bigint]>("unpack", sessionBytes(of, leftOut));
          expect(bits).to.equal(bitsOf(leftOut));
          expect(unpacked).to.deep.equal(withoutParts(of, leftOut));
        }),
        { numRuns, seed: SEED },
      ));
    it("nothing but valid sessions", async () => {
      const bytes = sessionBytes(full());
      for (let length = 0; length < size(bytes); ++length)
        await refused(
          chain.call({ to: LENS, data: encodeLens("unpack", [bytes.slice(0, 2 + 2 * length)]) }),
          "MalformedSession",
          FLAWS.ENCODING,
          0,
        );
      const longer = chain.call({ to: LENS, data: encodeLens("unpack", [concat([bytes, "0x00"])]) });
      await refused(longer, "MalformedSession", FLAWS.ENCODING, 0);
    });
  });

  it("hashes any session to its id, including one that cannot be encoded", () =>
    fc.assert(
      fc.asyncProperty(anySession, fc.nat(3), async (of, kind) => {
        const other = [of, { ...of, budgets: [...of.budgets, budget({ recipients: [] })] }][kind] ?? of;
        expect(await ask("hash", other)).to.equal(idOf(other));
      }),
      { numRuns, seed: SEED },
    ));

  describe("reports the flaw", () => {
    it("for which the module rejects a session", () =>
      fc.assert(
        fc.asyncProperty(anySession, fc.nat(6), async (of, sane) => {
          // Most random sessions end before they begin: mend what would hide the rest.
          const later: Session =
            sane === 0
              ? of
              : {
                  ...of,
                  account: chain.safes["1.4.1"],
                  key: alice,
                  epoch: 0n,
                  validAfter: T0,
                  validUntil: T0 + 1_000_000,
                  budgets:
                    sane === 1
                      ? of.budgets
                      : of.budgets.map((one) => ({
                          ...one,
                          perTransaction: 10n ** 6n,
                          perPeriod: 10n ** 7n,
                          period: 5,
                          ...(sane > 3 ? { signatures: 0, sizes: 0 } : {}),
                        })),
                };
          const [flawed, flaw, index] = await ask<[boolean, number, bigint]>("flawOf", later, MODULE);
          const attempt = chain.call(enable(later));
          if (flawed) await refused(attempt, "MalformedSession", flaw, index);
          else if (later === of)
            expect(decodeRevert(await revertOf(attempt)).name).to.not.equal("MalformedSession");
          else await attempt;
          const kind = flawed ? flaw : 0;
          tally[kind] = (tally[kind] ?? 0) + 1;
        }),
        { numRuns: 2 * numRuns, seed: SEED },
      ));
    const tally = Array<number>(10).fill(0);
    it("and was tested with sessions with and without flaws", () => {
      expect(tally.filter((count) => count > 0).length, tally.join(" ")).to.be.greaterThan(5);
      expect(tally[0]).to.be.greaterThan(10);
    });
    it("also for sessions that cannot be encoded", async () => {
      for (const [changes, flaw] of [
        [{ initial: 1n }, FLAWS.STREAM],
        [{ signatures: 8 }, FLAWS.SLOTS],
        [{ signatures: 255, sizes: 255 }, FLAWS.SLOTS],
        [{ recipients: [] }, FLAWS.RECIPIENTS],
        [{ recipients: [alice, ANYONE] }, FLAWS.RECIPIENTS],
        [{ recipients: [ANYONE, alice] }, FLAWS.RECIPIENTS],
      ] as [object, number][]) {
        const of = session({ budgets: [nativeBudget(), budget(changes)] });
        expect(await ask("flawOf", of, MODULE)).to.deep.equal([true, flaw, 1n]);
      }
    });
    it("of the first action with a flaw, even if later ones are valid", async () => {
      const of = session({ actions: [actAction(), actAction({ target: zeroAddress }), actAction()] });
      expect(await ask("flawOf", of, MODULE)).to.deep.equal([true, FLAWS.TARGET, 1n]);
    });
    it("for the enabling module: another module's address is allowed", async () => {
      const of = session({ actions: [actAction({ target: MODULE })] });
      expect(await ask("flawOf", of, MODULE)).to.deep.equal([true, FLAWS.TARGET, 0n]);
      expect(await ask("flawOf", of, mallory)).to.deep.equal([false, 0, 0n]);
    });
  });

  describe("requires that bytes encode exactly the session", () => {
    const requireSame = (of: Session, bytes: Hex) =>
      chain.call({ to: LENS, data: encodeLens("requireSame", [of, bytes]) });
    it("and returns nothing if they do", async () => {
      for (const one of [session(), full(), session({ budgets: [], actions: [] })])
        expect(await requireSame(one, sessionBytes(one))).to.equal("0x");
    });
    const changes: [string, (of: Session) => Session][] = [
      ["account", (of) => ({ ...of, account: mallory })],
      ["key", (of) => ({ ...of, key: mallory })],
      ["validAfter", (of) => ({ ...of, validAfter: of.validAfter + 1 })],
      ["validUntil", (of) => ({ ...of, validUntil: of.validUntil + 1 })],
      ["epoch", (of) => ({ ...of, epoch: 1n })],
      ["salt", (of) => ({ ...of, salt: of.salt + 1n })],
      ["gasAllowance", (of) => ({ ...of, gasAllowance: of.gasAllowance + 1n })],
      ["paymaster", (of) => ({ ...of, paymaster: ANYONE })],
      ["one budget more", (of) => ({ ...of, budgets: [...of.budgets, nativeBudget()] })],
      ["one budget less", (of) => ({ ...of, budgets: of.budgets.slice(1) })],
      ["the budgets' order", (of) => ({ ...of, budgets: [...of.budgets].reverse() })],
      ...(
        [
          ["token", { token: mallory }],
          ["perTransaction", { perTransaction: USD + 1n }],
          ["perPeriod", { perPeriod: 21n * USD }],
          ["period", { period: 1 }],
          ["initial and perSecond", { initial: 1n, perSecond: 1n }],
          ["perSecond", { perSecond: 1n }],
          ["signatures", { signatures: 0 }],
          ["sizes", { sizes: 4 }],
          ["another recipient", { recipients: [alice, mallory] }],
          ["one recipient more", { recipients: [alice, bob, mallory] }],
          ["one recipient less", { recipients: [alice] }],
          ["anyone as recipient", { recipients: [ANYONE] }],
        ] as const
      ).map(([name, changed]): [string, (of: Session) => Session] => [
        `a budget's ${name}`,
        (of) => ({ ...of, budgets: of.budgets.with(0, budget(changed as never)) }),
      ]),
      ["one action more", (of) => ({ ...of, actions: [...of.actions, actAction()] })],
      ["one action less", (of) => ({ ...of, actions: [] })],
      ...(
        [
          ["target", { target: mallory }],
          ["selector", { selector: "0x12345678" }],
          ["rules", { rules: [] }],
          ["rule's offset", { rules: [{ offset: 5, op: 2, value: pad("0x05") }] }],
          ["rule's operator", { rules: [{ offset: 4, op: 3, value: pad("0x05") }] }],
          ["rule's value", { rules: [{ offset: 4, op: 2, value: pad("0x06") }] }],
        ] as const
      ).map(([name, changed]): [string, (of: Session) => Session] => [
        `an action's ${name}`,
        (of) => ({ ...of, actions: [{ ...of.actions[0], ...changed } as never] }),
      ]),
    ];
    for (const [name, change] of changes) {
      it(`and reverts if they differ in ${name}`, async () => {
        const [of, other] = [full(), change(full())];
        expect(idOf(other)).to.not.equal(idOf(of));
        await differ(requireSame(of, sessionBytes(other)), idOf(of), idOf(other));
        await differ(requireSame(other, sessionBytes(of)), idOf(other), idOf(of));
      });
    }
    const differ = async (attempt: Promise<unknown>, ...ids: Hex[]) => {
      const { errorName, args } = decodeErrorResult({ abi, data: await revertOf(attempt) });
      expect([errorName, ...(args ?? [])]).to.deep.equal(["NotTheSameSession", ...ids]);
    };
    it("and reverts with omitted parts, though it is the same session", async () => {
      for (const leftOut of [
        { budgets: [0] },
        { budgets: [1] },
        { actions: true },
        { budgets: [0, 1], actions: true },
      ])
        await refused(requireSame(full(), sessionBytes(full(), leftOut)), "PartLeftOut", bitsOf(leftOut));
    });
    it("and reverts for an invalid session", async () => {
      const bytes = sessionBytes(full());
      for (const bad of ["0x", concat([bytes, "0x00"]), bytes.slice(0, -2) as Hex])
        await refused(requireSame(full(), bad as Hex), "MalformedSession", FLAWS.ENCODING, 0);
    });

    describe("in one batch of a Safe with enable", () => {
      const one = (to: Address, data: Hex): Hex =>
        encodePacked(
          ["uint8", "address", "uint256", "uint256", "bytes"],
          [0, to, 0n, BigInt(size(data)), data],
        );
      const batch = (shown: Session, bytes: Hex) => {
        const transactions = concat([
          one(LENS, encodeLens("requireSame", [shown, bytes])),
          one(MODULE, encode("enable", [bytes])),
        ]);
        const data = encodeFunctionData({ abi: multiSendAbi, args: [transactions] });
        return asOwner(shown.account, { to: chain.safeContracts["1.4.1"].multiSend as Address, data }, 1);
      };
      it("which enables the session shown", async () => {
        await chain.send(batch(full(), sessionBytes(full())));
        expect(await stateOf(idOf(full()))).to.equal("ENABLED");
      });
      it("which enables nothing if the bytes encode another session than shown", async () => {
        const wider = { ...full(), budgets: full().budgets.with(0, budget({ recipients: [ANYONE] })) };
        await revertOf(chain.send(batch(full(), sessionBytes(wider))));
        for (const each of [full(), wider]) expect(await stateOf(idOf(each))).to.equal("UNKNOWN");
        // By itself, the wider one would be enabled.
        await chain.send(batch(wider, sessionBytes(wider)));
        expect(await stateOf(idOf(wider))).to.equal("ENABLED");
      });
    });
  });

  it("is stateless and has no function that writes", () => {
    for (const item of abi) if (item.type === "function") expect(item.stateMutability).to.equal("pure");
  });
});
