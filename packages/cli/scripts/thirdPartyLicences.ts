import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** Licences under which code may be bundled. */
const ALLOWED = ["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"];

/** A package whose text is the one of a licence, for packages without a text of their own. */
const TEXT_OF: Readonly<Record<string, string>> = { "Apache-2.0": "node_modules/typescript" };

/** The package of a file in node_modules, as its folder; undefined for the repository's own files. */
const packageOf = (path: string): string | undefined =>
  /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/** A package's licence and notices; undefined where it has none. */
function textOf(folder: string): string | undefined {
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  if (files.length === 0) return undefined;
  return files.map((file) => readFileSync(join(root, folder, file), "utf8").trim()).join("\n\n");
}

/**
 * The licences of bundled packages, each text once.
 *
 * @param inputs Paths of the bundled files, from the repository's root.
 * @throws If a package has no licence, or one under which it may not be bundled.
 */
export function thirdPartyLicences(inputs: readonly string[]): string {
  const packages = new Map<string, Set<string>>();
  for (const folder of new Set(inputs.flatMap((path) => packageOf(path) ?? []))) {
    const { name, version, license } = JSON.parse(
      readFileSync(join(root, folder, "package.json"), "utf8"),
    ) as { name: string; version: string; license?: string };
    if (license === undefined || !ALLOWED.includes(license))
      throw new Error(`${name} ${version} cannot be bundled: its licence is ${license ?? "missing"}`);
    const substitute = TEXT_OF[license];
    const text = textOf(folder) ?? (substitute === undefined ? undefined : textOf(substitute));
    if (text === undefined) throw new Error(`${name} ${version} has no licence's text`);
    packages.set(text, (packages.get(text) ?? new Set()).add(`${name} ${version} (${license})`));
  }
  const parts = [...packages].map(([text, names]) => `${[...names].sort().join("\n")}\n\n${text}\n`).sort();
  return ["latchkey is bundled with these packages.\n", ...parts].join(`\n${"-".repeat(80)}\n\n`);
}
