import {
  type Account,
  type Address,
  createTestClient,
  custom,
  type Hex,
  http,
  type PublicActions,
  publicActions,
  type TestClient,
  type TransactionReceipt,
  type Transport,
} from "viem";

/** A transaction from any address at all; `value` in wei. Without `to` it creates a contract. */
export type Transaction = { from: Address; to?: Address; data?: Hex; value?: bigint };

/** As much of EIP-1193 as viem's `custom` and protocol-kit want of a provider. */
export type Provider = {
  request(args: { readonly method: string; readonly params?: readonly unknown[] | object }): Promise<unknown>;
};

/** What a client of a development chain reads. */
export type ChainReader = TestClient<"hardhat", Transport, undefined, Account | undefined> & PublicActions;

/**
 * A development chain whose state a test may write: Hardhat's own, in process or behind JSON-RPC, or any
 * other that knows the `hardhat_*` methods.
 */
export type TestChain = {
  chainId: number;
  provider: Provider;
  client: ChainReader;
  setCode(address: Address, code: Hex): Promise<void>;
  /** Writes one 32-byte word. */
  setStorageAt(address: Address, slot: Hex, word: Hex): Promise<void>;
  /** In wei. */
  setBalance(address: Address, balance: bigint): Promise<void>;
  impersonate(address: Address): Promise<void>;
  /**
   * Sends a transaction from any address, which is given ether for it, and waits until it is mined.
   * @throws What the node answers, with the reason of a revert in it.
   */
  send(transaction: Transaction): Promise<TransactionReceipt>;
};

/** Enough for the gas of any test; far from values that overflow. */
const PLENTY = 10n ** 24n;

/** `JSON.stringify` of a quantity, as JSON-RPC wants it. */
const quantity = (n: bigint): Hex => `0x${n.toString(16)}`;

/**
 * Opens a development chain.
 * @param source A provider (a Hardhat connection's `provider`), or the URL of a JSON-RPC endpoint.
 */
export async function openTestChain(source: string | Provider): Promise<TestChain> {
  const client = createTestClient({
    mode: "hardhat",
    // No retries: what a development chain refuses once, it refuses again.
    transport:
      typeof source === "string" ? http(source, { retryCount: 0 }) : custom(source, { retryCount: 0 }),
    pollingInterval: 25,
    cacheTime: 0,
  }).extend(publicActions);
  const provider: Provider =
    typeof source === "string" ? { request: client.request as Provider["request"] } : source;
  const impersonated = new Set<string>();

  const chain: TestChain = {
    chainId: await client.getChainId(),
    provider,
    client: client as ChainReader,
    async setCode(address, code) {
      await client.setCode({ address, bytecode: code });
    },
    async setStorageAt(address, slot, word) {
      // A quantity has no leading zeros in JSON-RPC, a slot that is a hash has.
      await provider.request({
        method: "hardhat_setStorageAt",
        params: [address, quantity(BigInt(slot)), word],
      });
    },
    async setBalance(address, balance) {
      await client.setBalance({ address, value: balance });
    },
    async impersonate(address) {
      await client.impersonateAccount({ address });
    },
    async send({ from, to, data = "0x", value = 0n }) {
      if (!impersonated.has(from)) {
        await chain.impersonate(from);
        impersonated.add(from);
      }
      // Asked every time: a test may have gone back to a snapshot from before the first one.
      if ((await client.getBalance({ address: from })) < PLENTY / 2n + value) {
        await chain.setBalance(from, PLENTY + value);
      }
      const hash = (await provider.request({
        method: "eth_sendTransaction",
        params: [{ from, to, data, value: quantity(value) }],
      })) as Hex;
      const receipt = await client.waitForTransactionReceipt({ hash });
      if (receipt.status !== "success") throw new Error(`transaction ${hash} was reverted`);
      return receipt;
    },
  };
  return chain;
}
