import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Hex, hexToBigInt, isHex, size, slice } from "viem";
import { toPackedUserOperation, type UserOperation } from "viem/account-abstraction";
import type { Paymaster } from "../environment/erc7579/Paymaster.ts";

/** The fields of a userOp that JSON-RPC has as text and viem as numbers. */
const quantities = [
  "nonce",
  "callGasLimit",
  "verificationGasLimit",
  "preVerificationGas",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
] as const;

/** What a bundler client is told of a paymaster's consent, as ERC-7677 has it. */
async function consent({ address, sponsor }: Paymaster, userOp: Record<string, Hex>) {
  const read = Object.fromEntries(
    quantities.map((name) => [name, isHex(userOp[name]) ? hexToBigInt(userOp[name]) : 0n]),
  );
  const { paymasterAndData } = await sponsor(
    toPackedUserOperation({ ...userOp, ...read, signature: "0x" } as unknown as UserOperation),
  );
  return {
    paymaster: address,
    paymasterVerificationGasLimit: slice(paymasterAndData, 20, 36),
    paymasterPostOpGasLimit: slice(paymasterAndData, 36, 52),
    paymasterData: size(paymasterAndData) > 52 ? slice(paymasterAndData, 52) : "0x",
  };
}

/** A paymaster's service behind JSON-RPC (ERC-7677), which consents to every userOp. */
export async function openPaymasterServer(paymaster: Paymaster) {
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = /^pm_getPaymaster(Stub)?Data$/.test(method)
      ? { result: await consent(paymaster, params[0]) }
      : { error: { code: -32601, message: `the paymaster does not know ${method}` } };
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
