import { type Hash, type Hex, hashTypedData } from "viem";
import type { UserOpPayment } from "../../encoding/userOp/encodePaymentUserOpCallData.ts";
import { encodePaymentUserOpSignature } from "../../encoding/userOp/encodePaymentUserOpSignature.ts";
import type { SessionCarrier } from "../../grant/SessionCarrier.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseWhole } from "../../internal/parseWhole.ts";
import { eip712Domain } from "../../session/eip712Domain.ts";
import { eip712Types } from "../../session/eip712Types.ts";
import { hashSession } from "../../session/hashSession.ts";
import { hashSigner } from "./hashSigner.ts";
import type { UserOpKey } from "./UserOpKey.ts";

/**
 * The `signature` of a userOp of {@link encodePaymentUserOpCallData}: the session, the grant, the charged period,
 * and the key's EIP-712 signature over `PaymentUserOp(bytes32 session,uint256 period,bytes32 userOpHash)`.
 *
 * @param key The session's key.
 * @param parameters.session The session, with its module: a grant or a proposal.
 * @param parameters.signature The owner's grant, prefix included; omitted or `0x` once the session is enabled.
 * @param parameters.period The number of the budget's period, which the EntryPoint enforces:
 * ⌊(now − validAfter) / period⌋.
 * @param parameters.userOpHash Of ERC-4337; it covers neither session nor period.
 * @param parameters.payment What the userOp pays: see {@link encodePaymentUserOpSignature}, whose form is returned.
 * @throws {Refusal} INVALID_SIGNER: the key cannot sign bare hashes; NOT_SIGNED: it rejected the request.
 */
export async function signPaymentUserOp(
  key: UserOpKey,
  parameters: {
    session: SessionCarrier;
    chainId: number;
    signature?: Hex;
    period: bigint;
    userOpHash: Hash;
    payment?: UserOpPayment;
  },
): Promise<Hex> {
  const { session, chainId, signature = "0x" } = parameters;
  const id = hashSession(sessionIn(session));
  const period = parseWhole(parameters.period, "period", 1n << 48n);
  const userOpHash = parseHex(parameters.userOpHash, "userOpHash", 32);
  const keySignature = await hashSigner(key)(
    hashTypedData({
      domain: eip712Domain(chainId, session.module),
      types: { PaymentUserOp: eip712Types.PaymentUserOp },
      primaryType: "PaymentUserOp",
      message: { session: id, period, userOpHash },
    }),
  );
  return encodePaymentUserOpSignature({
    session,
    signature,
    period,
    keySignature,
    payment: parameters.payment,
  });
}
