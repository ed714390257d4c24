import type { Address } from "viem";
import { sessionTypes } from "../generated/eip712/sessionTypes.ts";
import { eip712Domain } from "./eip712Domain.ts";
import { readSession } from "./readSession.ts";
import type { Session } from "./Session.ts";

/**
 * The session as EIP-712 typed data, for a wallet that shows it to its owner and signs it in its own format.
 * Pass it to `signTypedData` as it is.
 *
 * @param session The session that the owner grants.
 * @param domain The chain's id and the module's address: a grant is not valid anywhere else.
 * @throws {InvalidInput} MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT
 */
export const sessionTypedData = (session: Session, domain: { chainId: number; module: Address }) =>
  ({
    domain: eip712Domain(domain.chainId, domain.module),
    types: sessionTypes,
    primaryType: "Session",
    message: readSession(session),
  }) as const;
