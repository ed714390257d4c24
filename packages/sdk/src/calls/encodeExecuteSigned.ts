import { encodeFunctionData } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { grantSession } from "../grant/grantSession.ts";
import type { EncodedCall } from "./CallRequest.ts";
import type { SignedExecution } from "./signExecution.ts";

/**
 * The call by which anyone whom the key allowed submits a signed execution.
 *
 * @param parameters.signed By {@link signExecution}.
 * @param parameters.isEnabled Whether the session is known to be enabled: the grant's signature stays at home then.
 */
export function encodeExecuteSigned(parameters: {
  grant: Grant;
  signed: SignedExecution;
  isEnabled?: boolean;
}): EncodedCall {
  const { grant, signed, isEnabled } = parameters;
  return {
    to: grant.module,
    value: 0n,
    data: encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "executeSigned",
      args: [
        grantSession(grant),
        isEnabled ? "0x" : grant.signature,
        signed.calls,
        signed.caller,
        signed.nonce,
        signed.deadline,
        signed.keySignature,
      ],
    }),
  };
}
