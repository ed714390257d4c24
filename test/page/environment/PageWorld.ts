import { join } from "node:path";
import type { Latchkey } from "@latchkey/accounts/safeAccount";
import {
  installSafe,
  installUsdc,
  type Merchant,
  openMerchant,
  openTestChain,
  type SafeContracts,
  type ServedPage,
  servePage,
  type TestChain,
  type Usdc,
} from "@latchkey/devchain";
import { safeAddresses } from "@latchkey/sdk";
import { network } from "hardhat";
import {
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  type LocalAccount,
  type PublicClient,
  type Transport,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { installLatchkey } from "../../environment/latchkey.ts";

/** Where the built page is. */
export const BUILT_PAGE =
  process.env.LATCHKEY_PAGE ?? join(import.meta.dirname, "../../../packages/page/dist");

/** What the tests of the page share: a chain, a shop on it, and the page served. */
export type PageWorld = {
  testChain: TestChain;
  rpcUrl: string;
  chain: Chain;
  client: PublicClient<Transport, Chain>;
  usdc: Usdc;
  safe: SafeContracts;
  latchkey: Latchkey;
  shop: Merchant & { address: Address };
  /** The page's own address, which ends in `/`. */
  page: ServedPage;
  /** A wallet of someone who has the chain's coin. */
  walletOf(account: LocalAccount): Promise<ReturnType<typeof walletAt>>;
  close(): Promise<void>;
};

const walletAt = (account: LocalAccount, chain: Chain) =>
  createWalletClient({ account, chain, transport: http(undefined, { retryCount: 0 }), pollingInterval: 20 });

/**
 * Starts a chain behind JSON-RPC with genuine USDC and Safe, Latchkey as it is compiled now, a shop, and the built page.
 * The chain's clock is this machine's: many blocks may share a second.
 */
export async function openPageWorld(): Promise<PageWorld> {
  const rpc = await network.createServer(
    { network: "default", override: { allowBlocksWithSameTimestamp: true } },
    "127.0.0.1",
    0,
  );
  const { address, port } = await rpc.listen();
  const rpcUrl = `http://${address}:${port}`;
  const testChain = await openTestChain(rpcUrl);
  const usdc = await installUsdc(testChain);
  const safe = await installSafe(testChain);
  const latchkey = await installLatchkey(testChain);
  await installCanonicalSigner(testChain, safe);
  const shopAddress = privateKeyToAccount(generatePrivateKey()).address;
  const offer = (amount: bigint) => ({ amount, asset: usdc.address, payTo: shopAddress });
  const shop = await openMerchant(testChain, { report: offer(200_000n), picture: offer(750_000n) });
  const chain = defineChain({
    id: testChain.chainId,
    name: "Local chain",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  const page = await servePage({
    port: 0,
    folder: BUILT_PAGE,
    config: { chains: [{ id: chain.id, name: chain.name, rpc: rpcUrl, usdc: usdc.address }] },
  });
  return {
    testChain,
    rpcUrl,
    chain,
    client: createPublicClient({ chain, transport: http(), pollingInterval: 20, cacheTime: 0 }),
    usdc,
    safe,
    latchkey,
    shop: { ...shop, address: shopAddress },
    page,
    async walletOf(account) {
      await testChain.setBalance(account.address, 10n ** 20n);
      return walletAt(account, chain);
    },
    async close() {
      await Promise.all([page.close(), shop.close()]);
      await rpc.close();
    },
  };
}

/**
 * The npm build of Safe's shared signer has another address than Safe's own, which page and SDK take for granted. The
 * contract knows its address, to tell a delegatecall from a call: that is changed with it.
 */
async function installCanonicalSigner(testChain: TestChain, { passkey }: SafeContracts): Promise<void> {
  const bytes = (of: string) => of.slice(2).toLowerCase();
  const { sharedSigner } = safeAddresses;
  const code = (await testChain.client.getCode({ address: passkey.sharedSigner })) ?? "0x";
  const moved = code.slice(2).replaceAll(bytes(passkey.sharedSigner), bytes(sharedSigner));
  await testChain.setCode(sharedSigner, `0x${moved}`);
}
