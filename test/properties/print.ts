/** Anything, on one line, in lower case: the chain and the model write addresses differently. */
export const print = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}` : part))?.toLowerCase() ??
  `${value}`;
