const units = [
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The words for a period: `each` begins a row ("Each day"), `every` tells when it begins anew ("every day"). */
export type PeriodWords = { each: string; every: string };

/**
 * A period as people say it, exact: "Each day", "Each 90 minutes". The largest unit that divides it is taken.
 *
 * @param seconds A whole number above zero.
 */
export function periodWords(seconds: number): PeriodWords {
  const [name, length] = units.find(([, unit]) => seconds % unit === 0) ?? ["second", 1];
  const count = seconds / length;
  const span = count === 1 ? name : `${count} ${name}s`;
  return { each: `Each ${span}`, every: `every ${span}` };
}
