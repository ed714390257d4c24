import type * as z from "zod/mini";
import { faultWords } from "../internal/faultWords.ts";

const MOST = 5;

/**
 * A schema's issues, one per line, safe to show: the lines contain untrusted text, so only
 * the first few are included, shortened, without characters that could disguise something.
 */
export const schemaFaults = (error: z.core.$ZodError): string[] =>
  error.issues.slice(0, MOST).map((issue) =>
    faultWords(issue, "it")
      .slice(0, 160)
      .replace(/[^\x20-\x7e]/g, "?"),
  );
