import { type Address, keccak256 } from "viem";
import { parseAddress } from "../internal/parseAddress.ts";
import { shortCode } from "./shortCode.ts";

/**
 * Twelve signs that stand for a key, such as `"7K3M-Q9TD-V2XN"`, to compare with what the agent prints. Of the key's
 * address, whatever the case of its letters. It has 60 bits, as {@link handoffCode}.
 *
 * @throws {InvalidInput} INVALID_ADDRESS
 */
export const keyFingerprint = (key: Address): string => shortCode(keccak256(parseAddress(key, "key")));
