import type { Chain, Client, Transport } from "viem";
import { sessionLensAddress } from "../addresses/sessionLensAddress.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { hasCode } from "../internal/hasCode.ts";
import type { Owner } from "./Owner.ts";

/** How a session is shown to the owners who sign for enabling it. */
export type Reviewable = {
  /**
   * Whether the batch also has the session as a struct, for the owners' wallets to show
   * ({@link encodeReviewableEnable}). Default: if several owners sign.
   */
  reviewable?: boolean;
};

/**
 * Whether to show the session to the owners.
 *
 * @throws {Refusal} INVALID_ADDRESS: there is no SessionLens on this chain to show it; NETWORK.
 */
export async function isReviewable(
  client: Client<Transport, Chain | undefined>,
  owner: Owner | readonly Owner[] | undefined,
  reviewable: boolean = Array.isArray(owner) && owner.length > 1,
): Promise<boolean> {
  if (!reviewable) return false;
  const lens = sessionLensAddress();
  if (await hasCode(client, lens)) return true;
  throw new InvalidInput({
    code: "INVALID_ADDRESS",
    shortMessage: `There is no SessionLens at ${lens} on this chain, so co-signers could not review the session.`,
    metaMessages: [
      "Nothing was signed. Deploy it, which anyone can do,",
      "or pass reviewable: false, if every owner has reviewed the session elsewhere.",
    ],
    details: { path: "reviewable", address: lens },
  });
}
