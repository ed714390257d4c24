import { expect } from "chai";
import { failureOf, responsePatience } from "#sdk/agent/x402/responsePatience.ts";

describe("the patience with a paid server", () => {
  it("is what the offer says, from ninety seconds to an hour", () => {
    expect(responsePatience(60)).to.equal(90_000);
    expect(responsePatience(6)).to.equal(90_000);
    expect(responsePatience(600)).to.equal(600_000);
    for (const huge of [3600, 3601, 1e300, Number.POSITIVE_INFINITY])
      expect(responsePatience(huge)).to.equal(3_600_000);
  });

  it("repeats what failed at once, and nothing that took time, or that a gateway gave up waiting for", () => {
    expect(failureOf({ lasted: 20 })).to.equal("again");
    expect(failureOf({ lasted: 9_999, status: 503 })).to.equal("again");
    for (const lasted of [10_000, 60_000, 300_000]) {
      expect(failureOf({ lasted })).to.equal("late");
      expect(failureOf({ lasted, status: 502 })).to.equal("late");
    }
    for (const status of [504, 524]) expect(failureOf({ lasted: 20, status })).to.equal("late");
    const named = (name: string, cause?: unknown) => Object.assign(new Error("failed", { cause }), { name });
    const failed = named("TypeError", named("HeadersTimeoutError"));
    for (const error of [
      failed,
      named("TimeoutError"),
      AbortSignal.abort(new DOMException("", "TimeoutError")).reason,
    ])
      expect(failureOf({ lasted: 20, error })).to.equal("late");
    for (const error of [named("TypeError", named("ConnectTimeoutError")), named("TypeError"), "broken"])
      expect(failureOf({ lasted: 20, error })).to.equal("again");
    for (const status of [200, 402, 404, 500])
      expect(failureOf({ lasted: 60_000, status })).to.equal(undefined);
  });
});
