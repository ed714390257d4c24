import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const payload = rulesOf("libraries/Payloads.sol");
const separator = rulesOf("libraries/DomainSeparator.sol");

/** What the bytes of the signature rail say, and the digest that they stand for. */
export const payloads: Removal[] = [
  payload(
    "payload-length",
    "too few bytes are not a payload",
    "if (signature.length < SHORTEST) return false;",
  ),
  payload("payload-version-least", "version 0 is not valid", "version >= 1 && "),
  payload("payload-version-most", "a version above 4 is not valid", " && version <= 4"),
  payload(
    "payload-form",
    "bytes that do not encode a payload are not read as one",
    "if (!isPayload(signature)) return (false, payload, rest);",
  ),
  payload(
    "payload-number-width",
    "a number fits its field",
    "shl(64, or(gt(n, width), zeroFirst))",
    "shl(64, zeroFirst)",
  ),
  payload(
    "payload-number-canonical",
    "a number has no zeros in front",
    "shl(64, or(gt(n, width), zeroFirst))",
    "shl(64, gt(n, width))",
  ),
  payload("payload-code", "a payment is of a kind that there is", "if (code > 5) ok = false;"),
  ...(
    [
      ["payee", "cursor := readNumber(cursor, 20)", "cursor := readNumber(cursor, 32)"],
      [
        "valid-after",
        "readNumber(cursor, 32)\n            mstore(add(payload, 0xe0), value)",
        "readNumber(cursor, 255)\n            mstore(add(payload, 0xe0), value)",
      ],
    ] as const
  ).map(([name, find, replace]) =>
    payload(`payload-width-of-${name}`, `a payload's ${name} fits`, find, replace),
  ),
  payload(
    "payload-payee",
    "the payee is one of the recipients",
    "if (index >= budget.recipients.length) return (false, payee);",
    "if (index >= budget.recipients.length) return (true, payee);",
  ),
  payload(
    "payload-payee-address",
    "the payee that is named by its address is one of the recipients",
    "return (Calls.isRecipient(budget, payee), payee);",
    "return (true, payee);",
  ),
  payload(
    "payload-payee-index",
    "below 32 a payee is named by its place",
    "if (index >= MAX_RECIPIENTS) {",
    "if (index >= budget.recipients.length) {",
  ),
  ...(
    [
      ["from", "uint160(from),"],
      ["to", "uint160(to),"],
      ["value", "payload.value,"],
      ["valid-after", "payload.validAfter,"],
      ["valid-before", "payload.validBefore,"],
    ] as const
  ).map(([name, find]) =>
    payload(`digest-${name}`, `the digest is of the payload's own ${name}`, find, "uint256(0),"),
  ),
  payload(
    "digest-nonce",
    "the digest is of the slot's nonce",
    "uint256(Slots.nonceOf(prefix, slot.lot, slot.size, slot.index))",
    "uint256(0)",
  ),
  payload(
    "digest-type",
    "the digest is of TransferWithAuthorization",
    '"TransferWithAuthorization(address from',
    '"ReceiveWithAuthorization(address from',
  ),
  payload(
    "digest-name",
    "the digest is of the token's name",
    "compute(payload.nameHash, ",
    "compute(bytes32(0), ",
  ),
  payload(
    "digest-version",
    "the digest is of the token's version",
    "payload.versionHash, token)",
    "bytes32(0), token)",
  ),
  payload(
    "digest-token",
    "the digest is of the token",
    "payload.versionHash, token)",
    "payload.versionHash, address(0))",
  ),
  separator(
    "domain-chain",
    "grants and authorizations are for one chain",
    "block.chainid, verifyingContract",
    "uint256(8453), verifyingContract",
  ),
  separator(
    "domain-contract",
    "grants and authorizations are for one contract",
    "block.chainid, verifyingContract",
    "block.chainid, address(0)",
  ),
];
