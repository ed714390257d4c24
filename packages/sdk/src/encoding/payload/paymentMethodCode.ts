/** How a payload names a payment by Permit2, where it has the code of a token's domain otherwise: see tokenDomainCode.ts. */
export const PERMIT2_EXACT_CODE = 4;
/** The same for x402's upto scheme; the facilitator follows. */
export const PERMIT2_UPTO_CODE = 5;
