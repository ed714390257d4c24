import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import type { FacilitatorClient } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements, SchemeNetworkServer } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import { paymentMiddleware, setSettlementOverrides, x402ResourceServer } from "@x402/express";
import express from "express";
import type { Address } from "viem";
import { isByErc7710 } from "./erc7710Facilitator.ts";
import { createFacilitator, type Facilitator } from "./facilitator.ts";
import type { TestChain } from "./TestChain.ts";

/** What can go wrong between a merchant and its customer. */
export type Fault =
  /** The connection breaks before the server has looked at the payment. */
  | "drop before settling"
  /** The connection breaks when the payment is settled, before the answer. */
  | "drop after settling"
  /** The payment is settled, but the server asks for it again. */
  | "402 after settling"
  /** The server never answers. */
  | "silence"
  /** A gateway answers in the server's place. */
  | "502";

/** One thing that a merchant sells. Path: `/` and its name. */
export type Offer = {
  /** In token base units. */
  amount: bigint;
  asset: Address;
  payTo: Address;
  /**
   * Default: Ethereum's USDC, paid by EIP-3009. `assetTransferMethod: "permit2"`: by Permit2; `"erc7710"`: by ERC-7710, with
   * the facilitator's addresses as `facilitatorAddresses`.
   */
  extra?: Record<string, unknown>;
  maxTimeoutSeconds?: number;
  /** x402's scheme. `upto`: `amount` is the most that is charged, by Permit2. Default: `exact`. */
  scheme?: "exact" | "upto";
  /** By upto: what is charged, in token base units. Default: all. */
  charge?: bigint;
};

/** As by EIP-3009: verified, then served, then settled. */
const PAYMENT_FLOW = { supported: ["authorization"], default: "authorization" } as const;

/** The stock scheme, which puts the addresses of the facilitator into offers by ERC-7710. */
class ExactSchemeWithErc7710 extends ExactEvmScheme {
  override async enhancePaymentRequirements(
    ...[offered, kind, extensions]: Parameters<ExactEvmScheme["enhancePaymentRequirements"]>
  ): Promise<PaymentRequirements> {
    const offer = await super.enhancePaymentRequirements(offered, kind, extensions);
    const facilitatorAddresses = offer.extra?.facilitatorAddresses ?? kind.extra?.facilitatorAddresses;
    if (!isByErc7710(offer) || facilitatorAddresses === undefined) return offer;
    return { ...offer, extra: { ...offer.extra, facilitatorAddresses } };
  }
}

/** A shop with stock x402 parts: `@x402/express`, its exact and upto schemes, and a facilitator in this process. */
export type Merchant = {
  url(name: string): string;
  /** Faults of the next requests that carry a payment, first one first. */
  faults: Fault[];
  /** The payment headers that reached the server, in order. */
  headers: string[];
  /** What the facilitator was asked to settle. */
  settlements: number;
  close(): Promise<void>;
};

/**
 * Opens a shop that is paid on a chain.
 * @param offers By name; of several for one name the customer chooses.
 * @param given Who settles: a facilitator of this process, or one that is asked by HTTP. Default: one of its own.
 * @param exact The server's part of the scheme exact. Default: the stock one, which also names the facilitator's addresses in
 * offers by ERC-7710.
 */
export async function openMerchant(
  testChain: TestChain,
  offers: Record<string, Offer | readonly Offer[]>,
  given?: Facilitator | FacilitatorClient,
  exact: SchemeNetworkServer = new ExactSchemeWithErc7710(),
): Promise<Merchant> {
  const network = `eip155:${testChain.chainId}` as const;
  const facilitator = given ?? (await createFacilitator(testChain));
  const merchant: Merchant = {
    url: (name) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`,
    faults: [],
    headers: [],
    settlements: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  // `@x402/core` asks a scheme how it settles by each method, and no package's scheme says so of ERC-7710.
  const paymentFlows = { ...exact.paymentFlows, erc7710: PAYMENT_FLOW };
  const resources = new x402ResourceServer({
    verify: (payload: PaymentPayload, requirements: PaymentRequirements) =>
      facilitator.verify(payload, requirements),
    settle: (payload: PaymentPayload, requirements: PaymentRequirements) => {
      merchant.settlements++;
      return facilitator.settle(payload, requirements);
    },
    getSupported: async () => facilitator.getSupported() as never,
  })
    .register(network, Object.assign(exact, { paymentFlows }))
    .register(network, new UptoEvmScheme());

  const app = express();
  app.use((request, response, next) => {
    const header = request.header("PAYMENT-SIGNATURE");
    if (!header) return next();
    merchant.headers.push(header);
    const fault = merchant.faults.shift();
    if (fault === "drop before settling") return void request.socket.destroy();
    if (fault === "silence") return;
    if (fault === "502") return void response.status(502).send("bad gateway");
    if (fault) {
      // The middleware keeps the answer back until the payment is settled, so here it is.
      const end = response.end.bind(response);
      response.end = ((...parameters: Parameters<typeof end>) => {
        if (fault === "drop after settling") request.socket.destroy();
        else {
          response.removeHeader("PAYMENT-RESPONSE");
          response.statusCode = 402;
          end(...parameters);
        }
        return response;
      }) as typeof response.end;
    }
    next();
  });
  const all = (offered: Offer | readonly Offer[] = []) => [offered].flat() as readonly Offer[];
  const accepts = ({ amount, asset, payTo, extra, maxTimeoutSeconds, scheme = "exact" }: Offer) => ({
    scheme,
    network,
    payTo,
    price: {
      amount: `${amount}`,
      asset,
      extra: extra ?? { name: "USD Coin", version: "2" },
    },
    ...(maxTimeoutSeconds ? { maxTimeoutSeconds } : {}),
  });
  const routes = Object.entries(offers).map(
    ([name, offered]) =>
      [
        `/${name}`,
        { accepts: all(offered).map(accepts), description: name, mimeType: "application/json" },
      ] as const,
  );
  app.use(paymentMiddleware(Object.fromEntries(routes), resources));
  app.use(express.json());
  app.all("/:name", (request, response) => {
    const charge = all(offers[request.params.name])[0]?.charge;
    if (charge !== undefined) setSettlementOverrides(response, { amount: `${charge}` });
    response.json({ sold: request.params.name, body: request.body ?? null });
  });
  const sockets = new Set<Socket>();
  const server = app.listen(0, "127.0.0.1");
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server, "listening");
  return merchant;
}
