import type * as z from "zod/mini";

/**
 * What a schema found wrong at one place, and where. zod's own words for it are in a part of zod that is left out here,
 * unless somebody else's code in the same program loads it.
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
