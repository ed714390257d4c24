import { formatEther } from "viem";
import { getBalance, getGasPrice } from "viem/actions";
import type { OpenSession } from "./AgentSource.ts";
import { ToolFailure } from "./ToolRefusal.ts";

/** A payment's transaction that enables its session uses less. */
const USUAL_GAS = 150_000n;

/**
 * Whether the session's key can pay for a transaction, before anything is signed.
 *
 * @throws {ToolFailure} NO_GAS
 */
export async function requireGas(
  { client, key: { address }, options: { page } }: OpenSession,
  instead = "pay_request needs no gas, where a shop takes x402.",
): Promise<void> {
  const [balance, price] = await Promise.all([getBalance(client, { address }), getGasPrice(client)]);
  const needed = USUAL_GAS * price;
  if (balance >= needed) return;
  throw new ToolFailure({
    code: "NO_GAS",
    message: `The agent's key has ${formatEther(balance)} of the chain's coin, and a transaction needs about ${formatEther(needed)}.`,
    whatToDo: [`Tell the owner to send some to ${address}.`, instead],
    retryable: true,
    key: address,
    ...(page && { link: page }),
  });
}
