import {
  decodeError,
  safeAddresses,
  safeSessionHandlerAddress,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import type { Address } from "viem";
import { getBlock, getChainId, getCode } from "viem/actions";
import { newSafeContracts } from "../tap/predictSafe.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { ChainSettings } from "./ChainSettings.ts";
import type { ChainClient } from "./chainClient.ts";
import { clockFailure } from "./clockFailure.ts";

/** The chain's latest state. */
export type ChainMoment = {
  /** The latest block's time, in seconds of Unix time. */
  now: number;
  blockNumber: bigint;
};

/**
 * Checks that a chain is usable: it responds, has the right id, agrees with this device's clock, and has the required
 * contracts.
 *
 * @throws {PageFailure} CHAIN_UNREACHABLE, CHAIN_MISMATCH, CHAIN_INCOMPLETE, CLOCK_OFF
 */
export async function readChain(client: ChainClient, settings: ChainSettings): Promise<ChainMoment> {
  const needed: [string, Address][] = [
    ["Latchkey's module", safeSessionModuleAddress()],
    ["Latchkey's handler", safeSessionHandlerAddress()],
    ["Safe's factory", newSafeContracts.proxyFactory],
    ["Safe", newSafeContracts.singleton],
    ["Safe's MultiSend", safeAddresses.multiSend],
    ["Safe's MultiSendCallOnly", safeAddresses.multiSendCallOnly],
    ["Safe's signer for passkeys", settings.sharedSigner],
  ];
  try {
    const [chainId, block, ...codes] = await Promise.all([
      getChainId(client),
      getBlock(client, { blockTag: "latest" }),
      ...needed.map(([, address]) => getCode(client, { address })),
    ]);
    if (chainId !== settings.id)
      throw new PageFailure("CHAIN_MISMATCH", {
        chain: settings.name,
        expected: String(settings.id),
        actual: String(chainId),
      });
    const missing = needed.filter((_, index) => (codes[index] ?? "0x") === "0x").map(([name]) => name);
    if (missing.length > 0)
      throw new PageFailure("CHAIN_INCOMPLETE", { chain: settings.name, missing: missing.join(", ") });
    const now = Number(block.timestamp);
    const failure = clockFailure(now, Date.now(), settings);
    if (failure) throw failure;
    return { now, blockNumber: block.number };
  } catch (error) {
    if (error instanceof PageFailure) throw error;
    const refusal = decodeError(error);
    throw refusal.code === "NETWORK"
      ? new PageFailure("CHAIN_UNREACHABLE", { chain: settings.name }, error)
      : refusal;
  }
}
