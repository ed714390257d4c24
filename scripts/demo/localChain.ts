import { network } from "hardhat";
import { openTestChain, type TestChain } from "../../test/environment/TestChain.ts";

/** A development chain behind JSON-RPC, as an agent finds one. */
export type LocalChain = { url: string; testChain: TestChain; close(): Promise<void> };

/** Starts Hardhat's chain in this process, on a free port of this machine only. */
export async function startLocalChain(): Promise<LocalChain> {
  const server = await network.createServer("default", "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  return { url, testChain: await openTestChain(url), close: () => server.close() };
}
