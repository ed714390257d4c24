import { type Address, type Chain, type Client, erc20Abi, type Transport } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { readContract } from "./chainActions.ts";

/**
 * Asks a token for its decimals.
 *
 * @param path Where the token stands in what the caller passed, for the message.
 * @throws {Refusal} UNKNOWN_TOKEN: it does not tell; NETWORK: it could not be asked.
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
      shortMessage: `${path}: ${token} does not tell its decimals.`,
      metaMessages: ["Check the token's address and the client's chain."],
      details: { token },
      cause,
    });
  }
}
