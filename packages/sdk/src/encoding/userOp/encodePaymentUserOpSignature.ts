import { concat, type Hex, numberToHex, pad } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import type { SessionCarrier } from "../../grant/SessionCarrier.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { normalSignature } from "../../internal/ecdsaSignature.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseWhole } from "../../internal/parseWhole.ts";
import { transferOf } from "../../session/CallRequest.ts";
import { packSession } from "../../session/packSession.ts";
import { partsNeeded } from "../../session/partsNeeded.ts";
import type { UserOpPayment } from "./encodePaymentUserOpCallData.ts";

/**
 * The `signature` of a userOp of {@link encodePaymentUserOpCallData}, around a signature of the key.
 *
 * @param parameters.session The session, with its module: a grant or a proposal.
 * @param parameters.signature The owner's grant, prefix included; omitted or `0x` once the session is enabled.
 * @param parameters.period The number of the charged period of the budget.
 * @param parameters.keySignature The key's, over `PaymentUserOp`: {@link signPaymentUserOp} makes both. For a stub, any
 * signature.
 * @param parameters.payment What the userOp pays. Then only the parts of an enabled session that it needs are included.
 * @returns The key's signature (65 bytes), the period (6), the key (20), the session's own bytes, the grant, 20 zeros.
 * @throws {InvalidInput} INVALID_INPUT; INVALID_ADDRESS; MALFORMED_SESSION
 */
export function encodePaymentUserOpSignature(parameters: {
  session: SessionCarrier;
  signature?: Hex;
  period: bigint;
  keySignature: Hex;
  payment?: UserOpPayment;
}): Hex {
  const session = sessionIn(parameters.session);
  const given = parseHex(parameters.keySignature, "keySignature");
  const keySignature = normalSignature(given);
  if (!keySignature)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The key signature is not a secp256k1 signature of 64 or 65 bytes.",
      metaMessages: ["Sign with signPaymentUserOp."],
      details: { keySignature: given },
    });
  const grant = parseHex(parameters.signature ?? "0x", "signature");
  const whole =
    grant === "0x" && parameters.payment ? partsNeeded(session, [transferOf(parameters.payment)]) : undefined;
  return concat([
    keySignature,
    numberToHex(parseWhole(parameters.period, "period", 1n << 48n), { size: 6 }),
    session.key,
    packSession(session, whole),
    grant,
    pad("0x", { size: 20 }),
  ]);
}
