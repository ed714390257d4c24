import "../environment/seed.ts";
import { PERMIT2 } from "@latchkey/devchain";
import {
  ANYONE,
  type Budget,
  checkSession,
  decodeError,
  InvalidInput,
  isRefusal,
  type Session,
} from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodeSession } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { type Address, type PublicClient, zeroAddress } from "viem";
import { simulateContract } from "viem/actions";
import { sessionBytes } from "../contracts/sessionBytes.ts";
import { arbitraryAddress, arbitrarySession, arbitraryUint } from "./arbitrarySession.ts";

const runs = process.env.LATCHKEY_DEEP ? 3000 : 150;

/** What a session is found to be: fine, or which flaw at which index. */
type Finding = "fine" | { flaw: unknown; index: unknown };

/** Whether the packed form has bytes for a session at all, by its fields. */
const hasBytes = ({ budgets, actions }: Session): boolean =>
  budgets.length <= 8 &&
  actions.length <= 32 &&
  actions.every(({ rules }) => rules.length <= 8) &&
  budgets.every(
    ({ initial, perSecond, signatures, sizes, recipients }) =>
      (perSecond > 0n || initial === 0n) &&
      signatures <= 7 &&
      sizes <= 15 &&
      recipients.length >= 1 &&
      recipients.length <= 32 &&
      (recipients.length === 1 || !recipients.includes(ANYONE)),
  );

function bySdk(session: Session, module: Address): Finding {
  try {
    checkSession(session, module);
    return "fine";
  } catch (error) {
    if (!isRefusal(error, "MALFORMED_SESSION")) throw error;
    return { flaw: error.details.flaw, index: error.details.index };
  }
}

describe("the shape of a session, checked before anybody signs it", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 40_000);

  let client: PublicClient;
  let module: Address;
  before(async () => {
    const { viem } = await network.create("default");
    client = await viem.getPublicClient();
    module = (await viem.deployContract("SafeSessionModule")).address;
  });

  /** What the module says when the account enables the session. */
  async function byChain(session: Session): Promise<Finding> {
    try {
      await simulateContract(client, {
        address: module,
        abi: sessionModuleAbi,
        functionName: "enable",
        args: [sessionBytes(session)],
        account: session.account,
      });
      return "fine";
    } catch (caught) {
      const error: unknown = decodeError(caught);
      if (!isRefusal(error, "MALFORMED_SESSION")) throw error;
      return { flaw: error.details.flaw, index: error.details.index };
    }
  }

  /** Of this epoch, not over, and nothing in it twice. */
  const sound = arbitrarySession()
    .map(
      (session): Session => ({
        ...session,
        epoch: 0n,
        validUntil: 2 ** 46 + session.validUntil - session.validAfter,
      }),
    )
    .filter(({ account, key, budgets, actions }) => {
      const named = [
        account,
        key,
        ...budgets.map(({ token }) => token),
        ...actions.map(({ target }) => target),
      ];
      return new Set(named).size === named.length && budgets.length > 0 && actions.length > 0;
    });

  const withBudget = (
    session: Session,
    pick: number,
    change: (budget: Budget) => Partial<Budget>,
  ): Session => ({
    ...session,
    budgets: session.budgets.map((budget, index) =>
      index === pick % session.budgets.length ? { ...budget, ...change(budget) } : budget,
    ),
  });
  const withTarget = (session: Session, pick: number, target: Address): Session => ({
    ...session,
    actions: session.actions.map((action, index) =>
      index === pick % session.actions.length ? { ...action, target } : action,
    ),
  });
  /** What breaks a bound, or keeps it by a hair; which of the two, the chain says. */
  const changes: {
    [when: string]: (session: Session, pick: number, other: Address, n: bigint) => Session;
  } = {
    "nothing is changed": (session) => session,
    "its key is its account": (session) => ({ ...session, key: session.account }),
    "its key is zero": (session) => ({ ...session, key: zeroAddress }),
    "it ends when it begins": (session) => ({ ...session, validAfter: session.validUntil }),
    "it lasts one second": (session) => ({ ...session, validAfter: session.validUntil - 1 }),
    "it ends in the last second that counts": (session) => ({ ...session, validUntil: 2 ** 47 - 1 }),
    "it ends later than that": (session) => ({ ...session, validUntil: 2 ** 47 }),
    "it has nine budgets": (session, _, other) => ({
      ...session,
      budgets: Array.from({ length: 9 }, (_, n) => ({
        ...(session.budgets[0] as Budget),
        token: `0x${(BigInt(other) ^ BigInt(n)).toString(16).padStart(40, "0")}` as Address,
      })),
    }),
    "a budget's token is the account": (session, pick) =>
      withBudget(session, pick, () => ({ token: session.account })),
    "a budget's token is the module": (session, pick) => withBudget(session, pick, () => ({ token: module })),
    "a budget is of the native coin": (session, pick) =>
      withBudget(session, pick, () => ({ token: zeroAddress })),
    "two budgets are of one token": (session, pick) =>
      withBudget(session, pick, () => ({ token: session.budgets[0]?.token as Address })),
    "one transaction may move nothing": (session, pick) =>
      withBudget(session, pick, () => ({ perTransaction: 0n })),
    "one transaction may move more than a period": (session, pick) =>
      withBudget(session, pick, ({ perTransaction }) => ({ perPeriod: perTransaction - 1n })),
    "one transaction may move a whole period": (session, pick) =>
      withBudget(session, pick, ({ perTransaction }) => ({ perPeriod: perTransaction })),
    "a period has no length": (session, pick) => withBudget(session, pick, () => ({ period: 0 })),
    "a budget begins with something and never grows": (session, pick) =>
      withBudget(session, pick, () => ({ perSecond: 0n, initial: 1n })),
    "a budget grows, whatever its slots": (session, pick) =>
      withBudget(session, pick, () => ({ perSecond: 1n })),
    "a budget grows without slots": (session, pick) =>
      withBudget(session, pick, () => ({ perSecond: 1n, signatures: 0, sizes: 0 })),
    "a stream begins with any amount": (session, pick, _, n) =>
      withBudget(session, pick, () => ({ perSecond: 1n, signatures: 0, sizes: 0, initial: n })),
    "a stream begins full": (session, pick) =>
      withBudget(session, pick, ({ perPeriod }) => ({
        perSecond: 1n,
        signatures: 0,
        sizes: 0,
        initial: perPeriod,
      })),
    "a budget has nine slot sizes": (session, pick) =>
      withBudget(session, pick, () => ({ signatures: 1, sizes: 9, perSecond: 0n, initial: 0n })),
    "a budget has any number of slot sizes": (session, pick, _, n) =>
      withBudget(session, pick, () => ({
        signatures: n % 9n === 0n ? 0 : 1,
        sizes: Number(n % 9n),
        perSecond: 0n,
        initial: 0n,
      })),
    "a budget has signatures of any kind": (session, pick, _, n) =>
      withBudget(session, pick, () => ({ signatures: Number(n % 8n), sizes: 1, perSecond: 0n, initial: 0n })),
    "a budget has any number of sizes for any signatures, of the least amount or one less": (
      session,
      pick,
      _,
      n,
    ) =>
      withBudget(session, pick, () => {
        const [signatures, sizes] = [Number(n % 7n), Number((n / 7n) % 9n)];
        const least = (signatures === 1 ? 4n : 2n) ** BigInt(sizes > 0 ? sizes - 1 : 0);
        const perTransaction = least - ((n / 63n) % 2n) || 1n;
        return { signatures, sizes, perTransaction, perPeriod: perTransaction, perSecond: 0n, initial: 0n };
      }),
    "a budget's token is Permit2": (session, pick) => withBudget(session, pick, () => ({ token: PERMIT2 })),
    "an action's target is Permit2": (session, pick) => withTarget(session, pick, PERMIT2),
    "a budget has signatures of the largest number": (session, pick) =>
      withBudget(session, pick, () => ({ signatures: 255, sizes: 1, perSecond: 0n, initial: 0n })),
    "a budget has signatures and no slot sizes": (session, pick) =>
      withBudget(session, pick, () => ({ signatures: 1, sizes: 0, perSecond: 0n, initial: 0n })),
    "a budget has slot sizes and no signatures": (session, pick, _, n) =>
      withBudget(session, pick, () => ({ signatures: 0, sizes: Number(n % 9n), perSecond: 0n, initial: 0n })),
    "a stream has slot sizes and no signatures": (session, pick) =>
      withBudget(session, pick, () => ({ signatures: 0, sizes: 1, perSecond: 1n })),
    "a period has 2^32 lots": (session, pick, _, n) =>
      withBudget(session, pick, () => ({
        perTransaction: (n % 2n ** 90n) + 1n,
        perPeriod: ((n % 2n ** 90n) + 1n) << 32n,
        signatures: 1,
        sizes: 1,
        perSecond: 0n,
        initial: 0n,
      })),
    "a period has 2^32 lots but for one unit": (session, pick, _, n) =>
      withBudget(session, pick, () => ({
        perTransaction: (n % 2n ** 90n) + 1n,
        perPeriod: (((n % 2n ** 90n) + 1n) << 32n) - 1n,
        signatures: 1,
        sizes: 1,
        perSecond: 0n,
        initial: 0n,
      })),
    "a budget without slots has as many lots as it likes": (session, pick) =>
      withBudget(session, pick, () => ({
        perTransaction: 1n,
        perPeriod: 1n << 127n,
        signatures: 0,
        sizes: 0,
      })),
    "a budget has no recipients": (session, pick) => withBudget(session, pick, () => ({ recipients: [] })),
    "a recipient is zero": (session, pick, other) =>
      withBudget(session, pick, () => ({ recipients: [other, zeroAddress] })),
    "anyone stands beside another recipient": (session, pick, other) =>
      withBudget(session, pick, () => ({ recipients: [other, ANYONE] })),
    "a budget has 32 recipients": (session, pick, other) =>
      withBudget(session, pick, () => ({ recipients: Array(32).fill(other) })),
    "a budget has 33 recipients": (session, pick, other) =>
      withBudget(session, pick, () => ({ recipients: Array(33).fill(other) })),
    "an action's target is zero": (session, pick) => withTarget(session, pick, zeroAddress),
    "an action's target is the account": (session, pick) => withTarget(session, pick, session.account),
    "an action's target is the module": (session, pick) => withTarget(session, pick, module),
    "an action's target is the key": (session, pick) => withTarget(session, pick, session.key),
    "an action's target is a budget's token": (session, pick) =>
      withTarget(session, pick, session.budgets.at(-1)?.token ?? zeroAddress),
    "a rule's operator is unknown": (session, pick) => ({
      ...session,
      actions: session.actions.map((action, index) =>
        index === pick % session.actions.length
          ? { ...action, rules: [{ offset: 4, op: 6, value: `0x${"00".repeat(32)}` as const }] }
          : action,
      ),
    }),
    "it has 33 actions": (session, _, other) => ({
      ...session,
      actions: Array(33).fill({ target: other, selector: "0x11223344", rules: [] }),
    }),
    "an action has nine rules": (session, _, other) => ({
      ...session,
      actions: [
        {
          target: other,
          selector: "0x11223344",
          rules: Array(9).fill({ offset: 4, op: 0, value: `0x${"00".repeat(32)}` }),
        },
      ],
    }),
  };

  for (const [number, [when, change]] of Object.entries(changes).entries())
    it(`is found sound or flawed, as the module finds it, when ${when}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          sound,
          fc.nat(),
          arbitraryAddress,
          arbitraryUint(128),
          async (session, pick, other, n) => {
            const changed = change(session, pick, other, n);
            const finding = bySdk(changed, module);
            if (hasBytes(changed)) expect(finding).to.deep.equal(await byChain(changed));
            else {
              expect(finding).not.to.equal("fine");
              expect(() => encodeSession(changed))
                .to.throw(InvalidInput)
                .that.has.property("code", "MALFORMED_SESSION");
            }
          },
        ),
        { numRuns: Math.ceil(runs / 15), seed: number },
      );
    });

  it("is refused where a number does not fit its field, for which there are no bytes", () => {
    fc.assert(
      fc.property(sound, (session) => {
        for (const [changed, flaw] of [
          [{ ...session, epoch: 1n << 64n }, "WIDTH"],
          [{ ...session, salt: 1n << 256n }, "WIDTH"],
          [{ ...session, gasAllowance: 1n << 128n }, "WIDTH"],
          [{ ...session, validAfter: 1.5 }, "WINDOW"],
          [withBudget(session, 0, () => ({ perPeriod: 1n << 128n })), "WIDTH"],
          [withBudget(session, 0, () => ({ period: 2 ** 32 })), "WIDTH"],
          [withBudget(session, 0, () => ({ perTransaction: -1n })), "WIDTH"],
          [withBudget(session, 0, () => ({ signatures: 256 })), "WIDTH"],
          [withBudget(session, 0, () => ({ sizes: 256 })), "WIDTH"],
        ] as const)
          expect(bySdk(changed, module)).to.have.property("flaw", flaw);
      }),
      { numRuns: 20 },
    );
  });
});
