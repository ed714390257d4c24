/** Most characters of a merchant's own words in a refusal: models read refusals too. */
const MOST_SHOWN = 80;

/** A part of an offer as messages show it. */
export const shownAs = (value: unknown): string =>
  value === undefined ? "missing" : JSON.stringify(value).slice(0, MOST_SHOWN);

/** A part of an offer as a refusal's details have it: a string as it is, up to that length. */
export const shortened = (value: unknown): string | undefined =>
  typeof value === "string" ? value.slice(0, MOST_SHOWN) : value === undefined ? undefined : shownAs(value);
