import { type Address, concat, encodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseWhole } from "../../internal/parseWhole.ts";

/**
 * The handler that a Safe uses. `session`: our SafeSessionHandler, on Safes up to 1.4.1. `extensible`: the
 * ExtensibleFallbackHandler, from Safe 1.5.0 on, with the module as the domain verifier of the token.
 */
export type SafeHandlerKind = "session" | "extensible";

/** Type hash of `TransferWithAuthorization`, the only message that the signature rail approves. */
export const TRANSFER_WITH_AUTHORIZATION_TYPEHASH: Hex =
  "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267";

const forDomainVerifier = parseAbiParameters(
  "bytes32 domainSeparator, bytes32 typeHash, bytes encodeData, bytes payload",
);
const authorizationWords = parseAbiParameters(
  "address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce",
);

/**
 * Turns a payload into the ERC-1271 signature that a Safe's fallback handler forwards to the module.
 *
 * @param payload From {@link encodePayload}.
 * @param safe The Safe's handler; for `extensible` also the token's domain separator, as the token itself
 * returns it, and the authorization that was signed.
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export function wrapForSafe(
  payload: Hex,
  safe:
    | { handler: "session" }
    | {
        handler: "extensible";
        domainSeparator: Hex;
        authorization: {
          from: Address;
          to: Address;
          value: bigint;
          validAfter: bigint;
          validBefore: bigint;
          nonce: Hex;
        };
      },
): Hex {
  parseHex(payload, "payload");
  if (safe.handler === "session") return payload;
  if (safe.handler !== "extensible" || !safe.authorization)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The Safe's handler is missing.",
      metaMessages: ['Pass handler: "session", or "extensible" with domainSeparator and authorization.'],
    });
  const { from, to, value, validAfter, validBefore, nonce } = safe.authorization;
  const encodeData = encodeAbiParameters(authorizationWords, [
    parseAddress(from, "authorization.from"),
    parseAddress(to, "authorization.to"),
    parseWhole(value, "authorization.value", 1n << 256n),
    parseWhole(validAfter, "authorization.validAfter", 1n << 256n),
    parseWhole(validBefore, "authorization.validBefore", 1n << 256n),
    parseHex(nonce, "authorization.nonce", 32),
  ]);
  // The selector of the handler's own marker function, encodeData's type hash among the arguments.
  return concat([
    "0x5fd7e97d",
    encodeAbiParameters(forDomainVerifier, [
      parseHex(safe.domainSeparator, "domainSeparator", 32),
      TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
      encodeData,
      payload,
    ]),
  ]);
}
