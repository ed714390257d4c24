import type { Address } from "viem";
import {
  entryPoint07Abi,
  entryPoint07Address,
  entryPoint08Abi,
  entryPoint08Address,
  entryPoint09Abi,
  entryPoint09Address,
} from "viem/account-abstraction";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";

/** The versions of ERC-4337's EntryPoint that sessions work with. */
export type EntryPointVersion = "0.7" | "0.8" | "0.9";

/** The EntryPoint of an account: a version at its canonical address, or at another. */
export type EntryPoint<version extends EntryPointVersion = EntryPointVersion> =
  | version
  | { address: Address; version: version };

const known = {
  "0.7": { abi: entryPoint07Abi, address: entryPoint07Address },
  "0.8": { abi: entryPoint08Abi, address: entryPoint08Address },
  "0.9": { abi: entryPoint09Abi, address: entryPoint09Address },
} as const;

/** The ABI of each version, as viem has it. */
export type EntryPointAbi<version extends EntryPointVersion> = (typeof known)[version]["abi"];

/**
 * An EntryPoint in viem's format.
 *
 * @throws {InvalidInput} INVALID_INPUT: unsupported version; INVALID_ADDRESS
 */
export function resolveEntryPoint<version extends EntryPointVersion>(
  entryPoint: EntryPoint<version>,
): { abi: EntryPointAbi<version>; address: Address; version: version } {
  const version: EntryPointVersion = typeof entryPoint === "object" ? entryPoint?.version : entryPoint;
  if (!Object.hasOwn(known, version))
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: `EntryPoint version "${String(version)}" is not supported.`,
      metaMessages: [`Use one of ${Object.keys(known).join(", ")}.`],
      details: { path: "entryPoint" },
    });
  if (typeof entryPoint === "object")
    return {
      abi: known[entryPoint.version].abi,
      ...entryPoint,
      address: parseAddress(entryPoint.address, "entryPoint"),
    };
  return { ...known[entryPoint], version: entryPoint };
}
