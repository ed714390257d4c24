import type { x402Client } from "@x402/fetch";
import { bytesToHex } from "viem";
import { type CrashWorld, newKey } from "./CrashWorld.ts";
import type { LimitedAgent } from "./Guard.ts";
import type { X402 } from "./peers.ts";
import { submit } from "./submit.ts";
import { settleAuthorization, signAuthorization } from "./transferAuthorization.ts";

/**
 * An agent with x402's stock client and a wallet whose key it holds, as client-side guards have it: the limit is code in the
 * agent's process.
 *
 * @param limit Puts the limit on the client of one process.
 */
export async function walletAgent(
  world: CrashWorld,
  { wrapFetchWithPayment, x402Client, ExactEvmScheme }: X402,
  limit: (client: x402Client) => void,
): Promise<LimitedAgent> {
  const key = newKey();
  await world.fund(key.address);
  const { chainId, usdc } = world.chain;
  return {
    account: key.address,
    start({ fetch = globalThis.fetch } = {}) {
      const client = new x402Client().register(`eip155:${chainId}`, new ExactEvmScheme(key));
      limit(client);
      const pay = wrapFetchWithPayment(fetch, client);
      return (url) => pay(url);
    },
    async rob(thief) {
      for (const token of [usdc, world.other]) {
        const authorization = {
          from: key.address,
          to: thief.address,
          value: await token.balanceOf(key.address),
          validAfter: 0n,
          validBefore: 2n ** 48n,
          nonce: bytesToHex(crypto.getRandomValues(new Uint8Array(32))),
        };
        const signature = await signAuthorization(key, token, authorization);
        await submit(world, thief, settleAuthorization(token, authorization, signature));
      }
    },
  };
}
