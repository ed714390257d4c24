import type * as z from "zod/mini";
import { faultWords } from "../internal/faultWords.ts";

const MOST = 5;

/**
 * What a schema found wrong, a line each, fit to be shown: what stands in these lines was written by a stranger, so only
 * the first few are told, shortened, without signs that could draw something else.
 */
export const schemaFaults = (error: z.core.$ZodError): string[] =>
  error.issues.slice(0, MOST).map((issue) =>
    faultWords(issue, "it")
      .slice(0, 160)
      .replace(/[^\x20-\x7e]/g, "?"),
  );
