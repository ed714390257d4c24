import type { InactiveReason, SessionStatus } from "@latchkey/sdk";
import { expect } from "chai";
import {
  ANSWER_COUNTS_FOR,
  type CardState,
  cardState,
  type Hearing,
  isOver,
} from "#page/manage/CardState.ts";
import { sessionOffers } from "#page/manage/sessionOffers.ts";
import { stateSentence } from "#page/manage/stateSentence.ts";

const ASKED_AT = 1_000_000;

const statusWith = (reasons: readonly InactiveReason[]): SessionStatus => ({
  id: "0x01",
  active: reasons.length === 0,
  reasons,
  state: "ENABLED",
  paused: reasons.includes("PAUSED"),
  epochCurrent: true,
  moduleEnabled: true,
  startsAt: 0,
  expiresAt: 2_000,
  budgets: [],
  asOf: 1_000,
});

/** What was heard: a good and fresh answer, but for what is named. */
const heard = ({
  reasons = [],
  granted = true,
  ...others
}: { reasons?: readonly InactiveReason[]; granted?: boolean } & Partial<Hearing> = {}): Hearing => ({
  answer: { status: statusWith(reasons), askedAt: ASKED_AT, granted },
  failed: false,
  lagging: false,
  ...others,
});

const kindOf = (hearing: Hearing, now = ASKED_AT + 1, begunAt = ASKED_AT) =>
  cardState(hearing, now, begunAt).kind;

describe("the state on a card", () => {
  it("is active while the chain's last response is fresh, and says so", () => {
    expect(kindOf(heard())).to.equal("active");
    expect(kindOf(heard(), ASKED_AT + ANSWER_COUNTS_FOR)).to.equal("active");
  });

  it("is unknown since the last response, once that is old", () => {
    expect(cardState(heard(), ASKED_AT + ANSWER_COUNTS_FOR + 1, ASKED_AT)).to.deep.equal({
      kind: "unknown",
      since: ASKED_AT,
      lagging: false,
    });
  });

  it("is unknown as soon as a request fails", () => {
    expect(kindOf(heard({ failed: true }))).to.equal("unknown");
  });

  it("is unknown if the node stopped syncing", () => {
    expect(cardState(heard({ lagging: true }), ASKED_AT, ASKED_AT)).to.deep.include({
      kind: "unknown",
      lagging: true,
    });
  });

  it("is unknown if the clock was set back, since every response would look fresh", () => {
    expect(kindOf(heard(), ASKED_AT - ANSWER_COUNTS_FOR - 1)).to.equal("unknown");
  });

  it("is loading at first, and unknown if that takes too long or fails", () => {
    const nothing = heard({ answer: undefined });
    expect(kindOf(nothing)).to.equal("asking");
    expect(kindOf(nothing, ASKED_AT + ANSWER_COUNTS_FOR)).to.equal("unknown");
    expect(kindOf({ ...nothing, failed: true })).to.equal("unknown");
  });

  for (const [reason, kind] of [
    ["REVOKED", "stopped"],
    ["WRONG_EPOCH", "stopped"],
    ["EXPIRED", "expired"],
  ] as const)
    it(`stays ${kind} after ${reason}, whether the chain responds or not`, () => {
      for (const hearing of [
        heard({ reasons: [reason] }),
        heard({ reasons: [reason], failed: true }),
        heard({ reasons: [reason], lagging: true }),
      ])
        expect(kindOf(hearing, ASKED_AT + 10 * ANSWER_COUNTS_FOR)).to.equal(kind);
      expect(isOver(statusWith([reason]))).to.equal(true);
    });

  for (const [reason, kind] of [
    ["MODULE_NOT_ENABLED", "waiting"],
    ["PAUSED", "paused"],
    ["NOT_YET_VALID", "notYetValid"],
    ["NOT_GRANTED", "notGranted"],
  ] as const)
    it(`is ${kind} after ${reason}, and may change`, () => {
      expect(kindOf(heard({ reasons: [reason] }))).to.equal(kind);
      expect(isOver(statusWith([reason]))).to.equal(false);
    });

  it("is paused before the start, but not if it has ended, is not set up or not granted", () => {
    expect(kindOf(heard({ reasons: ["PAUSED", "NOT_YET_VALID"] }))).to.equal("paused");
    for (const [reason, kind] of [
      ["REVOKED", "stopped"],
      ["WRONG_EPOCH", "stopped"],
      ["EXPIRED", "expired"],
      ["MODULE_NOT_ENABLED", "waiting"],
      ["NOT_GRANTED", "notGranted"],
    ] as const)
      expect(kindOf(heard({ reasons: ["PAUSED", reason] })), reason).to.equal(kind);
    // As an old answer it says nothing: it may have been resumed since.
    expect(kindOf(heard({ reasons: ["PAUSED"] }), ASKED_AT + ANSWER_COUNTS_FOR + 1)).to.equal("unknown");
    expect(kindOf(heard({ reasons: ["PAUSED"], failed: true }))).to.equal("unknown");
  });

  it("is not active with a grant that the account does not accept", () => {
    expect(kindOf(heard({ granted: false }))).to.equal("notGranted");
  });

  it("is never active with an unknown reason", () => {
    const unheardOf = "SOMETHING_NEW" as InactiveReason;
    expect(kindOf(heard({ reasons: [unheardOf] }))).to.equal("unknown");
  });
});

describe("the sentence on a card", () => {
  const sentence = (state: CardState) =>
    stateSentence(state, { now: 0, startsAt: 7200, timeText: (at) => `<${at}>` });

  it("says only of the active state that the agent can spend now", () => {
    expect(sentence({ kind: "active" })).to.match(/^Your agent can spend within/);
    for (const kind of ["waiting", "notYetValid", "notGranted", "expired", "stopped"] as const) {
      expect(sentence({ kind })).to.match(/cannot spend|can no longer spend/);
      expect(sentence({ kind })).not.to.match(/can spend/);
    }
  });

  it("says that a pause is temporary", () => {
    expect(sentence({ kind: "paused" })).to.equal(
      "Paused. Your agent cannot spend until you resume it. To end it permanently, use Stop.",
    );
  });

  it("never says of an unknown state that the agent cannot spend", () => {
    for (const since of [undefined, 5])
      for (const lagging of [true, false])
        expect(sentence({ kind: "unknown", since, lagging })).not.to.match(/nothing|cannot/);
    expect(sentence({ kind: "unknown", since: 5, lagging: false })).to.include("since <5>");
  });

  it("says when a session starts that has not started yet", () => {
    expect(sentence({ kind: "notYetValid" })).to.include("for another 2 hours");
  });
});

describe("the changes offered for a session", () => {
  const kindsOf = (state: CardState["kind"], isPaused = false) =>
    sessionOffers(cardStateOf[state], isPaused).map(({ kind }) => kind);
  const cardStateOf: Record<CardState["kind"], CardState> = {
    asking: { kind: "asking" },
    unknown: { kind: "unknown", since: undefined, lagging: false },
    active: { kind: "active" },
    waiting: { kind: "waiting" },
    paused: { kind: "paused" },
    notYetValid: { kind: "notYetValid" },
    notGranted: { kind: "notGranted" },
    expired: { kind: "expired" },
    stopped: { kind: "stopped" },
  };

  it("are stop and pause, even before it works and while the chain does not respond", () => {
    for (const state of ["active", "waiting", "notYetValid", "unknown", "asking"] as const)
      expect(kindsOf(state), state).to.deep.equal(["stop", "pause"]);
  });

  it("are stop and resume if it is paused, or was at the chain's last response", () => {
    for (const state of ["paused", "unknown", "waiting"] as const)
      expect(kindsOf(state, true), state).to.deep.equal(["stop", "resume"]);
  });

  it("are only stop if it was never granted, paused or not", () => {
    expect(kindsOf("notGranted")).to.deep.equal(["stop"]);
    expect(kindsOf("notGranted", true)).to.deep.equal(["stop"]);
  });
});
