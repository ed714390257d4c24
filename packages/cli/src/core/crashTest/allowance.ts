/** What the owner allows for a day, in base units of USDC. */
export const PER_DAY = 20_000_000n;

/** What one report costs, and the most that one payment may be. */
export const PRICE = 5_000_000n;

/** What each wallet holds of each token when a scenario begins. */
export const FUNDS = 1_000_000_000n;

/** How many purchases a process of the agent tries: one more than the day allows. */
export const TRIES = Number(PER_DAY / PRICE) + 1;

/** How many processes of the agent run at once. */
export const REPLICAS = 10;
