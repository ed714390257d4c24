import { type Address, type Chain, type Client, erc20Abi, type Transport } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { readContract } from "./chainActions.ts";

/**
 * Reads a token's decimals.
 *
 * @param path Its path in the caller's arguments, for the message.
 * @throws {Refusal} UNKNOWN_TOKEN: it does not return them; NETWORK
 */
export async function tokenDecimals(
  client: Client<Transport, Chain | undefined>,
  token: Address,
  path: string,
): Promise<number> {
  try {
    return await readContract(client, { address: token, abi: erc20Abi, functionName: "decimals" });
  } catch (cause) {
    if (!isContractRefusal(cause)) throw cause;
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage: `${path}: the token ${token} does not return its decimals.`,
      metaMessages: ["Check the token's address and the client's chain."],
      details: { token },
      cause,
    });
  }
}
