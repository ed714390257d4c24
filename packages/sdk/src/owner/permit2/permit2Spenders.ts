import { type Address, type Hex, isAddressEqual, pad, parseEventLogs, toEventSelector } from "viem";
import type { AggregatingClient } from "../../internal/aggregatingClient.ts";
import { readContract } from "../../internal/chainActions.ts";
import { type BlockRange, readLogs } from "../../internal/readLogs.ts";
import { PERMIT2 } from "../../session/permit2.ts";
import { permit2Abi } from "../../session/permit2Abi.ts";

/** Who may take a token of the account out of Permit2, by an allowance that Permit2 keeps. */
export type Permit2Spender = {
  token: Address;
  spender: Address;
  amount: bigint;
  /** Last second, Unix time. */
  expiresAt: number;
};

const grants = permit2Abi.filter((item) => item.type === "event");

/**
 * The spenders to whom an account has given allowances in Permit2, of those that its events in a range of blocks show.
 * Expired and used ones are left out. A permit that was signed and never sent has no event.
 *
 * @throws {Refusal} NETWORK
 */
export async function permit2Spenders(
  client: AggregatingClient,
  range: Required<BlockRange>,
  { account, tokens }: { account: Address; tokens: readonly Address[] },
): Promise<Permit2Spender[]> {
  const logs = await readLogs(client.alone, range, {
    address: [PERMIT2],
    topics: [grants.map((event) => toEventSelector(event)), pad(account).toLowerCase() as Hex],
  });
  const pairs = new Map<string, { token: Address; spender: Address }>();
  for (const { address, args } of parseEventLogs({ abi: permit2Abi, logs, strict: true })) {
    const { owner, token, spender } = args;
    if (!isAddressEqual(address, PERMIT2) || !isAddressEqual(owner, account)) continue;
    if (tokens.some((one) => isAddressEqual(one, token))) pairs.set(`${token}${spender}`, { token, spender });
  }
  if (pairs.size === 0) return [];
  const [now, ...allowances] = await Promise.all([
    client.chainTime(),
    ...[...pairs.values()].map(({ token, spender }) =>
      readContract(client, {
        address: PERMIT2,
        abi: permit2Abi,
        functionName: "allowance",
        args: [account, token, spender],
      }),
    ),
  ]);
  return [...pairs.values()].flatMap((pair, index) => {
    const [amount, expiresAt] = allowances[index] as (typeof allowances)[number];
    return amount > 0n && expiresAt >= now ? [{ ...pair, amount, expiresAt }] : [];
  });
}
