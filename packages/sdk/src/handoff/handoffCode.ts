import { keccak256, stringToHex } from "viem";
import { canonicalJson } from "./canonicalJson.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { shortCode } from "./shortCode.ts";

/**
 * A short code of a whole request, such as `"7K3M-Q9TD-V2XN"`: the agent prints it beside the link, the page shows it, the
 * owner compares the two, all twelve signs. It tells a mix-up and a link that was changed on its way. It has 60 bits:
 * to make another request with the same code takes about 2^60 tries. It does not replace reading what is asked.
 *
 * @param request As {@link parseHandoffRequest} gives it; equal requests have equal codes, whatever the order of members.
 */
export const handoffCode = (request: HandoffRequest): string =>
  shortCode(keccak256(stringToHex(canonicalJson(request))));
