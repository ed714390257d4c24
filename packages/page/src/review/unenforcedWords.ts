import type { UnenforcedLimit } from "@latchkey/sdk/review";

/** What the chain does not enforce, in the user's terms, by the SDK's code. */
export const unenforcedWords: Record<UnenforcedLimit["code"], string> = {
  ANY_RECIPIENT: "Who gets paid: anyone is allowed, so someone with the agent's key could pay themselves.",
  PERIOD_EDGE: "Spending across a reset: two periods' limits can be spent within moments of it.",
  SESSIONS_ADD_UP: "The total across agents: each agent you allow has its own limits, and they add up.",
  NUMBER_OF_PAYMENTS: "The number of payments: many small ones can be made at once, up to the limits.",
  UNBUDGETED_TOKENS: "Other tokens and NFTs that its calls can reach.",
  LATER_PULLS: "What a called contract does later with approvals it was given.",
  HIDDEN_BY_INFLOW: "Money that leaves during a call while the same amount comes in.",
  ANY_ARGUMENTS: "The arguments of some of its calls: any values are allowed.",
  BYPASSABLE_CONDITIONS:
    "Some conditions on its calls: where the contract takes a string, bytes or a list, the agent can bypass them.",
  GAS_NOT_COUNTED: "The gas its transactions use.",
  ANY_PAYMASTER: "Who pays for its gas, and what they charge.",
  PERMIT2_APPROVAL: "What else can sign for this account: it could take what is approved to Permit2.",
  UNKNOWN_SYMBOL: "A token's name: compare its address.",
};
