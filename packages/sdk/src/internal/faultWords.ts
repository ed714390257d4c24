import type * as z from "zod/mini";

/**
 * A schema's issue and its path. zod's own messages are in a part of zod that is not loaded here,
 * unless other code in the same program does.
 */
export const faultWords = (issue: z.core.$ZodIssue, whole: string): string =>
  `${issue.path.join(".") || whole}: ${wordsOf(issue)}`;

const units: Readonly<Record<string, string>> = { array: " entries", string: " characters" };

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `not of type ${issue.expected}`;
    case "unrecognized_keys":
      return `unknown: ${issue.keys.join(", ")}`;
    case "invalid_value":
      return `not ${issue.values.join(" or ")}`;
    case "too_big":
      return `more than ${issue.inclusive ? "" : "or equal to "}${issue.maximum}${units[issue.origin] ?? ""}`;
    case "too_small":
      return `less than ${issue.inclusive ? "" : "or equal to "}${issue.minimum}${units[issue.origin] ?? ""}`;
    default:
      return issue.message;
  }
}
