import type { Removal } from "./Removal.ts";

/** A short way to write down the rules of one file: name, rule, where it stands, what is put there. */
export const rulesOf =
  (file: string) =>
  (name: string, rule: string, find: string, replace = ""): Removal => ({ name, rule, file, find, replace });
