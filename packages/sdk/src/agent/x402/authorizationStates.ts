import { type Address, type Chain, type Client, type Hex, parseAbi, type Transport } from "viem";
import { MULTICALL3 } from "../../internal/aggregatingClient.ts";
import { getCode, multicall, readContract } from "../../internal/chainActions.ts";

const tokenAbi = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
]);

/** Bytes of one call: a selector and two words. */
const CALLDATA = 68;

/** Whether a client's chain has Multicall3, once it was checked. It stays there. */
const hasMulticall = new WeakMap<object, Promise<boolean>>();

/**
 * Reads from an EIP-3009 token which nonces of an account are used or canceled. Several are read in one request: with
 * Multicall3 if the chain has it, otherwise with its code, which is sent with the request (a hundred at a time).
 *
 * @param parameters.blockNumber At which block. Default: the latest.
 * @returns One result per nonce, in order.
 * @throws {Refusal} NETWORK; UNKNOWN if the token does not implement EIP-3009.
 */
export async function authorizationStates(
  client: Client<Transport, Chain | undefined>,
  parameters: AuthorizationsAsked,
): Promise<readonly boolean[]> {
  const { token, account, nonces, blockNumber } = parameters;
  const at = blockNumber === undefined ? {} : { blockNumber };
  const contracts = nonces.map(
    (nonce) =>
      ({
        address: token,
        abi: tokenAbi,
        functionName: "authorizationState",
        args: [account, nonce],
      }) as const,
  );
  const [first, ...others] = contracts;
  if (!first) return [];
  if (others.length === 0) return [await readContract(client, { ...first, ...at })];
  let known = hasMulticall.get(client);
  if (!known) {
    known = getCode(client, { address: MULTICALL3 }).then((code) => code !== undefined && code !== "0x");
    // A failed request is not cached.
    known.catch(() => hasMulticall.delete(client));
    hasMulticall.set(client, known);
  }
  // To a node this is creation code, limited to 48 kB: 100 calls fit easily.
  const where = (await known)
    ? { multicallAddress: MULTICALL3, batchSize: 0 }
    : { deployless: true, batchSize: 100 * CALLDATA };
  return multicall(client, { ...where, ...at, contracts, allowFailure: false });
}

/** Which nonces of which account. */
export type AuthorizationsAsked = {
  token: Address;
  account: Address;
  nonces: readonly Hex[];
  blockNumber?: bigint;
};
