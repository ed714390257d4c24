/** Controls, what turns the direction of text, what shows nothing, private and unassigned signs, half surrogates. */
const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{DI}]/gu;
/** More than two marks upon one letter only serve to cover the lines above and below. */
const stacked = /(\p{M}{2})\p{M}+/gu;
/** Quotation marks and what passes for them: a claim stands in them, and could otherwise seem to end before it does. */
const quotes = /[\p{Pi}\p{Pf}"„‚＂〝〞〟″‶‴⁗❛❜❝❞❟❠🙶🙷🙸ʺˮ˝״〃]/gu;

/**
 * Text that a stranger wrote, made safe to stand among the page's own words: one line, no sign that hides, reorders or
 * covers what is beside it, no longer than asked, and each quotation mark as `'`, so that it cannot leave its own.
 *
 * @param most Most signs (code points); what is beyond is left out, with `…` in its place. Default: 64.
 * @returns The text, and whether anything was taken out of it. A `'` for another quotation mark does not count.
 */
export function plainText(text: string, most = 64): { text: string; changed: boolean } {
  // A sign may be two code units; nothing beyond what can be shown is looked at, however long the text is.
  const quoted = text.slice(0, most * 8).replace(quotes, "'");
  const clean = quoted.replace(hidden, " ").replace(stacked, "$1").replace(/\s+/gu, " ").trim();
  const signs = [...clean];
  const isLong = signs.length > most || text.length > most * 8;
  const shown = isLong ? `${signs.slice(0, most).join("").trimEnd()}…` : clean;
  return { text: shown, changed: isLong || shown !== quoted };
}
