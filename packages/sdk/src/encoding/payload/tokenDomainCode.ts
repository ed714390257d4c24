/** EIP-712 names and versions of tokens that a payload encodes as one byte: the code is the index in the list. */
export const knownTokenDomains = [
  undefined,
  { name: "USD Coin", version: "2" },
  { name: "USDC", version: "2" },
  { name: "EURC", version: "2" },
] as const;

/** The one-byte code of a token's EIP-712 name and version; 0 if it has none and the payload must carry the hashes. */
export const tokenDomainCode = (domain: { name: string; version: string }): number => {
  const code = knownTokenDomains.findIndex(
    (known) => known !== undefined && known.name === domain.name && known.version === domain.version,
  );
  return Math.max(code, 0);
};
