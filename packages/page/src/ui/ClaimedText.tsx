import { plainText } from "./plainText.ts";

/**
 * Text provided by an agent, quoted and kept apart from the page's own words. `marked` labels it as a claim; removed
 * characters are always pointed out.
 *
 * @param props.most Maximum number of characters shown. Default: 64.
 * @param props.marked Prefix it with "calls itself".
 */
export function ClaimedText({
  text,
  most,
  marked = false,
}: {
  text: string;
  most?: number;
  marked?: boolean;
}) {
  const plain = plainText(text, most);
  return (
    <>
      {marked && <span className="claimed__mark">calls itself </span>}“
      <bdi className="claimed" translate="no">
        {plain.text || "no name"}
      </bdi>
      ”{plain.changed && <span className="claimed__mark"> (hidden or excess characters removed)</span>}
    </>
  );
}
