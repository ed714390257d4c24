import {
  installSafe,
  installUsdc,
  openTestChain,
  type SafeContracts,
  type TestChain,
  type Usdc,
  type UsdcChain,
} from "@latchkey/devchain";
import { network } from "hardhat";

/**
 * Which chains are forks of live ones in this run. The others are hermetic: empty chains on which the same
 * code was placed.
 */
export const LIVE: Record<UsdcChain, boolean> = {
  ethereum: Boolean(process.env.MAINNET_RPC_URL),
  base: Boolean(process.env.BASE_RPC_URL),
};

/** A connection to one of Hardhat's networks; closing it is the test's affair. */
export type Connection = Awaited<ReturnType<typeof network.create>>;

/** What a test of payments from a Safe finds on its chain. */
export type Environment = {
  connection: Connection;
  testChain: TestChain;
  usdc: Usdc;
  safe: SafeContracts;
};

/**
 * A chain of its own with genuine USDC and the genuine Safe contracts.
 *
 * Takes a second or two: call it once in `before`, take `connection.networkHelpers.takeSnapshot()`, and
 * restore that after each test.
 * @param chain Which of the simulated chains of hardhat.config.ts.
 */
export async function setUp(chain: UsdcChain): Promise<Environment> {
  const connection = (await network.create(chain === "base" ? "simulatedBase" : chain)) as Connection;
  const testChain = await openTestChain(connection.provider);
  const usdc = await installUsdc(testChain, { chain, live: LIVE[chain] });
  const safe = await installSafe(testChain);
  return { connection, testChain, usdc, safe };
}
