import { type Address, decodeFunctionData, type Hex, isAddressEqual, size, slice } from "viem";
import { Refusal } from "../errors/Refusal.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Call, Session } from "../Session.ts";
import { encodeSessionUserOpCallData } from "./encodeSessionUserOpCallData.ts";
import { erc7579Abi } from "./erc7579Abi.ts";

/** What the callData of a session's userOp says. */
export type SessionUserOpCallData = {
  session: Session;
  /** The owner's grant that travels along; `0x`: none. */
  signature: Hex;
  calls: readonly Call[];
};

/** Bytes of the one execution before the module's calldata: target and value. */
const HEAD = 52;

/**
 * Reads the callData of a session's userOp back: the inverse of {@link encodeSessionUserOpCallData}.
 *
 * @param module The session module that it must go to.
 * @throws {Refusal} INVALID_CALLDATA: any other form, which the module's validator refuses.
 */
export function decodeSessionUserOpCallData(callData: Hex, module: Address): SessionUserOpCallData {
  let decoded: SessionUserOpCallData;
  try {
    const outer = decodeFunctionData({ abi: erc7579Abi, data: callData });
    if (outer.functionName !== "execute") throw new Error(`it calls ${outer.functionName}`);
    const execution = outer.args[1];
    if (size(execution) < HEAD || !isAddressEqual(slice(execution, 0, 20), module))
      throw new Error("it does not call the session module");
    const inner = decodeFunctionData({ abi: sessionModuleAbi, data: slice(execution, HEAD) });
    if (inner.functionName !== "execute") throw new Error(`it calls the module's ${inner.functionName}`);
    const [session, signature, calls] = inner.args;
    decoded = { session, signature, calls };
  } catch (cause) {
    throw notOurs(cause);
  }
  // One session has one encoding: another mode, a value, or a byte behind the end shows here.
  const canonical = encodeSessionUserOpCallData({
    ...decoded,
    session: { module, session: decoded.session },
  });
  if (canonical.toLowerCase() !== callData.toLowerCase()) throw notOurs(undefined);
  return decoded;
}

const notOurs = (cause: unknown) =>
  new Refusal({
    code: "INVALID_CALLDATA",
    shortMessage: "The userOp's callData is not of the one form that the session module's validator takes.",
    metaMessages: [
      "Give the calls as `calls` and let the account encode them; leave out `dataSuffix` and `callData`.",
    ],
    cause,
  });
