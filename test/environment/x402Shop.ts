import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo, Socket } from "node:net";
import { createFacilitator, serveFacilitator, type TestChain } from "@latchkey/devchain";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import {
  extractPaymentIdentifier,
  PAYMENT_IDENTIFIER,
  paymentIdentifierResourceServerExtension,
  validatePaymentIdentifierRequirement,
} from "@x402/extensions/payment-identifier";
import express, { type RequestHandler } from "express";
import type { Address } from "viem";

/** Its ES module needs the packages for Solana, which are left out. */
const { paymentMiddleware: paymentMiddlewareV1 } = createRequire(import.meta.url)("x402-express") as {
  paymentMiddleware: (
    payTo: Address,
    routes: Record<string, unknown>,
    facilitator: { url: string },
  ) => RequestHandler;
};

/** A shop whose one page, `/report`, costs 0.20 USDC. */
export type X402Shop = {
  url: string;
  /** What buyers sent, in order: the payments' headers, with their names. */
  payments: { name: string; value: string }[];
  /** How often the page was made. */
  runs: number;
  /** What happens to the next paid requests, first one first. */
  faults: ("drop before settling" | "drop after settling")[];
  /** How long the page takes, in milliseconds. */
  work: number;
  close(): Promise<void>;
};

/**
 * Opens a shop on Base with genuine parts, which ask the development chain's facilitator by HTTP: `x402-express` for version 1,
 * `@x402/express` for version 2.
 */
export async function openX402Shop(
  testChain: TestChain,
  options: {
    version: 1 | 2;
    payTo: Address;
    extensions?: Record<string, unknown>;
    maxTimeoutSeconds?: number;
  },
): Promise<X402Shop> {
  const { version, payTo, extensions, maxTimeoutSeconds = 60 } = options;
  const facilitator = await serveFacilitator(await createFacilitator(testChain));
  const app = express();
  const shop: X402Shop = { url: "", payments: [], runs: 0, faults: [], work: 0, close };
  app.use((request, response, next) => {
    for (const name of ["X-PAYMENT", "PAYMENT-SIGNATURE"]) {
      const value = request.header(name);
      if (value === undefined) continue;
      shop.payments.push({ name, value });
      const fault = shop.faults.shift();
      if (fault === "drop before settling") return void request.socket.destroy();
      if (fault === "drop after settling") {
        // The middleware keeps the answer back until the payment is settled, so here it is.
        response.end = (() => {
          request.socket.destroy();
          return response;
        }) as never;
      }
    }
    next();
  });
  if (version === 1) {
    const config = { maxTimeoutSeconds, description: "A report" };
    app.use(
      paymentMiddlewareV1(payTo, { "/report": { price: "$0.20", network: "base", config } }, facilitator),
    );
  } else {
    app.use(knownPayments(extensions));
    const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitator.url }))
      .register("eip155:8453", new ExactEvmScheme())
      .registerExtension(paymentIdentifierResourceServerExtension);
    const accepts = [
      { scheme: "exact", network: "eip155:8453", price: "$0.20", payTo, maxTimeoutSeconds } as const,
    ];
    app.use(paymentMiddleware({ "/report": { accepts, ...(extensions ? { extensions } : {}) } }, server));
  }
  app.all("/report", (_request, response) => {
    shop.runs++;
    setTimeout(() => response.json({ sold: "report" }), shop.work);
  });
  const sockets = new Set<Socket>();
  const server = app.listen(0, "127.0.0.1");
  server.on("connection", (socket) => sockets.add(socket));
  await once(server, "listening");
  shop.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/report`;
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    server.close();
    await facilitator.close();
  }
  return shop;
}

/** Checks the ids of payments as the extension's guide has servers do it, and answers for what was bought before. */
function knownPayments(extensions: Record<string, unknown> | undefined): RequestHandler {
  const sold = new Map<string, string>();
  return (request, response, next) => {
    const header = request.header("PAYMENT-SIGNATURE");
    const declared = extensions?.[PAYMENT_IDENTIFIER] as { info: { required: boolean } } | undefined;
    if (!header || !declared) return next();
    const payload = JSON.parse(Buffer.from(header, "base64").toString());
    const { valid, errors } = validatePaymentIdentifierRequirement(payload, declared.info.required);
    if (!valid) return void response.status(400).json({ errors });
    const id = extractPaymentIdentifier(payload) as string;
    if (sold.get(id) === header) return void response.json({ sold: "report", again: true });
    if (sold.has(id)) return void response.status(409).json({ error: "another payment has this id" });
    const end = response.end.bind(response);
    response.end = ((...parameters: Parameters<typeof end>) => {
      if (response.statusCode === 200) sold.set(id, header);
      return end(...parameters);
    }) as typeof response.end;
    next();
  };
}
