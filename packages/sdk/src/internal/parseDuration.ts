import { InvalidInput } from "../errors/InvalidInput.ts";

/** A duration: `"45s"`, `"30m"`, `"12h"`, `"7d"`, `"2w"`. */
export type Duration = `${number}${"s" | "m" | "h" | "d" | "w"}`;

const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/**
 * Parses a duration into seconds.
 *
 * @param duration A whole number and a unit, for example `"7d"`.
 * @param path Its path in the caller's arguments, for the message.
 * @throws {InvalidInput} INVALID_TIME: not such a string, or zero.
 */
export function parseDuration(duration: Duration, path: string): number {
  const match = typeof duration === "string" ? /^(\d+)([smhdw])$/.exec(duration) : null;
  const unit = match?.[2] as keyof typeof seconds | undefined;
  const length = match && unit ? Number(match[1]) * seconds[unit] : 0;
  if (length <= 0 || !Number.isSafeInteger(length))
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage:
        duration === undefined
          ? `${path} is missing.`
          : `${path} is ${String(duration)}, which is not a valid duration.`,
      metaMessages: ['Pass a whole number above zero and a unit (s, m, h, d, w), for example "7d".'],
      details: { path },
    });
  return length;
}
