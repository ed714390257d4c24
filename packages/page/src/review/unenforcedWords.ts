import type { UnenforcedLimit } from "@latchkey/sdk/review";

/** What the chain does not hold a session to, in the reader's words, by the SDK's code. */
export const unenforcedWords: Record<UnenforcedLimit["code"], string> = {
  ANY_RECIPIENT: "Whom it pays: anyone is allowed, so whoever has the key can pay themselves.",
  PERIOD_EDGE:
    "A sliding day: each period's limit starts anew at its reset, so two periods' worth can move around that moment.",
  SESSIONS_ADD_UP: "The sum with other agents: each that you allow has limits of its own, which add up.",
  NUMBER_OF_PAYMENTS: "How many payments there are: many small ones can come at once, up to the limits.",
  UNBUDGETED_TOKENS: "Other tokens and collectibles, where its calls can reach them.",
  LATER_PULLS: "What a called contract does later with rights that it was given by a call.",
  HIDDEN_BY_INFLOW: "Money that leaves in a call while as much comes in.",
  ANY_ARGUMENTS: "How it makes some of its calls: any values are allowed there.",
  BYPASSABLE_CONDITIONS:
    "Some conditions of its calls: if the contract takes a text or a list there, the agent can bypass them.",
  GAS_NOT_COUNTED: "What its transactions cost in gas.",
  ANY_PAYMASTER: "Who pays its gas, and what they take for it.",
  UNKNOWN_SYMBOL: "What a token calls itself: compare its address.",
};
