import { type Address, type Chain, type Client, type Hex, parseAbi, type Transport } from "viem";
import { getCode, multicall, readContract } from "viem/actions";

const tokenAbi = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
]);

/** Multicall3, at the same address on nearly every chain. */
const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Whether a chain has Multicall3, once it was looked up. Chains keep it. */
const hasMulticall = new WeakMap<object, Promise<boolean>>();

/**
 * Asks an EIP-3009 token which nonces of an account are used or cancelled: in one call where the chain has
 * Multicall3, else one by one at the same time (a transport with `batch: true` puts these in one request).
 *
 * @returns one answer for each nonce, in order
 */
export async function authorizationStates(
  client: Client<Transport, Chain | undefined>,
  parameters: { token: Address; account: Address; nonces: readonly Hex[] },
): Promise<readonly boolean[]> {
  const { token, account, nonces } = parameters;
  const call = (nonce: Hex) =>
    ({ address: token, abi: tokenAbi, functionName: "authorizationState", args: [account, nonce] }) as const;
  if (nonces.length > 1) {
    let known = hasMulticall.get(client);
    if (!known) {
      known = getCode(client, { address: MULTICALL3 }).then((code) => code !== undefined && code !== "0x");
      // A failed look-up is not an answer to keep.
      known.catch(() => hasMulticall.delete(client));
      hasMulticall.set(client, known);
    }
    if (await known) {
      const contracts = nonces.map(call);
      return multicall(client, { contracts, multicallAddress: MULTICALL3, allowFailure: false });
    }
  }
  return Promise.all(nonces.map((nonce) => readContract(client, call(nonce))));
}
