import { type Address, isAddress } from "viem";
import { amountText, type TokenUnit } from "./amountText.ts";
import type { RefusalDetails } from "./Refusal.ts";
import { utcText } from "./utcText.ts";

const AMOUNTS: readonly string[] = ["amount", "limit", "remaining", "allowance"];
const TIMES: readonly string[] = ["validAfter", "validUntil", "deadline", "resetsAt"];

/** The values of a refusal as its message has them: times in UTC, amounts in the token's unit. */
export function readableValues(details: RefusalDetails, unit?: TokenUnit): { [name: string]: string } {
  const { token } = details;
  const read = (name: string, value: unknown): string => {
    if (TIMES.includes(name)) return utcText(value as number);
    if (AMOUNTS.includes(name) && typeof value === "bigint" && typeof token === "string" && isAddress(token))
      return amountText(value, token as Address, unit);
    return String(value);
  };
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, read(name, value)]));
}
