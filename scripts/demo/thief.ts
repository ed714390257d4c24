import { decodeError } from "@latchkey/sdk";
import { type Account, type Address, createWalletClient, type Hex, http, keccak256 } from "viem";
import { call, prepareTransactionRequest, sendRawTransaction, waitForTransactionReceipt } from "viem/actions";

/** What became of a transaction that was put on the chain without asking anybody first. */
export type Submission = {
  hash: Hex;
  /** Whether the chain let it through. */
  succeeded: boolean;
  gas: bigint;
  /** Why not, if not. */
  reason?: string;
};

/**
 * Puts a transaction on the chain as it is: signed here, with a fixed amount of gas, past every check of the SDK and
 * every simulation. A refusal is the chain's own, and is mined.
 */
export async function submit(
  url: string,
  sender: Account & { signTransaction: NonNullable<Account["signTransaction"]> },
  { to, data, value = 0n }: { to: Address; data: Hex; value?: bigint },
): Promise<Submission> {
  const transport = http(url, { retryCount: 0 });
  const client = createWalletClient({ account: sender, transport, pollingInterval: 20 });
  const request = await prepareTransactionRequest(client, {
    account: sender,
    chain: null,
    to,
    data,
    value,
    gas: 1_500_000n,
    type: "eip1559",
  });
  const signed = await sender.signTransaction(request as Parameters<typeof sender.signTransaction>[0]);
  const hash = keccak256(signed);
  // A development chain may answer with the revert, and mines the transaction all the same.
  await sendRawTransaction(client, { serializedTransaction: signed }).catch(() => undefined);
  const receipt = await waitForTransactionReceipt(client, { hash });
  const submission = { hash, succeeded: receipt.status === "success", gas: receipt.gasUsed };
  if (submission.succeeded) return submission;
  const reason = await call(client, {
    account: sender,
    to,
    data,
    value,
    blockNumber: receipt.blockNumber,
  }).then(
    () => "the chain gave no reason",
    (error: unknown) => {
      const { code, shortMessage } = decodeError(error);
      return `${code}: ${shortMessage}`;
    },
  );
  return { ...submission, reason };
}
