import { concat, domainSeparator, type Hex, hashStruct, numberToHex, size, slice, toHex } from "viem";
import type { sessionTypedData } from "../sessionTypedData.ts";

type SessionTypedData = ReturnType<typeof sessionTypedData>;

/** An account's domain as it tells it by ERC-5267, all of it. */
export type AccountDomain = {
  name: string;
  version: string;
  chainId: number;
  verifyingContract: Hex;
  salt: Hex;
};

/**
 * What an owner signs in place of a session where the account nests signatures by ERC-7739: the session inside of the
 * account's own domain. A wallet shows the session, and the signature counts for this account alone.
 */
export const nestedSession = (session: SessionTypedData, account: AccountDomain) =>
  ({
    domain: session.domain,
    types: {
      ...session.types,
      TypedDataSign: [
        { name: "contents", type: "Session" },
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
        { name: "salt", type: "bytes32" },
      ],
    },
    primaryType: "TypedDataSign",
    message: { contents: session.message, ...account, chainId: BigInt(account.chainId) },
  }) as const;

/**
 * The types of a session as ERC-7739's explicit mode writes them behind a signature: all in alphabetical order, as
 * EIP-712 hashes them where the session is a member of something, then the name of the one that was signed.
 */
const contentsDescription = ({ types, primaryType }: SessionTypedData): Hex =>
  toHex(
    Object.entries(types)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, members]) => `${name}(${members.map((one) => `${one.type} ${one.name}`).join(",")})`)
      .join("") + primaryType,
  );

/** What stands between a nested signature and the description: the session's domain, and its own hash. */
const contentsHashes = ({ domain, types, message }: SessionTypedData): Hex =>
  concat([domainSeparator({ domain }), hashStruct({ data: message, types, primaryType: "Session" })]);

/** The bytes that the account takes: the signature over {@link nestedSession}, and what it needs to rebuild that. */
export function wrapNestedSignature(signature: Hex, session: SessionTypedData): Hex {
  const description = contentsDescription(session);
  return concat([
    signature,
    contentsHashes(session),
    description,
    numberToHex(size(description), { size: 2 }),
  ]);
}

/**
 * Whether a signature has the layout of ERC-7739 around this session.
 *
 * @returns `explicit`, as {@link wrapNestedSignature} makes it; `implicit` with any other description of the types;
 * undefined where it is not nested, or around something else.
 */
export function nestingMode(signature: Hex, session: SessionTypedData): "explicit" | "implicit" | undefined {
  const length = size(signature);
  if (length < 2) return undefined;
  const descriptionLength = Number(BigInt(slice(signature, length - 2)));
  const begin = length - 2 - descriptionLength;
  if (descriptionLength === 0 || begin < 64) return undefined;
  if (slice(signature, begin - 64, begin).toLowerCase() !== contentsHashes(session)) return undefined;
  return slice(signature, begin, begin + descriptionLength).toLowerCase() === contentsDescription(session)
    ? "explicit"
    : "implicit";
}
