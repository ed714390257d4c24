/** Control, bidirectional, invisible, private-use and unassigned characters, and lone surrogates. */
const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{DI}]/gu;
/** More than two combining marks on one letter only serve to cover the lines above and below. */
const stacked = /(\p{M}{2})\p{M}+/gu;
/** Quotation marks and look-alikes: a claim is shown in quotes, and could otherwise appear to end early. */
const quotes = /[\p{Pi}\p{Pf}"„‚＂〝〞〟″‶‴⁗❛❜❝❞❟❠🙶🙷🙸ʺˮ˝״〃]/gu;

/**
 * Untrusted text, made safe to show among the page's own words: one line, no character that hides, reorders or covers
 * what is next to it, limited in length, and every quotation mark as `'`, so that it cannot escape its quotes.
 *
 * @param most Maximum number of characters (code points); the rest is replaced with `…`. Default: 64.
 * @returns The text, and whether anything was removed. Replacing a quotation mark with `'` does not count.
 */
export function plainText(text: string, most = 64): { text: string; changed: boolean } {
  // A character may be two code units. Only what can be shown is processed, however long the text is.
  const quoted = text.slice(0, most * 8).replace(quotes, "'");
  const clean = quoted.replace(hidden, " ").replace(stacked, "$1").replace(/\s+/gu, " ").trim();
  const signs = [...clean];
  const isLong = signs.length > most || text.length > most * 8;
  const shown = isLong ? `${signs.slice(0, most).join("").trimEnd()}…` : clean;
  return { text: shown, changed: isLong || shown !== quoted };
}
