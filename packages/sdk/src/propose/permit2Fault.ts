import {
  type Address,
  type Chain,
  type Client,
  erc20Abi,
  isAddressEqual,
  parseAbi,
  type Transport,
  zeroAddress,
} from "viem";
import { domainVerifier } from "../accounts/safe/domainVerifier.ts";
import { answerOf } from "../internal/answerOf.ts";
import { readContract } from "../internal/chainActions.ts";
import { hasCode } from "../internal/hasCode.ts";
import { PERMIT2, permit2DomainSeparator, X402_PROXIES } from "../session/permit2.ts";

const permit2Abi = parseAbi([
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function nonceBitmap(address owner, uint256 word) view returns (uint256)",
]);

/**
 * Why an account cannot pay a token by signed Permit2 transfers on this chain: Permit2 must answer at its address, x402's
 * two proxies must be there, the token must have allowances, and on a Safe 1.5.0 no other contract may answer for Permit2.
 *
 * @returns The rest of a sentence; undefined if it can, once it has installed the module and approved Permit2.
 * @throws {Refusal} NETWORK
 */
export async function permit2Fault(
  client: Client<Transport, Chain | undefined>,
  parameters: { token: Address; account: Address; module: Address; chainId: number },
): Promise<string | undefined> {
  const { token, account, module, chainId } = parameters;
  const separator = permit2DomainSeparator(chainId);
  const permit2 = { address: PERMIT2, abi: permit2Abi } as const;
  const [said, bitmap, proxies, allowance, verifier] = await Promise.all([
    answerOf(readContract(client, { ...permit2, functionName: "DOMAIN_SEPARATOR" })),
    answerOf(readContract(client, { ...permit2, functionName: "nonceBitmap", args: [account, 0n] })),
    Promise.all(
      Object.values(X402_PROXIES).map(async (proxy) => ((await hasCode(client, proxy)) ? [] : [proxy])),
    ),
    answerOf(
      readContract(client, {
        address: token,
        abi: erc20Abi,
        functionName: "allowance",
        args: [account, PERMIT2],
      }),
    ),
    // An account that is not a Safe 1.5.0, or not deployed yet, does not answer.
    domainVerifier(client, { account, domainSeparator: separator }),
  ]);
  if (said !== separator || bitmap === undefined) return `Permit2 is not at ${PERMIT2} on this chain`;
  const [missing] = proxies.flat();
  if (missing) return `x402's proxy ${missing} is not on this chain`;
  if (allowance === undefined) return "the token does not return allowances";
  if (verifier !== undefined && !isAddressEqual(verifier, zeroAddress) && !isAddressEqual(verifier, module))
    return `the Safe has another verifier of Permit2's domain, ${verifier}, which is not replaced`;
  return undefined;
}
