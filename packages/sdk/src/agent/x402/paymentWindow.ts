/** Facilitators refuse an authorization that ends within six seconds of their clock. */
export const FACILITATOR_SECONDS = 6;
/** No authorization lives longer than this, as its slot is taken until it ends. */
const LONGEST = 300;

/**
 * Until when an authorization signed now should be good. All times are seconds of Unix time.
 *
 * @param parameters.now - by the chain, see {@link currentTime}
 * @param parameters.maxTimeoutSeconds - how long the merchant lets the payment take
 * @param parameters.resetsAt - when the period or the session ends, whichever is sooner: the slot dies then
 * @param parameters.margin - seconds that must remain before that, beyond the six that facilitators want
 * @returns its validBefore; undefined if too little is left of the period
 */
export function paymentWindow(parameters: {
  now: number;
  maxTimeoutSeconds: number;
  resetsAt: number;
  margin: number;
}): { validBefore: number } | undefined {
  const { now, resetsAt } = parameters;
  if (resetsAt - now < FACILITATOR_SECONDS + parameters.margin) return undefined;
  return { validBefore: Math.min(now + Math.min(parameters.maxTimeoutSeconds, LONGEST), resetsAt) };
}
