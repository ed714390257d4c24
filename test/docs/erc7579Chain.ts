import { deployCanonically } from "@latchkey/devchain";
import { erc7579SessionModuleBytecode } from "@latchkey/sdk/bytecode";
import { type Chain, createPublicClient, createWalletClient, http, type LocalAccount } from "viem";
import { mainnet } from "viem/chains";
import { startBundler } from "../environment/erc7579/bundler.ts";
import { createWorld7579 } from "../environment/erc7579/World7579.ts";
import { openPaymasterServer } from "./paymasterServer.ts";

/**
 * A chain behind JSON-RPC as the readers of the pages on ERC-7579 accounts find one: with USDC, real accounts, a real
 * bundler, a paymaster's service, and Latchkey as the SDK ships it. Hermetic: nothing of it is a live chain's state.
 */
export async function openErc7579Chain() {
  const world = await createWorld7579({ keepsTime: true });
  const { testChain, accounts, paymasters } = world;
  await deployCanonically(testChain, "ERC7579SessionModule", erc7579SessionModuleBytecode, {});
  const served = ["0.7", "0.8"] as const;
  const entryPoints = served.map((version) => {
    const account = Object.values(accounts).find(({ entryPoint }) => entryPoint.version === version);
    if (!account) throw new Error(`no account obeys EntryPoint ${version}`);
    return account.entryPoint.address;
  });
  const bundler = await startBundler(testChain, entryPoints);
  const [forOldest, forLater] = await Promise.all(
    served.map((version) => openPaymasterServer(paymasters[version])),
  );
  if (!forOldest || !forLater) throw new Error("two paymasters are served");
  // Blocks come as soon as there is something for them: clients need not wait long before they ask again.
  const chain: Chain = { ...mainnet, id: testChain.chainId, blockTime: 100 };
  const settings = { chain, transport: http(bundler.chainUrl), pollingInterval: 20, cacheTime: 0 };
  return {
    world,
    client: createPublicClient(settings),
    bundlerUrl: bundler.url,
    /** By the EntryPoint that the paymaster pays. */
    paymasterUrls: { "0.7": forOldest.url, "0.8": forLater.url },
    async walletOf(account: LocalAccount) {
      await testChain.setBalance(account.address, 10n ** 20n);
      return createWalletClient({ account, ...settings });
    },
    async close() {
      await Promise.all([bundler.close(), forOldest.close(), forLater.close()]);
    },
  };
}

export type Erc7579Chain = Awaited<ReturnType<typeof openErc7579Chain>>;
