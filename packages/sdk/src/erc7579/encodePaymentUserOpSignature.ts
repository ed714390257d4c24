import { encodeAbiParameters, getAbiItem, type Hex } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { grantSession } from "../grant/grantSession.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { parseHex } from "../units/parseHex.ts";
import { parseWhole } from "../units/parseWhole.ts";

const [sessionType] = getAbiItem({ abi: sessionModuleAbi, name: "enable" }).inputs;

/**
 * The `signature` of a userOp that {@link encodePaymentUserOpCallData} makes, around a signature of the key.
 *
 * @param parameters.session The session, with its module: a grant or a proposal.
 * @param parameters.signature The owner's grant, prefix included; left out or `0x` once the session is enabled.
 * @param parameters.period The number of the budget's period that is charged.
 * @param parameters.keySignature The key's, over `PaymentUserOp`: {@link signPaymentUserOp} makes both. For a stub any
 * 65 bytes that are somebody's signature.
 * @returns `abi.encode(Session session, bytes grant, uint256 period, bytes keySignature)`.
 */
export const encodePaymentUserOpSignature = (parameters: {
  session: SessionCarrier;
  signature?: Hex;
  period: bigint;
  keySignature: Hex;
}): Hex =>
  encodeAbiParameters(
    [sessionType, { type: "bytes" }, { type: "uint256" }, { type: "bytes" }],
    [
      grantSession(parameters.session),
      parseHex(parameters.signature ?? "0x", "signature"),
      parseWhole(parameters.period, "period", 1n << 256n),
      parseHex(parameters.keySignature, "keySignature"),
    ],
  );
