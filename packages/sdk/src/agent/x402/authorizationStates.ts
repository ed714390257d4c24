import { type Address, type Chain, type Client, type Hex, parseAbi, type Transport } from "viem";
import { readEach } from "./readEach.ts";

const tokenAbi = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
]);

/**
 * Reads from an EIP-3009 token which nonces of an account are used or canceled, see {@link readEach}.
 *
 * @param parameters.blockNumber At which block. Default: the latest.
 * @returns One result per nonce, in order.
 * @throws {Refusal} NETWORK; UNKNOWN if the token does not implement EIP-3009.
 */
export const authorizationStates = (
  client: Client<Transport, Chain | undefined>,
  { token, account, nonces, blockNumber }: AuthorizationsAsked,
): Promise<readonly boolean[]> =>
  readEach(
    client,
    nonces.map((nonce) => ({
      address: token,
      abi: tokenAbi,
      functionName: "authorizationState",
      args: [account, nonce],
    })),
    blockNumber,
  );

/** Which nonces of which account. */
export type AuthorizationsAsked = {
  token: Address;
  account: Address;
  nonces: readonly Hex[];
  blockNumber?: bigint;
};
