import { type Address, type Chain, type Client, getAddress, pad, slice, type Transport } from "viem";
import { getStorageAt } from "viem/actions";

/** keccak256("fallback_manager.handler.address"), where a Safe keeps its fallback handler. */
const HANDLER_SLOT = "0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5";

/**
 * Reads a Safe's fallback handler from its storage: no function of a Safe tells it.
 *
 * @returns The zero address where there is none.
 */
export async function safeFallbackHandler(
  client: Client<Transport, Chain | undefined>,
  safe: Address,
): Promise<Address> {
  const word = await getStorageAt(client, { address: safe, slot: HANDLER_SLOT });
  // Some nodes leave out leading zeros.
  return getAddress(slice(pad(word ?? "0x", { size: 32 }), 12));
}
