import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/facilitator";
import { UptoEvmScheme } from "@x402/evm/upto/facilitator";
import { NETWORKS } from "@x402/evm/v1";
import express from "express";
import { type Address, createWalletClient, custom, getAddress, publicActions } from "viem";
import { exactSchemeWithErc7710 } from "./erc7710Facilitator.ts";
import type { TestChain } from "./TestChain.ts";

/** Pays the gas of settlements; impersonated, so that the node counts its nonces. */
const FACILITATOR: Address = getAddress("0xfac1000000000000000000000000000000000001");

/** `@x402/core`'s facilitator with the stock schemes, exact and upto, and with payments by ERC-7710. */
export type Facilitator = x402Facilitator;

/** A facilitator that answers by HTTP. */
export type ServedFacilitator = {
  /** What `HTTPFacilitatorClient` of `@x402/core` takes: `POST /verify`, `POST /settle`, `GET /supported`. */
  url: string;
  close(): Promise<void>;
};

/**
 * A facilitator in this process that settles on a development chain, and has the gas for it.
 * @param address Who sends the transactions. Default: always the same.
 */
export async function createFacilitator(
  testChain: TestChain,
  address: Address = FACILITATOR,
): Promise<Facilitator> {
  await testChain.impersonate(address);
  await testChain.setBalance(address, 10n ** 24n);
  const chain = createWalletClient({
    account: address,
    transport: custom(testChain.provider, { retryCount: 0 }),
    pollingInterval: 20,
  }).extend(publicActions);
  type Request = Record<string, unknown>;
  // One at a time: the node counts the nonces, and two that come together would get the same.
  let sending: Promise<unknown> = Promise.resolve();
  const inTurn = <answer>(send: () => Promise<answer>): Promise<answer> => {
    const sent = sending.then(send);
    sending = sent.catch(() => {});
    return sent;
  };
  const facilitator = new x402Facilitator();
  const network = `eip155:${testChain.chainId}` as const;
  const signer = toFacilitatorEvmSigner({
    address,
    readContract: (request: Request) => chain.readContract(request as never),
    verifyTypedData: (request: Request) => chain.verifyTypedData(request as never),
    writeContract: (request: Request) =>
      inTurn(() => chain.writeContract({ ...request, chain: null } as never)),
    sendTransaction: (request: Request) =>
      inTurn(() => chain.sendTransaction({ ...request, chain: null } as never)),
    waitForTransactionReceipt: (request: Request) => chain.waitForTransactionReceipt(request as never),
    getCode: (request: Request) => chain.getCode(request as never),
  } as never);
  facilitator.register(
    network,
    exactSchemeWithErc7710(new ExactEvmScheme(signer), {
      address,
      network,
      getCode: (request) => chain.getCode(request),
      call: (request) => chain.call(request),
      sendTransaction: (request) => inTurn(() => chain.sendTransaction({ ...request, chain: null })),
      waitForTransactionReceipt: (request) => chain.waitForTransactionReceipt(request),
    }),
  );
  facilitator.register(network, new UptoEvmScheme(signer));
  facilitator.registerV1(NETWORKS as never, new ExactEvmSchemeV1(signer));
  return facilitator;
}

/** Lets shops in other processes ask a facilitator, on a free port of this machine only. */
export async function serveFacilitator(facilitator: Facilitator): Promise<ServedFacilitator> {
  const app = express();
  app.use(express.json());
  type Asked = { paymentPayload: never; paymentRequirements: never };
  const answer =
    (act: (asked: Asked) => Promise<unknown>): express.RequestHandler =>
    (request, response) =>
      act((request.body ?? {}) as Asked).then(
        (found) => void response.json(found),
        (error: unknown) => void response.status(400).json({ error: String(error) }),
      );
  app.get("/supported", (_request, response) => void response.json(facilitator.getSupported()));
  app.post(
    "/verify",
    answer(({ paymentPayload, paymentRequirements }) =>
      facilitator.verify(paymentPayload, paymentRequirements),
    ),
  );
  app.post(
    "/settle",
    answer(({ paymentPayload, paymentRequirements }) =>
      facilitator.settle(paymentPayload, paymentRequirements),
    ),
  );
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
