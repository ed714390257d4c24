import type { Removal } from "./Removal.ts";

const file = "Payload.sol";

/** What the bytes of the signature rail say. */
export const payload: Removal[] = [
  {
    name: "payload-length",
    rule: "bytes too few for a payload are none",
    file,
    find: "if (signature.length < SHORTEST) return false;",
    replace: "",
  },
  {
    name: "payload-domain-code",
    rule: "a code of the token's domain is known",
    file,
    find: "if (code == 3) return (true, ",
    replace: "return (true, ",
  },
  {
    name: "payload-end",
    rule: "a payload ends where its session does",
    file,
    find: "ok := and(ok, eq(cursor, mload(add(payload, 0x180))))",
    replace: "",
  },
  {
    name: "payload-appended",
    rule: "nothing stands behind a payload",
    file,
    find: "eq(cursor, mload(add(payload, 0x180)))",
    replace: "iszero(gt(cursor, mload(add(payload, 0x180))))",
  },
  {
    name: "payload-cut",
    rule: "a payload is not cut short",
    file,
    find: "eq(cursor, mload(add(payload, 0x180)))",
    replace: "iszero(lt(cursor, mload(add(payload, 0x180))))",
  },
  {
    name: "payload-granted-offsets",
    rule: "offsets and lengths of a granted payload are below 2**32",
    file,
    find: "ok := iszero(shr(32, or(or(first, second), grant.length)))",
    replace: "ok := 1",
  },
  {
    name: "payload-granted-end",
    rule: "a granted payload ends where its grant does",
    file,
    find: "ok := and(ok, eq(add(grant.offset, and(add(grant.length, 31), not(31))), end))",
    replace: "",
  },
  {
    name: "payload-granted-readable",
    rule: "a granted payload's session can be read",
    file,
    find: "if (ok) (ok, session, id) = Sessions.tryRead(encoded);",
    replace: "if (ok) (, session, id) = Sessions.tryRead(encoded);",
  },
  {
    name: "payload-payee",
    rule: "the payee is one of the recipients",
    file,
    find: "if (payload.payee >= recipients.length) return (false, payee);",
    replace: "if (payload.payee >= recipients.length) return (true, payee);",
  },
  {
    name: "payload-anyone",
    rule: "only where the recipients are [ANYONE] the payload names the payee",
    file,
    find: "if (recipients.length == 1 && recipients[0] == ANYONE) return",
    replace: "if (true) return",
  },
  {
    name: "digest-chain",
    rule: "an authorization is for one chain",
    file,
    find: "payload.versionHash, block.chainid, token)",
    replace: "payload.versionHash, uint256(8453), token)",
  },
  ...(
    [
      ["from", "from,\n                to,", "address(0),\n                to,"],
      ["to", "from,\n                to,", "from,\n                address(0),"],
      ["value", "payload.value,", "uint256(0),"],
      ["valid-after", "payload.validAfter,", "uint256(0),"],
      ["valid-before", "payload.validBefore,", "uint256(0),"],
    ] as const
  ).map(([name, find, replace]) => ({
    name: `digest-${name}`,
    rule: `the digest is of the payload's own ${name}`,
    file,
    find,
    replace,
  })),
  {
    name: "digest-type",
    rule: "the digest is of TransferWithAuthorization",
    file,
    find: '"TransferWithAuthorization(address from',
    replace: '"ReceiveWithAuthorization(address from',
  },
];
