import { deployCanonically, installSafe, installUsdc, openTestChain } from "@latchkey/devchain";
import { safeAddresses } from "@latchkey/sdk";
import { safeSessionHandlerBytecode, safeSessionModuleBytecode } from "@latchkey/sdk/bytecode";
import { network } from "hardhat";
import { createPublicClient, createWalletClient, http, keccak256, type LocalAccount, toBytes } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { LIVE } from "../environment/setUp.ts";

/** A key that a text decides. */
export const keyOf = (seed: string): PrivateKeyAccount => privateKeyToAccount(keccak256(toBytes(seed)));

/**
 * A chain behind JSON-RPC as the readers of the pages find Base: with USDC, Safe, and Latchkey as the SDK ships it.
 * Clients are made as the pages say.
 */
export async function openDocsChain() {
  const server = await network.createServer("simulatedBase", "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const rpcUrl = `http://${address}:${port}`;
  const testChain = await openTestChain(rpcUrl);
  const usdc = await installUsdc(testChain, { chain: "base", live: LIVE.base });
  const safe = await installSafe(testChain);
  const latchkey = {
    module: await deployCanonically(testChain, "SafeSessionModule", safeSessionModuleBytecode, {}),
    handler: await deployCanonically(testChain, "SafeSessionHandler", safeSessionHandlerBytecode, {}),
  };
  // The npm build of the shared signer has another address than Safe's own, which the SDK takes for granted. It
  // knows its address, to tell a delegatecall from a call: that is changed with it.
  const { sharedSigner } = safeAddresses;
  const bytes = (of: string) => of.slice(2).toLowerCase();
  if (!(await testChain.client.getCode({ address: sharedSigner }))) {
    const code = (await testChain.client.getCode({ address: safe.passkey.sharedSigner })) ?? "0x";
    const own = bytes(safe.passkey.sharedSigner);
    await testChain.setCode(sharedSigner, `0x${code.slice(2).replaceAll(own, bytes(sharedSigner))}`);
  }
  const transport = http(rpcUrl);
  const settings = { chain: base, transport, pollingInterval: 20, cacheTime: 0 } as const;
  const walletOf = async (account: LocalAccount) => {
    await testChain.setBalance(account.address, 10n ** 20n);
    return createWalletClient({ account, ...settings });
  };
  return {
    rpcUrl,
    testChain,
    usdc,
    safe,
    latchkey,
    client: createPublicClient(settings),
    walletOf,
    close: () => server.close(),
  };
}
