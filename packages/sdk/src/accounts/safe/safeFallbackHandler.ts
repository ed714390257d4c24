import {
  type Address,
  type Chain,
  type Client,
  getAddress,
  isHex,
  pad,
  size,
  slice,
  type Transport,
} from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { getStorageAt } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";

/** keccak256("fallback_manager.handler.address"), where a Safe keeps its fallback handler. */
const HANDLER_SLOT = "0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5";

/**
 * Reads a Safe's fallback handler from its storage: a Safe has no getter for it.
 *
 * @returns The zero address if there is none.
 * @throws {Refusal} INVALID_ADDRESS; NETWORK
 */
export async function safeFallbackHandler(
  client: Client<Transport, Chain | undefined>,
  safe: Address,
): Promise<Address> {
  const word = await getStorageAt(client, { address: parseAddress(safe, "safe"), slot: HANDLER_SLOT });
  // Some nodes leave out leading zeros.
  const handler = isHex(word) && size(word) <= 32 ? slice(pad(word, { size: 32 }), 12) : undefined;
  if (handler) return getAddress(handler);
  throw new Refusal({
    code: "NETWORK",
    shortMessage: `The node does not return the storage of ${safe}.`,
    metaMessages: ["Use a node that supports eth_getStorageAt."],
    details: { account: safe },
  });
}
