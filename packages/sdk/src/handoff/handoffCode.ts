import { keccak256, stringToHex } from "viem";
import { canonicalJson } from "./canonicalJson.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { shortCode } from "./shortCode.ts";

/**
 * A short code of a whole request, such as `"7K3M-Q9TD-V2XN"`: the agent prints it beside the link, the page shows it, the
 * owner compares the two, all twelve characters. It reveals a mix-up and a link that was changed in transit. It has 60 bits:
 * to find another request with the same code takes about 2^60 attempts. It does not replace reading the request.
 *
 * @param request From {@link parseHandoffRequest}; equal requests have equal codes, in any order of members.
 */
export const handoffCode = (request: HandoffRequest): string =>
  shortCode(keccak256(stringToHex(canonicalJson(request))));
