/** Facilitators refuse an authorization that ends within six seconds of their clock. */
const FACILITATOR_SECONDS = 6;
/** No authorization lives longer than this, as its slot is taken until it ends. */
const LONGEST = 300;
/** A local clock is believed to be right if the chain's latest block is not older than this by it. */
const PLAUSIBLE_LAG = 60;

/**
 * Until when an authorization signed now should be good.
 *
 * Time is the chain's: its latest block's. That block may be some seconds old, so a local clock that is ahead by no
 * more than a minute is followed; one that is behind, or further ahead, is taken to be wrong.
 *
 * @param parameters.chainTime - of the latest block; all times are seconds of Unix time
 * @param parameters.localTime - of this machine
 * @param parameters.maxTimeoutSeconds - how long the merchant lets the payment take
 * @param parameters.resetsAt - when the period or the session ends, whichever is sooner: the slot dies then
 * @param parameters.margin - seconds that must remain before that, beyond the six that facilitators want
 * @returns undefined if too little is left of the period
 */
export function paymentWindow(parameters: {
  chainTime: number;
  localTime: number;
  maxTimeoutSeconds: number;
  resetsAt: number;
  margin: number;
}): { validBefore: number } | undefined {
  const { chainTime, localTime, resetsAt } = parameters;
  const lag = localTime - chainTime;
  const now = lag > 0 && lag <= PLAUSIBLE_LAG ? localTime : chainTime;
  if (resetsAt - now < FACILITATOR_SECONDS + parameters.margin) return undefined;
  return { validBefore: Math.min(now + Math.min(parameters.maxTimeoutSeconds, LONGEST), resetsAt) };
}
