import { encodeFunctionData } from "viem";
import { sessionLensAddress } from "../addresses/sessionLensAddress.ts";
import { loggable } from "../errors/json.ts";
import { sessionLensAbi } from "../generated/abis/sessionLensAbi.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { encodeSession } from "../session/packSession.ts";
import { encodeEnable } from "./encodeEnable.ts";

/**
 * The calls with which an account with several owners enables a session, in one batch, all or none. The first shows the
 * session as a struct, so that every co-signer's wallet decodes every limit, and reverts unless the packed bytes are
 * that session. The second enables those bytes. The co-signer must check that both have the same bytes:
 * {@link decodeReviewableEnable}.
 *
 * Needs the SessionLens at {@link sessionLensAddress}: a call to an address without code succeeds and proves nothing.
 *
 * @throws {Refusal} INVALID_GRANT; MALFORMED_SESSION; INVALID_ADDRESS
 */
export const encodeReviewableEnable = (proposal: SessionCarrier): EncodedCall[] => {
  const session = sessionIn(proposal);
  return loggable([
    {
      to: sessionLensAddress(),
      value: 0n,
      data: encodeFunctionData({
        abi: sessionLensAbi,
        functionName: "requireSame",
        args: [session, encodeSession(session)],
      }),
    },
    encodeEnable(proposal),
  ]);
};
