import { type Address, getAddress, isAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/** An address, or anything that has one: a viem account, a contract. */
export type HasAddress = Address | { address: Address };

/**
 * Reads an address in its checksummed form.
 *
 * @param value The address, or an object with an `address`.
 * @param path Where it stands in what the caller passed, for the message.
 * @throws {InvalidInput} INVALID_ADDRESS: not 20 bytes of hex, or a wrong checksum.
 */
export function parseAddress(value: HasAddress, path: string): Address {
  const address: unknown = typeof value === "object" && value !== null ? value.address : value;
  if (typeof address !== "string" || !isAddress(address))
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage: `${path} is ${address === undefined ? "missing" : String(address)}, which is no address.`,
      metaMessages: [
        "Write 0x and 40 hex digits; if letters are in both cases, their checksum must be right.",
      ],
      details: { path },
    });
  return getAddress(address);
}
