import {
  type Address,
  type Chain,
  type Client,
  domainSeparator,
  type Hex,
  parseAbi,
  type Transport,
} from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { readContract } from "../../internal/chainActions.ts";
import { shortened, shownAs } from "./shortened.ts";

/** The domain separator that a token has if its EIP-712 name and version are these. */
export const tokenSeparator = ({ chainId, token, tokenDomain }: TokenDomain): Hex =>
  domainSeparator({ domain: { ...tokenDomain, chainId, verifyingContract: token } });

type TokenDomain = { chainId: number; token: Address; tokenDomain: { name: string; version: string } };

const tokenAbi = parseAbi(["function DOMAIN_SEPARATOR() view returns (bytes32)"]);

/**
 * Compares the EIP-712 name and version of an offer with the token's own domain separator: a signature in
 * any other domain would buy nothing and use a slot.
 *
 * @throws {Refusal} WRONG_DOMAIN if they differ; NETWORK; UNKNOWN if the token has no separator.
 */
export async function checkTokenDomain(
  client: Client<Transport, Chain | undefined>,
  parameters: TokenDomain,
): Promise<void> {
  const { token, tokenDomain } = parameters;
  const own = await readContract(client, { address: token, abi: tokenAbi, functionName: "DOMAIN_SEPARATOR" });
  if (own === tokenSeparator(parameters)) return;
  throw new Refusal({
    code: "WRONG_DOMAIN",
    shortMessage: `The offer's EIP-712 name and version (${shownAs(tokenDomain.name)}, ${shownAs(tokenDomain.version)}) are not the token's.`,
    metaMessages: ["Nothing was signed. The merchant must state the token's own EIP-712 name and version."],
    details: { token, name: shortened(tokenDomain.name), version: shortened(tokenDomain.version) },
  });
}
