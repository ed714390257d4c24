import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gasShares, sharedRows } from "./gasShares.ts";
import { type GasFigures, measureGas } from "./measureGas.ts";
import { gasPages, type Measurements, renderGasPage } from "./renderGasPage.ts";
import { renderGasTable } from "./renderGasTable.ts";
import { userOpRows, userOpShares } from "./userOpShares.ts";

const root = resolve(import.meta.dirname, "..");

/** A file that holds measured figures. */
export type GasFile = {
  /** Relative to the repository's root. */
  path: string;
  absolutePath: string;
  committed: string | undefined;
  measured: string;
};

/** Measures all rows, and takes those apart of which the documentation says where their gas goes. */
export async function measureAll(): Promise<Measurements> {
  const shares: Record<string, Measurements["shares"][string]> = {};
  const ofUserOps: Record<string, Measurements["userOpShares"][string]> = {};
  const figures = await measureGas({
    async onMeasured(measured) {
      const { name } = measured.row;
      if (sharedRows.includes(name)) shares[name] = await gasShares(measured);
      if (userOpRows.includes(name)) ofUserOps[name] = await userOpShares(measured);
    },
  });
  return { figures, shares, userOpShares: ofUserOps };
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

/** Every file of the repository that holds figures: as it is committed, and as it ought to be. */
export function gasFiles(measurements: Measurements): GasFile[] {
  const file = (path: string, render: (committed: string | undefined) => string): GasFile => {
    const absolutePath = join(root, path);
    const committed = read(absolutePath);
    return { path, absolutePath, committed, measured: render(committed) };
  };
  return [
    file("bench/gas.json", () => `${JSON.stringify(measurements.figures, null, 2)}\n`),
    file("bench/gas.md", () => renderGasTable(measurements.figures)),
    // Without its page there are no marks to write between, which is an error of its own.
    ...Object.keys(gasPages).map((path) =>
      file(path, (page) => renderGasPage(path, page ?? "", measurements)),
    ),
  ];
}

/** The committed figures; none where there is no table yet. */
export const committedFigures = (): GasFigures =>
  JSON.parse(read(join(root, "bench/gas.json")) ?? "{}") as GasFigures;

/** One line for each row that is not what was committed. */
export function differences(committed: GasFigures, measured: GasFigures): string[] {
  const names = [...new Set([...Object.keys(committed), ...Object.keys(measured)])];
  return names.flatMap((name) => {
    const [before, now] = [committed[name], measured[name]];
    if (before === now) return [];
    if (before === undefined) return [`${name}: not committed, measured ${now}`];
    if (now === undefined) return [`${name}: committed ${before}, no such row`];
    return [`${name}: committed ${before}, measured ${now} (${now > before ? "+" : ""}${now - before})`];
  });
}
