import { plainText } from "./plainText.ts";

/**
 * What an agent says of itself, in quotes and apart from the page's own words. It says so beside it wherever `marked` is
 * set, and where signs had to be taken out.
 *
 * @param props.most Most signs that are shown. Default: 64.
 * @param props.marked With the words "calls itself" before it.
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
