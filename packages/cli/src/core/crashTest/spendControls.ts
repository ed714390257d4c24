import { PRICE } from "./allowance.ts";
import type { Guard } from "./Guard.ts";
import { X402_PACKAGES } from "./peers.ts";
import { walletAgent } from "./walletAgent.ts";

/** x402's own spend controls, with a policy for the recipient, as the README of `@x402/core` configures a client. */
export const spendControls: Guard = {
  name: "x402 spend controls",
  setup: `maxAmountPerPayment "$${PRICE / 1_000_000n}", a policy that keeps the shop's offers only`,
  missing: ({ peers }) => (peers.x402 ? [] : X402_PACKAGES),
  async open(world) {
    const { x402 } = world.peers;
    if (!x402) throw new Error("x402's client is not installed");
    return walletAgent(world, x402, (client) =>
      client
        .setSpendControls({ maxAmountPerPayment: `$${PRICE / 1_000_000n}` })
        .registerPolicy((_version, offers) =>
          offers.filter(({ payTo }) => payTo.toLowerCase() === world.shop.toLowerCase()),
        ),
    );
  },
};
