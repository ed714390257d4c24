import { type Address, concat, domainSeparator, type Hex, hashStruct, numberToHex, size, toHex } from "viem";
import { hashTypedData } from "viem/experimental/erc7739";
import { type Session, sessionTypedData } from "../../../packages/sdk/src/index.ts";
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
  return { name, version, chainId, verifyingContract, salt };
};

/**
 * The types of a session as ERC-7739 writes them behind a signature: all in alphabetical order, as EIP-712 hashes them
 * where the session is a member of something, then the name of the one that was signed ("explicit mode"). The shorter
 * mode, the session's own type string, would be another hash than a wallet's, as `Action` comes before `Session`.
 */
function contentsDescription({ types, primaryType }: ReturnType<typeof sessionTypedData>): string {
  const structs = Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1));
  const written = structs.map(
    ([name, members]) => `${name}(${members.map((member) => `${member.type} ${member.name}`).join(",")})`,
  );
  return `${written.join("")}${primaryType}`;
}

/**
 * A session signed as ERC-7739 nests it: the owner's wallet shows the session's content, the signature counts for this
 * account alone.
 * @param sign Signs a hash with the owner's key.
 */
export async function signNestedSession(
  testChain: TestChain,
  { account, session, module }: { account: Address; session: Session; module: Address },
  sign: (hash: Hex) => Promise<Hex>,
): Promise<Hex> {
  const typedData = sessionTypedData(session, { chainId: testChain.chainId, module });
  const verifierDomain = await verifierDomainOf(testChain, account);
  const signature = await sign(hashTypedData({ ...typedData, verifierDomain }));
  const description = toHex(contentsDescription(typedData));
  return concat([
    signature,
    domainSeparator({ domain: typedData.domain }),
    hashStruct({ data: typedData.message, types: typedData.types, primaryType: "Session" }),
    description,
    numberToHex(size(description), { size: 2 }),
  ]);
}
