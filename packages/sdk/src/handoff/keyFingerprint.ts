import { type Address, keccak256 } from "viem";
import { parseAddress } from "../internal/parseAddress.ts";
import { shortCode } from "./shortCode.ts";

/**
 * Twelve characters that identify a key, such as `"7K3M-Q9TD-V2XN"`, to compare with what the agent prints. Of the key's
 * address, regardless of its letters' case. It has 60 bits, as {@link handoffCode}.
 *
 * @throws {InvalidInput} INVALID_ADDRESS
 */
export const keyFingerprint = (key: Address): string => shortCode(keccak256(parseAddress(key, "key")));
