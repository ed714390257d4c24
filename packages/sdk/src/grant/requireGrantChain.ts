import type { Chain, Client, Transport } from "viem";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { getChainId } from "../internal/chainActions.ts";
import type { Grant } from "./Grant.ts";

/**
 * Checks that a client is connected to the grant's chain.
 *
 * @throws {InvalidGrant} WRONG_CHAIN; INVALID_GRANT: the grant or its chain is missing.
 * @throws {Refusal} NETWORK
 */
export async function requireGrantChain(
  client: Client<Transport, Chain | undefined>,
  grant: Pick<Grant, "chainId">,
): Promise<void> {
  if (typeof grant !== "object" || grant === null || !Number.isSafeInteger(grant.chainId))
    throw new InvalidGrant({
      code: "INVALID_GRANT",
      shortMessage: grant ? "The grant has no chain." : "The grant is missing.",
      metaMessages: ["Pass a proposal from proposeSession, or a grant from signGrant or parseGrant."],
    });
  const chainId = await getChainId(client);
  if (chainId === grant.chainId) return;
  throw new InvalidGrant({
    code: "WRONG_CHAIN",
    shortMessage: `The grant is for chain ${grant.chainId}; the client is connected to chain ${chainId}.`,
    metaMessages: ["Use a client of the grant's chain."],
    details: { expected: grant.chainId, chainId },
  });
}
