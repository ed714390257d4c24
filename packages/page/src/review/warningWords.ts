import { callWords } from "./callWords.ts";
import type { ReviewWarning } from "./reviewWarnings.ts";

/** A warning as it is shown. */
export type WarningWords = { tone: "warn" | "strong"; title: string; text: string };

/** The words of a warning of the review. */
export function warningWords(warning: ReviewWarning): WarningWords {
  switch (warning.code) {
    case "UNLIMITED":
      return {
        tone: "strong",
        title: `There is no real limit on ${warning.symbols.join(", ")}.`,
        text: "The agent could spend everything that the account ever holds of it. Lower the limit, or decline.",
      };
    case "NEVER_ENDING":
      return {
        tone: "strong",
        title: `This practically never ends: it lasts more than ${warning.years} year${warning.years === 1 ? "" : "s"}.`,
        text: "Choose an earlier end below. You can always allow the agent again.",
      };
    case "LONG":
      return {
        tone: "warn",
        title: `This lasts ${warning.days} days.`,
        text: "A shorter time is safer: choose an earlier end below.",
      };
    case "UNKNOWN_TOKEN":
      return {
        tone: "warn",
        title: `This page does not know ${warning.symbols.map((symbol) => `“${symbol}”`).join(", ")}.`,
        text: "Any token can give itself any name, and where its amounts have their point is what the chain's node says. Compare its address with one that you trust.",
      };
    case "ANYONE":
      return {
        tone: "warn",
        title: `It may pay anyone in ${warning.symbols.join(", ")}.`,
        text: "Whoever has the agent's key can pay themselves, up to the limits above.",
      };
    case "ANY_ARGUMENTS":
    case "CALLS": {
      const { title, text } = callWords(warning.action, warning.facts);
      return { tone: "strong", title, text };
    }
  }
}
