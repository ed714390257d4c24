/** JSON for saved data and responses. Amounts are decimal strings, as in grant files. */
export const toJson = (value: object, space?: number): string =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one), space);
