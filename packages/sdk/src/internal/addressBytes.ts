import type { Address, Hex } from "viem";
import { parseAddress } from "./parseAddress.ts";

/**
 * Reads an address as a part of a longer byte string: checked, in its original case, as bytes have none.
 *
 * @throws {InvalidInput} INVALID_ADDRESS
 */
export function addressBytes(value: Address, path: string): Hex {
  parseAddress(value, path);
  return value;
}
