import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as devchain from "@latchkey/devchain";
import { type Address, createPublicClient, erc20Abi, http, type PublicClient } from "viem";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { FUNDS, PRICE } from "./allowance.ts";
import type { Peers } from "./peers.ts";

/** A key as the agent's machine holds it, and the thief's. */
export type HeldKey = PrivateKeyAccount;

/** What left an account since it was funded, in base units. */
export type Movement = {
  usdc: bigint;
  /** Of the second token. */
  other: bigint;
  /** What the thief has of it. */
  toThief: { usdc: bigint; other: bigint };
  /** Between the first and the last payment. */
  seconds: number;
};

/** The chain that a crash test happens on, with what everybody there needs. */
export type CrashWorld = {
  chain: devchain.DevChain;
  client: PublicClient;
  peers: Peers;
  /** A second dollar: Circle's code as well, at another address. */
  other: devchain.Usdc;
  /** The one recipient that the owner allows. */
  shop: Address;
  /** What the shop sells, by what it takes. */
  report: { forUsdc: string; forOther: string };
  /** Nobody has paid them yet. */
  newThief(): HeldKey;
  /** Gives an account FUNDS of both tokens. */
  fund(account: Address): Promise<void>;
  /** What has left a funded account since, by the balances and logs of the chain. */
  movement(account: Address, thief?: Address): Promise<Movement>;
  /** Lets the chain's time pass. */
  wait(seconds: number): Promise<void>;
  /** A path in a folder that goes with the world. */
  file(name: string): string;
  close(): Promise<void>;
};

/** A fresh key. */
export const newKey = (): HeldKey => privateKeyToAccount(generatePrivateKey());

/** Starts the chain, its shop and a second token. The chain has Base's id: x402's client knows Base's USDC by itself. */
export async function openCrashWorld(
  { startDevChain, installUsdc, openMerchant }: typeof devchain,
  peers: Peers,
): Promise<CrashWorld> {
  const chain = await startDevChain({ chainId: 8453, shop: { report: { price: `${PRICE / 1_000_000n}` } } });
  const closing = [chain.close];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    const { testChain, usdc, shop } = chain;
    const other = await installUsdc(testChain, { chain: "ethereum" });
    const otherShop = await openMerchant(testChain, {
      report: { amount: PRICE, asset: other.address, payTo: shop.address },
    });
    closing.unshift(otherShop.close);
    const folder = await mkdtemp(join(tmpdir(), "latchkey-crash-"));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const client = createPublicClient({
      chain: chain.chain,
      transport: http(chain.url, { retryCount: 0 }),
      pollingInterval: 50,
      cacheTime: 0,
    });
    const paidBy = async (token: Address, account: Address) => {
      const logs = await client.getContractEvents({
        address: token,
        abi: erc20Abi,
        eventName: "Transfer",
        args: { from: account },
        fromBlock: 0n,
      });
      return Promise.all(
        logs.map(async ({ blockNumber }) => Number((await client.getBlock({ blockNumber })).timestamp)),
      );
    };
    return {
      chain,
      client,
      peers,
      other,
      shop: shop.address,
      report: { forUsdc: shop.url("report"), forOther: otherShop.url("report") },
      newThief: newKey,
      async fund(account) {
        for (const token of [usdc, other]) await token.mint(account, FUNDS);
      },
      async movement(account, thief) {
        const left = async (token: devchain.Usdc) => FUNDS - (await token.balanceOf(account));
        const taken = async (token: devchain.Usdc) => (thief ? await token.balanceOf(thief) : 0n);
        const times = [...(await paidBy(usdc.address, account)), ...(await paidBy(other.address, account))];
        return {
          usdc: await left(usdc),
          other: await left(other),
          toThief: { usdc: await taken(usdc), other: await taken(other) },
          seconds: times.length === 0 ? 0 : Math.max(...times) - Math.min(...times),
        };
      },
      async wait(seconds) {
        await testChain.client.increaseTime({ seconds });
        await testChain.client.mine({ blocks: 1 });
      },
      file: (name) => join(folder, name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
