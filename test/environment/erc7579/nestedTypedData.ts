import { type Address, type Hex, hashTypedData, isAddressEqual, type TypedDataDefinition } from "viem";
import { nestedSession, wrapNestedSignature } from "../../../packages/sdk/src/erc7739/nestedSession.ts";
import { erc7739Signer, type Session, sessionTypedData } from "../../../packages/sdk/src/index.ts";
import type { TestChain } from "../TestChain.ts";

/**
 * The domain that an account tells by ERC-5267, which ERC-7739 nests a signature in.
 * @throws If it tells none, or not all of it.
 */
export const verifierDomainOf = async ({ client }: TestChain, address: Address) => {
  const { domain } = await client.getEip712Domain({ address });
  const { name, version, chainId, verifyingContract, salt } = domain;
  if (!name || !version || !chainId || !verifyingContract || !salt) {
    throw new Error(`${address} has no whole domain`);
  }
  return { name, version, chainId: Number(chainId), verifyingContract, salt };
};

/**
 * A session signed as ERC-7739 nests it, by the SDK's own signer: without the prefix that names the validator. The SDK
 * does not sign for another account than the session's: such a signature is made of its parts.
 * @param sign Signs a hash with the owner's key.
 */
export async function signNestedSession(
  testChain: TestChain,
  { account, session, module }: { account: Address; session: Session; module: Address },
  sign: (hash: Hex) => Promise<Hex>,
): Promise<Hex> {
  const typedData = sessionTypedData(session, { chainId: testChain.chainId, module });
  const signNested = (nested: TypedDataDefinition) => sign(hashTypedData(nested));
  if (!isAddressEqual(account, session.account)) {
    const nested = nestedSession(typedData, await verifierDomainOf(testChain, account));
    return wrapNestedSignature(await signNested(nested as TypedDataDefinition), typedData);
  }
  const signer = erc7739Signer(testChain.client, { account, granter: "0x", sign: signNested });
  return signer.sign(hashTypedData(typedData), typedData);
}
