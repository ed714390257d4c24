import type { Chain, Client, Transport } from "viem";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { getChainId } from "../internal/chainActions.ts";
import type { Grant } from "./Grant.ts";

/**
 * Makes sure that a client speaks to the chain that a grant is for.
 *
 * @throws {InvalidGrant} WRONG_CHAIN; INVALID_GRANT: there is no grant, or no chain in it.
 * @throws {Refusal} NETWORK where the client cannot be asked.
 */
export async function requireGrantChain(
  client: Client<Transport, Chain | undefined>,
  grant: Pick<Grant, "chainId">,
): Promise<void> {
  if (typeof grant !== "object" || grant === null || !Number.isSafeInteger(grant.chainId))
    throw new InvalidGrant({
      code: "INVALID_GRANT",
      shortMessage: grant ? "The grant does not say for which chain it is." : "The grant is missing.",
      metaMessages: ["Pass a proposal by proposeSession, or a grant by signGrant or parseGrant."],
    });
  const chainId = await getChainId(client);
  if (chainId === grant.chainId) return;
  throw new InvalidGrant({
    code: "WRONG_CHAIN",
    shortMessage: `The grant is for chain ${grant.chainId}; the client speaks to chain ${chainId}.`,
    metaMessages: ["Use a client of the grant's chain."],
    details: { expected: grant.chainId, chainId },
  });
}
