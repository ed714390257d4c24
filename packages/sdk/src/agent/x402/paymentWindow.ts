/** Facilitators reject an authorization that expires within six seconds of their clock. */
export const FACILITATOR_SECONDS = 6;
/** No authorization is valid for more seconds, whatever the merchant asks: its slot is reserved until it expires. */
export const LONGEST_VALIDITY = 3600;
/** For how many seconds the account, or the module, is asked again about a payment that it should accept. */
export const CONSENT_SECONDS = 5;
/** A slot stays reserved this many seconds after its authorization expired: for nodes that lag behind, and small reorgs. */
export const SETTLING_SECONDS = 60;

/**
 * Until when an authorization signed now should be valid. All times are seconds of Unix time.
 *
 * @param parameters.now The chain's time, see {@link currentTime}.
 * @param parameters.maxTimeoutSeconds How long the payment may take, according to the merchant.
 * @param parameters.resetsAt When the period or the session ends, whichever is sooner: the slot expires then.
 * @param parameters.margin Seconds that must remain before that, beyond the six that facilitators need.
 * @returns Its validBefore; undefined if too little is left of the period.
 */
export function paymentWindow(parameters: {
  now: number;
  maxTimeoutSeconds: number;
  resetsAt: number;
  margin: number;
}): { validBefore: number } | undefined {
  const { now, resetsAt } = parameters;
  if (resetsAt - now < FACILITATOR_SECONDS + parameters.margin) return undefined;
  return { validBefore: Math.min(now + Math.min(parameters.maxTimeoutSeconds, LONGEST_VALIDITY), resetsAt) };
}
