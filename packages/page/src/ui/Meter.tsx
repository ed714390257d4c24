import { type ReactNode, useId } from "react";

/** A ratio as a number from 0 to 1, exact to a millionth: amounts exceed the safe integer range. */
const shareOf = (value: bigint, of: bigint): number =>
  of <= 0n ? 0 : Number(((value < of ? value : of) * 1_000_000n) / of) / 1_000_000;

/**
 * How much of a limit is used: a `<meter>` with the same information as text above it.
 *
 * @param props.label Label for screen readers.
 * @param props.value Base units, or `undefined` if unknown: the meter is then empty and the text must say so.
 * @param props.limit Base units.
 * @param props.text For example `"3.40 of 20 USDC"`.
 * @param props.below Shown on the next line.
 */
export function Meter({
  label,
  value,
  limit,
  text,
  below,
}: {
  label: string;
  value: bigint | undefined;
  limit: bigint;
  text: string;
  below?: ReactNode;
}) {
  const id = useId();
  return (
    <div className={value === undefined ? "meter meter--unknown" : "meter"}>
      <div className="meter__line">
        <span className="meter__text" id={id}>
          {text}
        </span>
        {below && <span className="quiet small">{below}</span>}
      </div>
      <meter
        min={0}
        max={1}
        value={shareOf(value ?? 0n, limit)}
        aria-label={label}
        aria-describedby={id}
        aria-valuetext={text}
      >
        {text}
      </meter>
    </div>
  );
}
