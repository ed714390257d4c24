import { keccak256, stringToHex } from "viem";
import { canonicalJson } from "./canonicalJson.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { shortCode } from "./shortCode.ts";

/**
 * A short code of a whole request, such as `"7K3M-Q9TD"`: the agent prints it beside the link, the page shows it, the
 * owner compares the two. It tells a mix-up and a link that was changed on its way. It has 40 bits: who computes for
 * long can make another request with the same code, so it does not replace reading what is asked.
 *
 * @param request As {@link parseHandoffRequest} gives it; equal requests have equal codes, whatever the order of members.
 */
export const handoffCode = (request: HandoffRequest): string =>
  shortCode(keccak256(stringToHex(canonicalJson(request))));
