import { type Address, type Chain, type Client, formatEther, type Transport } from "viem";
import { getBalance, getGasPrice } from "viem/actions";
import { CommandError } from "./CommandError.ts";
import { exitCodeOf } from "./exitCodes.ts";

/** A payment's transaction that enables its session uses less. */
const USUAL_GAS = 150_000n;

/** What a key has of the chain's coin, and what a transaction needs, in wei. */
export async function gasOf(
  client: Client<Transport, Chain | undefined>,
  key: Address,
): Promise<{ balance: bigint; needed: bigint }> {
  const [balance, price] = await Promise.all([getBalance(client, { address: key }), getGasPrice(client)]);
  return { balance, needed: USUAL_GAS * price };
}

/** @throws {CommandError} NO_GAS: the key cannot pay for a transaction. */
export async function requireGas(client: Client<Transport, Chain | undefined>, key: Address): Promise<void> {
  const { balance, needed } = await gasOf(client, key);
  if (balance >= needed) return;
  throw new CommandError({
    code: "NO_GAS",
    exitCode: exitCodeOf("NO_GAS"),
    message: `The key has ${formatEther(balance)} of the chain's coin for gas, and a transaction needs about ${formatEther(needed)}.`,
    whatToDo: [`Send some to ${key}. latchkey pay needs none.`],
    details: { key, balance, needed },
  });
}
