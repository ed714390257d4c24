/** JSON of what the page keeps or hands back; an amount is a decimal string, as grant files have it. */
export const toJson = (value: object, space?: number): string =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one), space);
