import type { GasFigures } from "./measureGas.ts";
import { gasNames, READER, rows, sizeNames } from "./rows.ts";
import { standings } from "./targets.ts";

/** 12345 as 12,345. */
export const formatGas = (gas: number): string => gas.toLocaleString("en-US");

/** A Markdown table, padded as the formatter pads it; columns named in `right` are aligned to the right. */
export function renderTable(
  columns: readonly string[],
  right: readonly string[],
  cells: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, i) =>
    Math.max(3, column.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const isRight = columns.map((column) => right.includes(column));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (isRight[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, i) => (isRight[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(columns), line(rule), ...cells.map(line)].join("\n");
}

/** How the figures stand against their targets. */
export const renderTargets = (figures: GasFigures): string =>
  renderTable(
    ["row", "gas", "target", "to target", "stretch", "to stretch"],
    ["gas", "target", "stretch"],
    standings(figures).map(({ row, over, gas, most, stretch }) => [
      `\`${row}\`${over ? ` over \`${over}\`` : ""}`,
      formatGas(gas),
      formatGas(most),
      verdict(gas, most),
      formatGas(stretch),
      verdict(gas, stretch),
    ]),
  );

const verdict = (gas: number, target: number): string =>
  gas <= target ? `under by ${formatGas(target - gas)}` : `**over by ${formatGas(gas - target)}**`;

/** The committed table, `bench/gas.md`. */
export function renderGasTable(figures: GasFigures): string {
  const gas = (name: string | undefined): string => (name ? formatGas(figures[name] ?? Number.NaN) : "");
  return `# Gas

Written by \`npm run bench\`; a test fails where it differs by one gas from what is measured. What the rows mean, and
how others compare: [docs/gas.md](../docs/gas.md).

## Targets

${renderTargets(figures)}

## Rows

\`gas\` is the \`gasUsed\` of the whole transaction, \`actualGasUsed\` what the EntryPoint charged for the userOp in it. Unless it says otherwise, a row pays 1 USDC to a recipient that has some. \`bytes\` is the size of its calldata, \`compressed\` the same by FastLZ, as rollups estimate it (solady's LibZip).

The reader takes ${gas(READER)} gas from the bytes of a session with one budget and one recipient to its id (\`${READER}\`).

${renderTable(
  ["row", "transaction", "gas", "actualGasUsed", "bytes", "compressed"],
  ["gas", "actualGasUsed", "bytes", "compressed"],
  rows.map((row) => {
    const [whole, charged] = gasNames(row);
    const [bytes, compressed] = sizeNames(row);
    return [`\`${row.name}\``, row.says, gas(whole), gas(charged), gas(bytes), gas(compressed)];
  }),
)}
`;
}
