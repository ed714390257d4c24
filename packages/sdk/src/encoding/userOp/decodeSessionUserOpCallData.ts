import {
  type Address,
  decodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  hexToBigInt,
  isAddressEqual,
  isHex,
  size,
  slice,
} from "viem";
import { erc7579Abi } from "../../accounts/erc7579/erc7579Abi.ts";
import { loggable } from "../../errors/json.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { Call } from "../../session/Session.ts";
import { type CarriedSession, decodeSession } from "../../session/unpackSession.ts";
import { encodePaymentUserOpCallData, type UserOpPayment } from "./encodePaymentUserOpCallData.ts";
import { executionCallData } from "./encodeSessionUserOpCallData.ts";

/** The decoded callData of a session's userOp, in either of its two forms. */
export type SessionUserOpCallData = {
  /** The account's calls. */
  calls: readonly Call[];
} & (
  | {
      /** From {@link encodeSessionUserOpCallData}: through the module, which checks every limit then. */
      form: "execution";
      session: CarriedSession;
      /** The owner's grant that is carried along; `0x`: none. */
      signature: Hex;
    }
  | {
      /** From {@link encodePaymentUserOpCallData}: by the account itself. The session is in the userOp's signature. */
      form: "payment";
      payment: UserOpPayment;
    }
);

/** Bytes of the one execution before the calldata of its call: target and value. */
const HEAD = 52;

/**
 * Decodes the callData of a session's userOp: the inverse of {@link encodeSessionUserOpCallData} and of
 * {@link encodePaymentUserOpCallData}. Decoding does not mean that a session allows it.
 *
 * @param module The session module.
 * @throws {Refusal} INVALID_CALLDATA: any other form, which the module's validator rejects; INVALID_ADDRESS.
 */
export function decodeSessionUserOpCallData(callData: Hex, module: Address): SessionUserOpCallData {
  parseAddress(module, "module");
  if (typeof callData !== "string" || !isHex(callData)) throw notOurs(undefined);
  // Selectors are compared as text.
  const written = callData.toLowerCase() as Hex;
  let decoded: SessionUserOpCallData;
  let again: Hex = "0x";
  try {
    const outer = decodeFunctionData({ abi: erc7579Abi, data: written });
    if (outer.functionName !== "execute") throw new Error(`it calls ${outer.functionName}`);
    const execution = outer.args[1];
    const target = getAddress(slice(execution, 0, 20, { strict: true }));
    const value = hexToBigInt(slice(execution, 20, HEAD, { strict: true }));
    const data = size(execution) === HEAD ? "0x" : slice(execution, HEAD);
    if (isAddressEqual(target, module)) {
      const inner = decodeFunctionData({ abi: sessionModuleAbi, data });
      if (inner.functionName !== "execute") throw new Error(`it calls the module's ${inner.functionName}`);
      const [session, signature, calls] = inner.args;
      again = executionCallData(module, inner.args);
      decoded = { form: "execution", session: decodeSession(session), signature, calls };
    } else {
      decoded = readPayment({ target, value, data });
    }
  } catch (cause) {
    throw notOurs(cause);
  }
  // There is one encoding: another mode, a value, or a trailing byte shows here.
  const canonical = decoded.form === "payment" ? encodePaymentUserOpCallData(decoded.payment) : again;
  if (canonical.toLowerCase() !== written) throw notOurs(undefined);
  return loggable(decoded);
}

function readPayment(call: Call): SessionUserOpCallData {
  const { functionName, args } = decodeFunctionData({ abi: erc20Abi, data: call.data });
  if (functionName !== "transfer") throw new Error(`it calls a token's ${functionName}`);
  const [to, amount] = args;
  return { form: "payment", payment: { token: call.target, to, amount }, calls: [call] };
}

const notOurs = (cause: unknown) =>
  new Refusal({
    code: "INVALID_CALLDATA",
    shortMessage:
      "The userOp's callData has neither of the forms that the session module's validator accepts.",
    metaMessages: [
      "Pass the calls as `calls` and let the account encode them; omit `dataSuffix` and `callData`.",
    ],
    cause,
  });
