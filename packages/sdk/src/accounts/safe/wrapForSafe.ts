import { type Address, concat, encodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseWhole } from "../../internal/parseWhole.ts";
import { type Permit2Transfer, permit2Encoding } from "../../session/permit2Transfer.ts";

/**
 * The handler that a Safe uses. `session`: our SafeSessionHandler, on Safes up to 1.4.1. `extensible`: the
 * ExtensibleFallbackHandler, from Safe 1.5.0 on, with the module as the domain verifier of the token, or of Permit2.
 */
export type SafeHandlerKind = "session" | "extensible";

/** Type hash of `TransferWithAuthorization`, the only message of a token that the signature rail approves. */
export const TRANSFER_WITH_AUTHORIZATION_TYPEHASH: Hex =
  "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267";

const forDomainVerifier = parseAbiParameters(
  "bytes32 domainSeparator, bytes32 typeHash, bytes encodeData, bytes payload",
);
const authorizationWords = parseAbiParameters(
  "address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce",
);

/** The handler of Safe 1.5.0, and the message that the token or Permit2 asks the Safe about. */
type Extensible = { handler: "extensible"; domainSeparator: Hex } & (
  | {
      authorization: {
        from: Address;
        to: Address;
        value: bigint;
        validAfter: bigint;
        validBefore: bigint;
        nonce: Hex;
      };
    }
  | { transfer: Permit2Transfer }
);

/**
 * Turns a payload into the ERC-1271 signature that a Safe's fallback handler forwards to the module.
 *
 * @param payload From {@link encodePayload}.
 * @param safe The Safe's handler; for `extensible` also the domain separator, as the token or Permit2 itself
 * returns it, and the authorization or the Permit2 transfer that pays.
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export function wrapForSafe(payload: Hex, safe: { handler: "session" } | Extensible): Hex {
  parseHex(payload, "payload");
  if (safe.handler === "session") return payload;
  const { typeHash, encodeData } = messageOf(safe);
  // The selector of the handler's own marker function, encodeData's type hash among the arguments.
  return concat([
    "0x5fd7e97d",
    encodeAbiParameters(forDomainVerifier, [
      parseHex(safe.domainSeparator, "domainSeparator", 32),
      typeHash,
      encodeData,
      payload,
    ]),
  ]);
}

function messageOf(safe: Extensible): { typeHash: Hex; encodeData: Hex } {
  const isExtensible = safe.handler === "extensible";
  if (isExtensible && "transfer" in safe) return permit2Encoding(safe.transfer);
  if (!isExtensible || !("authorization" in safe) || !safe.authorization)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The Safe's handler is missing.",
      metaMessages: [
        'Pass handler: "session", or "extensible" with domainSeparator, and authorization or transfer.',
      ],
    });
  const { from, to, value, validAfter, validBefore, nonce } = safe.authorization;
  return {
    typeHash: TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
    encodeData: encodeAbiParameters(authorizationWords, [
      parseAddress(from, "authorization.from"),
      parseAddress(to, "authorization.to"),
      parseWhole(value, "authorization.value", 1n << 256n),
      parseWhole(validAfter, "authorization.validAfter", 1n << 256n),
      parseWhole(validBefore, "authorization.validBefore", 1n << 256n),
      parseHex(nonce, "authorization.nonce", 32),
    ]),
  };
}
