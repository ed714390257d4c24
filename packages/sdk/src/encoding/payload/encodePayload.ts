import {
  type Address,
  concat,
  type Hex,
  isAddressEqual,
  keccak256,
  numberToHex,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  toBytes,
} from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { normalSignature } from "../../internal/ecdsaSignature.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseWhole } from "../../internal/parseWhole.ts";
import { packNumber, packSession } from "../../session/packSession.ts";
import { readSession } from "../../session/readSession.ts";
import { ANYONE, type Budget } from "../../session/Session.ts";
import type { PayloadParameters, PaymentMethodParameters } from "./PayloadParameters.ts";
import { PERMIT2_EXACT_CODE, PERMIT2_UPTO_CODE } from "./paymentMethodCode.ts";
import { tokenDomainCode } from "./tokenDomainCode.ts";

/**
 * The bytes with which the account answers the ERC-1271 query of a token, or of Permit2, about a payment of a session:
 * version 1 for an enabled session, 2 with a grant, 3 and 4 for the same if the account wraps the hash.
 * `contracts/libraries/Payloads.sol` has the form. Wrap them for the account with {@link wrapForSafe} or {@link wrapForErc7579}.
 *
 * @throws {Refusal} INVALID_PAYLOAD if it cannot be encoded: no such budget, a payee who is not
 * a recipient, a key signature that is not a secp256k1 signature.
 * @throws {InvalidInput} MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export function encodePayload(parameters: PayloadParameters): Hex {
  const { slot, grant, wrapsHash } = parameters;
  if (typeof slot !== "object" || slot === null) throw invalid("`slot` is missing.", { slot });
  const session = readSession(parameters.session);
  const budgetIndex = parseWhole(parameters.budgetIndex, "budgetIndex", 256);
  const to = parseAddress(parameters.to, "to");
  const budget = session.budgets[budgetIndex];
  if (!budget) throw invalid(`The session has no budget ${budgetIndex}.`, { budgetIndex });
  return concat([
    byte((grant === undefined ? 1 : 2) + (wrapsHash ? 2 : 0)),
    wrapsHash ? session.key : "0x",
    byte(budgetIndex),
    packAmount(parseWhole(slot.lot, "slot.lot", 1n << 128n)),
    byte(parseWhole(slot.size, "slot.size", 256)),
    packAmount(parseWhole(slot.index, "slot.index", 1n << 16n)),
    packAmount(payeeNumber(budget, to)),
    packAmount(parameters.value),
    packAmount(parameters.validAfter),
    packAmount(parameters.validBefore),
    packMethod(parameters),
    compactSignature(parseHex(parameters.keySignature, "keySignature")),
    grant === undefined
      ? packSession(session, { budgets: [budgetIndex], actions: false })
      : concat([packSession(session), parseHex(grant, "grant")]),
  ]);
}

/** A number of a payload, checked. */
function packAmount(value: bigint): Hex {
  if (typeof value !== "bigint") throw invalid(`${String(value)} is not a bigint.`, { value });
  if (value < 0n) throw invalid("Numbers in a payload cannot be negative.", { value });
  if (value >= 1n << 256n) throw invalid("Numbers in a payload have at most 32 bytes.", { value });
  return packNumber(value);
}

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** Listed recipients are encoded by their index. */
function payeeNumber(budget: Budget, to: Address): bigint {
  const index = budget.recipients.findIndex((recipient) => isAddressEqual(recipient, to));
  if (index >= 0 && to !== ANYONE) return BigInt(index);
  const anyone = budget.recipients.some((recipient) => isAddressEqual(recipient, ANYONE));
  if (!anyone) throw invalid(`${to} is not a recipient of the budget.`, { to });
  if (BigInt(to) < 32n) throw invalid(`${to} cannot be a payee: its encoding is an index.`, { to });
  return BigInt(to);
}

function packMethod(parameters: PaymentMethodParameters): Hex {
  switch (parameters.method) {
    case undefined:
    case "eip3009":
      return packTokenDomain(parameters.tokenDomain);
    case "permit2-exact":
      return byte(PERMIT2_EXACT_CODE);
    case "permit2-upto":
      return concat([byte(PERMIT2_UPTO_CODE), addressBytes(parameters.facilitator, "facilitator")]);
    default:
      throw invalid("There is no such kind of signed payment.", parameters);
  }
}

function packTokenDomain(domain: { name: string; version: string }): Hex {
  if (typeof domain?.name !== "string" || typeof domain.version !== "string")
    throw invalid("The token's domain needs a name and a version.", { domain });
  const code = tokenDomainCode(domain);
  if (code !== 0) return byte(code);
  return concat(["0x00", keccak256(toBytes(domain.name)), keccak256(toBytes(domain.version))]);
}

/** EIP-2098: the parity of the point in the top bit of s. */
function compactSignature(signature: Hex): Hex {
  const normal = normalSignature(signature);
  if (!normal)
    throw invalid("The key signature is not a secp256k1 signature of 64 or 65 bytes.", { signature });
  return serializeCompactSignature(signatureToCompactSignature(parseSignature(normal)));
}

const invalid = (shortMessage: string, details: { readonly [name: string]: unknown }) =>
  new Refusal({
    code: "INVALID_PAYLOAD",
    shortMessage,
    metaMessages: ["Encode payloads from the session's own budgets and a signature of its key."],
    details,
  });
