import { zeroAddress } from "viem";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { reference } from "./reference.ts";
import { safeMessage } from "./safe/safeMessage.ts";

/** A Safe with Rhinestone's ERC-7579 adapter. */
export const safe7579 = erc7579Adapter({
  ...reference,
  kind: "safe7579",
  accountId: "rhinestone.safe7579.v1.",
  owners: {
    // No validator: the Safe itself checks its owners.
    prefix: zeroAddress,
    message: ({ account, ...question }) => safeMessage({ safe: account, ...question }),
    ofSafe: true,
  },
});
