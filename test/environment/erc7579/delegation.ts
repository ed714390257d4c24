import type { TestChain } from "@latchkey/devchain";
import {
  type Address,
  createWalletClient,
  custom,
  type Hex,
  keccak256,
  type TransactionReceipt,
  toBytes,
  zeroAddress,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { mainnet } from "viem/chains";

/** An EOA whose key the seed decides. */
export const eoaOf = (seed: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey EIP-7702 test: ${seed}`)));

/** Signs with the EOA's key and sends raw: nothing is impersonated. */
const walletOf = ({ chainId, provider }: TestChain, eoa: PrivateKeyAccount) =>
  createWalletClient({
    account: eoa,
    chain: { ...mainnet, id: chainId },
    transport: custom(provider, { retryCount: 0 }),
    pollingInterval: 25,
    cacheTime: 0,
  });

async function mined(testChain: TestChain, hash: Hex): Promise<TransactionReceipt> {
  const receipt = await testChain.client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`transaction ${hash} was reverted`);
  return receipt;
}

/**
 * A transaction of the EOA's own, signed by its key. `value` in wei.
 * @throws What the node answers, with the reason of a revert in it.
 */
export async function sendAsEoa(
  testChain: TestChain,
  eoa: PrivateKeyAccount,
  { to, data, value = 0n }: { to: Address; data: Hex; value?: bigint },
): Promise<TransactionReceipt> {
  return mined(testChain, await walletOf(testChain, eoa).sendTransaction({ to, data, value }));
}

/**
 * The EOA delegates to code by an EIP-7702 transaction of its own (type 4), in place of whatever it delegated to before.
 * @param data What it calls itself with in the same transaction: nobody can initialize the account before it does.
 */
export async function delegate(
  testChain: TestChain,
  eoa: PrivateKeyAccount,
  implementation: Address,
  data: Hex = "0x",
): Promise<TransactionReceipt> {
  const wallet = walletOf(testChain, eoa);
  const authorization = await wallet.signAuthorization({
    contractAddress: implementation,
    executor: "self",
  });
  // The node estimates as if the EOA had no code yet.
  const hash = await wallet.sendTransaction({
    to: eoa.address,
    data,
    authorizationList: [authorization],
    gas: 3_000_000n,
  });
  const receipt = await mined(testChain, hash);
  if (receipt.type !== "eip7702") throw new Error(`sent as ${receipt.type}`);
  return receipt;
}

/** The EOA is an ordinary one again. What the account's code had stored stays. */
export const undelegate = (testChain: TestChain, eoa: PrivateKeyAccount): Promise<TransactionReceipt> =>
  delegate(testChain, eoa, zeroAddress);

/** What the EOA delegates to; undefined where it is an ordinary one. */
export async function delegateOf(testChain: TestChain, address: Address): Promise<Address | undefined> {
  const code = await testChain.client.getCode({ address });
  return code?.startsWith("0xef0100") ? `0x${code.slice(8)}` : undefined;
}
