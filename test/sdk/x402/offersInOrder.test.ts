import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { expect } from "chai";
import { offersInOrder, requireReadable } from "#sdk/agent/x402/offersInOrder.ts";
import { Refusal } from "#sdk/errors/Refusal.ts";

/** Offers by name: of a budget and an amount, or refused. */
const offers = (...list: (readonly [budgetIndex: number, amount: bigint] | string)[]) => {
  const accepts = list.map((each, index) => ({ index, each }) as unknown as PaymentRequirements);
  const { payable, refusals } = offersInOrder({ x402Version: 2, accepts } as PaymentRequired, (offer) => {
    const { each } = offer as unknown as { each: readonly [number, bigint] | string };
    if (typeof each === "string")
      throw new Refusal({ code: "RECIPIENT", shortMessage: each, metaMessages: ["No."], details: {} });
    return { budgetIndex: each[0], amount: each[1] } as never;
  });
  return {
    payable: payable.map((offer) => (offer as unknown as { index: number }).index),
    refusals: refusals.map(({ shortMessage }) => shortMessage),
  };
};

describe("the offers of one response", () => {
  it("are tried by their amount, those in one token, and by the server's order of tokens", () => {
    expect(offers([0, 3n], [0, 1n], [0, 2n]).payable).to.deep.equal([1, 2, 0]);
    expect(offers([1, 9n], [0, 1n], [1, 2n]).payable).to.deep.equal([2, 0, 1]);
    expect(offers([0, 5n], [0, 5n]).payable).to.deep.equal([0, 1]);
  });

  it("leave the reasons for the others", () => {
    expect(offers("stranger", [0, 1n], "thief")).to.deep.equal({
      payable: [1],
      refusals: ["stranger", "thief"],
    });
  });

  it("are no more than ten, however many there are", () => {
    const many = Array.from({ length: 5000 }, (_, index) => [0, BigInt(5000 - index)] as const);
    expect(offers(...many).payable).to.deep.equal(Array.from({ length: 10 }, (_, index) => 4999 - index));
  });

  it("are malformed unless they are a list, and are refused for an unknown version", () => {
    const code = (required: unknown) => {
      try {
        requireReadable(required as PaymentRequired);
      } catch (error) {
        return (error as Refusal).code;
      }
      return "readable";
    };
    const accepts = [{}];
    for (const x402Version of [1, 2]) expect(code({ x402Version, accepts })).to.equal("readable");
    expect(code({ x402Version: 3, accepts })).to.equal("NOT_OFFERED");
    for (const x402Version of [undefined, "1", null, 1.5])
      expect(code({ x402Version, accepts })).to.equal("OFFER_MALFORMED");
    for (const none of [undefined, [], {}, "exact"])
      expect(code({ x402Version: 1, accepts: none })).to.equal("OFFER_MALFORMED");
    for (const extensions of [null, "payment-identifier", 1])
      expect(code({ x402Version: 2, accepts, extensions })).to.equal("OFFER_MALFORMED");
    for (const nothing of [null, undefined, 5]) expect(code(nothing)).to.equal("OFFER_MALFORMED");
  });
});
