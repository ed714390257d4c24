import { callWords } from "./callWords.ts";
import type { ReviewWarning } from "./reviewWarnings.ts";

/** A warning's text. */
export type WarningWords = { tone: "warn" | "strong"; title: string; text: string };

/** The text of a review warning. */
export function warningWords(warning: ReviewWarning): WarningWords {
  switch (warning.code) {
    case "UNLIMITED":
      return {
        tone: "strong",
        title: `${warning.symbols.join(", ")} spending is effectively unlimited.`,
        text: "The agent could spend everything the account ever holds. Lower the limit, or decline.",
      };
    case "NEVER_ENDING":
      return {
        tone: "strong",
        title: `This lasts more than ${warning.years} year${warning.years === 1 ? "" : "s"}.`,
        text: "Choose an earlier end date below. You can always allow the agent again.",
      };
    case "LONG":
      return {
        tone: "warn",
        title: `This lasts ${warning.days} days.`,
        text: "A shorter time is safer. Choose an earlier end date below.",
      };
    case "UNKNOWN_TOKEN":
      return {
        tone: "warn",
        title: `Unknown token: ${warning.symbols.map((symbol) => `“${symbol}”`).join(", ")}.`,
        text: "A token can use any name, and its decimals come from the node. Compare its address with one you trust.",
      };
    case "ANYONE":
      return {
        tone: "warn",
        title: `It can send ${warning.symbols.join(", ")} to anyone.`,
        text: "Someone with the agent's key could pay themselves, up to the limits above.",
      };
    case "ANY_ARGUMENTS":
    case "CALLS": {
      const { title, text } = callWords(warning.action, warning.facts);
      return { tone: "strong", title, text };
    }
  }
}
