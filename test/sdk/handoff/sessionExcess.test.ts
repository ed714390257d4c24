import { type Action, ANYONE, type Budget, type Session } from "@latchkey/sdk";
import { isWithin, requestedSession, sessionExcess } from "@latchkey/sdk/handoff";
import { mostSpendable } from "@latchkey/sdk/review";
import { expect } from "chai";
import fc from "fast-check";
import { numberToHex, zeroAddress } from "viem";
import { arbitrarySession } from "../arbitrarySession.ts";
import {
  account,
  addressOf,
  END,
  fullRequest,
  NOW,
  otherShop,
  router,
  shop,
  usdc,
  weth,
} from "./requests.ts";

const requested = requestedSession(fullRequest, { account, now: NOW });
const [dollars, stream] = requested.budgets as [Budget, Budget];
const [action] = requested.actions as [Action];
const withDollars = (part: Partial<Budget>): Session => ({
  ...requested,
  budgets: [{ ...dollars, ...part }, stream],
});
const withStream = (part: Partial<Budget>): Session => ({
  ...requested,
  budgets: [dollars, { ...stream, ...part }],
});
const withAction = (part: Partial<Action>): Session => ({ ...requested, actions: [{ ...action, ...part }] });
const rule = { offset: 4, op: 3, value: numberToHex(1000, { size: 32 }) };

describe("a session that was granted", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 40_000);

  it("is within what was asked for, if it is the same", () => {
    expect(sessionExcess(requested, requested)).to.deep.equal([]);
    expect(isWithin(requested, requested)).to.equal(true);
  });

  const wider: Record<string, [Session, string]> = {
    "another account": [{ ...requested, account: shop }, "account"],
    "another key": [{ ...requested, key: shop }, "key"],
    "a second sooner": [{ ...requested, validAfter: NOW - 1 }, "validAfter"],
    "a second longer": [{ ...requested, validUntil: END + 1 }, "validUntil"],
    "a wei of gas more": [{ ...requested, gasAllowance: 1001n }, "gasAllowance"],
    "another paymaster": [{ ...requested, paymaster: shop }, "paymaster"],
    "any paymaster": [{ ...requested, paymaster: ANYONE }, "paymaster"],
    "another token": [{ ...withDollars({ token: shop }), actions: [] }, "budgets[0]"],
    "a budget more": [
      { ...requested, budgets: [...requested.budgets, { ...dollars, token: router }] },
      "budgets[2]",
    ],
    "the same budget twice": [{ ...requested, budgets: [dollars, dollars, stream] }, "budgets[1]"],
    "a unit more each time": [withDollars({ perTransaction: 1_000_001n }), "budgets[0].perTransaction"],
    "a unit more each period": [withDollars({ perPeriod: 20_000_001n }), "budgets[0].perPeriod"],
    "a shorter period": [withDollars({ period: 86_399 }), "budgets[0].period"],
    "a longer period, with others of its end": [withDollars({ period: 86_401 }), "budgets[0].period"],
    "a slot size more": [withDollars({ signatures: 1, sizes: 6 }), "budgets[0].sizes"],
    "another recipient": [withDollars({ recipients: [shop, router] }), "budgets[0].recipients"],
    "any recipient": [withDollars({ recipients: [ANYONE] }), "budgets[0].recipients"],
    "more at the beginning of a stream": [withStream({ initial: 11n }), "budgets[1].initial"],
    "more each second": [withStream({ perSecond: 3n }), "budgets[1].perSecond"],
    "all of a stream at once": [withStream({ initial: 0n, perSecond: 0n }), "budgets[1].perSecond"],
    "a stream that gathers for longer": [withStream({ period: END - NOW }), "budgets[1].period"],
    "signatures for a stream": [withStream({ signatures: 1, sizes: 1 }), "budgets[1].signatures"],
    "a call of another contract": [withAction({ target: shop }), "actions[0]"],
    "another call": [withAction({ selector: "0x12345679" }), "actions[0]"],
    "a rule less": [withAction({ rules: [] }), "actions[0]"],
    "a rule more": [withAction({ rules: [rule, rule] }), "actions[0]"],
    "a rule of another word": [withAction({ rules: [{ ...rule, offset: 36 }] }), "actions[0]"],
    "a rule the other way": [withAction({ rules: [{ ...rule, op: 5 }] }), "actions[0]"],
    "a rule with a higher value": [
      withAction({ rules: [{ ...rule, value: numberToHex(1001, { size: 32 }) }] }),
      "actions[0]",
    ],
    "a call whose token lost its budget": [{ ...requested, budgets: [dollars] }, "budgets"],
  };
  for (const [what, [granted, path]] of Object.entries(wider))
    it(`is not within what was asked for, with ${what}`, () => {
      expect(sessionExcess(granted, requested).map((excess) => excess.path)).to.deep.equal([path]);
      expect(isWithin(granted, requested)).to.equal(false);
    });

  const narrower: Record<string, Session> = {
    "a later start": { ...requested, validAfter: NOW + 1 },
    "an earlier end": { ...requested, validUntil: END - 1 },
    "less gas": { ...requested, gasAllowance: 0n },
    "no paymaster": { ...requested, paymaster: zeroAddress },
    "lower amounts": withDollars({ perTransaction: 1n, perPeriod: 1n, signatures: 1, sizes: 1 }),
    "no signatures": withDollars({ signatures: 0, sizes: 0 }),
    "fewer recipients": withDollars({ recipients: [otherShop] }),
    "one period for all of it": withDollars({ period: END - NOW }),
    "a slower stream": withStream({ initial: 0n, perSecond: 1n }),
    "no calls": { ...requested, actions: [] },
    "no calls and a token less": { ...requested, actions: [], budgets: [dollars] },
    "its budgets in another order": { ...requested, budgets: [stream, dollars] },
    "another epoch and another salt": { ...requested, epoch: 7n, salt: 9n },
    "addresses in lower case": withDollars({
      token: usdc.toLowerCase() as typeof usdc,
      recipients: [shop.toLowerCase() as typeof shop],
    }),
  };
  for (const [what, granted] of Object.entries(narrower))
    it(`is within what was asked for, with ${what}`, () => {
      expect(sessionExcess(granted, requested)).to.deep.equal([]);
    });

  it("may be paid by signatures of the kinds that were asked for, and of no other", () => {
    const kinds = [0, 1, 2, 4, 6];
    for (const asked of kinds)
      for (const given of kinds) {
        const [one, other] = [given, asked].map((signatures) => withDollars({ signatures })) as [
          Session,
          Session,
        ];
        const within = given === asked || given === 0 || (asked === 6 && given !== 1);
        expect(isWithin(one, other), `${given} for ${asked}`).to.equal(within);
      }
  });
  it("may pay anyone of those whom anyone means", () => {
    const toAnyone = withDollars({ recipients: [ANYONE] });
    expect(isWithin(requested, toAnyone)).to.equal(true);
    expect(isWithin(toAnyone, toAnyone)).to.equal(true);
    expect(isWithin({ ...requested, paymaster: shop }, { ...requested, paymaster: ANYONE })).to.equal(true);
  });

  it("keeps a stream over its whole life, when its end comes sooner", () => {
    const span = END - NOW;
    const asked = withStream({ period: span });
    const sooner = { ...withStream({ period: span - 100 }), validUntil: END - 100 };
    expect(isWithin(sooner, asked)).to.equal(true);
    expect(isWithin({ ...sooner, validUntil: END - 99 }, asked)).to.equal(false);
  });

  it("never lets more be spent in all than what was asked for, if it is within", () => {
    /** Changes of one budget, some wider, some narrower. */
    const change = fc.record(
      {
        perTransaction: fc.bigInt(1n, 40n),
        perPeriod: fc.bigInt(40n, 100n),
        period: fc.constantFrom(10, 50, 100, 1000),
        initial: fc.bigInt(0n, 20n),
        perSecond: fc.bigInt(0n, 3n),
      },
      { requiredKeys: [] },
    );
    const base = {
      ...dollars,
      token: weth,
      signatures: 0,
      sizes: 0,
      perTransaction: 20n,
      perPeriod: 60n,
      period: 50,
    };
    const window = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 61, max: 200 }));
    let within = 0;
    fc.assert(
      fc.property(change, change, window, window, (one, other, [from, until], [laterFrom, soonerUntil]) => {
        const session = (part: Partial<Budget>, validAfter: number, validUntil: number): Session => ({
          ...requested,
          actions: [],
          validAfter,
          validUntil,
          budgets: [{ ...base, ...part }],
        });
        const asked = session(one, from, until);
        const granted = session(other, laterFrom, soonerUntil);
        if (!isWithin(granted, asked)) return;
        within++;
        const most = (of: Session) => mostSpendable(of, of.budgets[0] as Budget).most;
        expect(most(granted) <= most(asked)).to.equal(true);
      }),
      { numRuns: 20_000 },
    );
    expect(within, "pairs of which one is within the other").to.be.greaterThan(100);
  });

  it("is within itself, whatever its shape", () => {
    fc.assert(
      fc.property(arbitrarySession(), (session) => {
        // A module rejects two budgets of one token.
        fc.pre(new Set(session.budgets.map(({ token }) => token)).size === session.budgets.length);
        expect(sessionExcess(session, session)).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  });

  it("has room for a recipient that is nobody's yet", () => {
    const newcomer = addressOf("a newcomer");
    expect(isWithin(withDollars({ recipients: [newcomer] }), withDollars({ recipients: [ANYONE] }))).to.equal(
      true,
    );
  });
});
