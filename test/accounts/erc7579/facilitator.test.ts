import { type Merchant, openMerchant } from "@latchkey/devchain";
import { decodePaymentRequiredHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import { expect } from "chai";
import { alice, authorizationOf, balanceOf, grantOf, install, sessionOf, USD, world } from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** How the shop answers to a payment in its own header; the terms are those that it asked for. */
async function payAt(url: string, payment: Awaited<ReturnType<typeof authorizationOf>>): Promise<Response> {
  const required = (await fetch(url)).headers.get("PAYMENT-REQUIRED");
  const { x402Version, accepts, resource } = decodePaymentRequiredHeader(required ?? "");
  const { from, to, value, validAfter, validBefore, nonce, signature } = payment;
  const authorization = {
    from,
    to,
    value: `${value}`,
    validAfter: `${validAfter}`,
    validBefore: `${validBefore}`,
    nonce,
  };
  const accepted = accepts[0] ?? expect.fail("the shop takes nothing");
  return fetch(url, {
    headers: {
      "PAYMENT-SIGNATURE": encodePaymentSignatureHeader({
        x402Version,
        resource,
        accepted,
        payload: { authorization, signature },
      }),
    },
  });
}

describe("x402's own server and facilitator", () => {
  onEveryAccount((account) => {
    let shop: Merchant;
    const url = () => shop.url("thing");

    beforeEach(async () => {
      const { testChain, usdc } = world();
      shop = await openMerchant(testChain, { thing: { amount: USD, asset: usdc.address, payTo: alice } });
    });
    afterEach(() => shop.close());

    it("accept the account's payment for an enabled session", async () => {
      const session = sessionOf(account());
      await install(account(), { sessions: [session] });
      const { status } = await payAt(url(), await authorizationOf(account(), session));
      expect(status).to.equal(200);
      expect(shop.settlements).to.equal(1);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("accept the account's payment with its owner's grant", async () => {
      const session = sessionOf(account());
      await install(account());
      const grant = await grantOf(account(), session);
      const { status } = await payAt(url(), await authorizationOf(account(), session, { grant }));
      expect(status).to.equal(200);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("settle nothing that the account would reject", async () => {
      const session = sessionOf(account());
      await install(account());
      const { status } = await payAt(url(), await authorizationOf(account(), session));
      expect(status).to.equal(402);
      expect(shop.settlements).to.equal(0);
      expect(await balanceOf(alice)).to.equal(0n);
    });
  });
});
