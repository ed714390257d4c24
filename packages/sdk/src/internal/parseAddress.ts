import { type Address, getAddress, isAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/** An address, or anything that has one: a viem account, a contract. */
export type HasAddress = Address | { address: Address };

/**
 * Reads an address in its checksummed form.
 *
 * @param value The address, or an object with an `address`.
 * @param path Its path in the caller's arguments, for the message.
 * @throws {InvalidInput} INVALID_ADDRESS: not 20 bytes of hex, or a wrong checksum.
 */
export function parseAddress(value: HasAddress, path: string): Address {
  const address: unknown = typeof value === "object" && value !== null ? value.address : value;
  if (typeof address !== "string" || !isAddress(address))
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage:
        address === undefined
          ? `${path} is missing.`
          : `${path} is ${String(address)}, which is not a valid address.`,
      metaMessages: ["Pass 0x and 40 hex characters; in mixed case the checksum must be correct."],
      details: { path },
    });
  return getAddress(address);
}
