import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SAFE_VERSIONS } from "../src/safe.ts";
import { packageFolder } from "./artifact.ts";
import { ENTRY_POINT_PACKAGES } from "./entryPointCode.ts";
import { PERMIT2_PACKAGE } from "./permit2Code.ts";
import { SAFE_DEPLOYMENTS, SAFE_PACKAGES, SAFE_PASSKEY } from "./safeCode.ts";
import { CIRCLE, OPENZEPPELIN_2018 } from "./usdcCode.ts";
import { WETH_PACKAGE } from "./wethCode.ts";

/** A package that the code comes from. */
type Origin = {
  package: string;
  what: string;
  /** As the sources say: some manifests say another. */
  license: string;
  /** The package with the text, where the package itself has none. */
  textOf?: string;
};

/** The package whose LICENSE is the GNU General Public License 3.0. */
const GPL = WETH_PACKAGE;

const origins: readonly Origin[] = [
  {
    package: CIRCLE,
    what: "USDC: FiatTokenV2_2, FiatTokenProxy and SignatureChecker",
    license: "Apache-2.0",
  },
  { package: OPENZEPPELIN_2018, what: "USDC: AdminUpgradeabilityProxy", license: "MIT" },
  { package: WETH_PACKAGE, what: "WETH9", license: "GPL-3.0-or-later" },
  { package: PERMIT2_PACKAGE, what: "Permit2, by Uniswap Labs", license: "MIT" },
  ...SAFE_VERSIONS.map((version) => ({
    package: SAFE_PACKAGES[version],
    what: `Safe ${version}`,
    license: "LGPL-3.0-only",
  })),
  { package: SAFE_DEPLOYMENTS, what: "addresses and code hashes of Safe's contracts", license: "MIT" },
  {
    package: SAFE_PASSKEY,
    what: "Safe's contracts for passkeys; FCL's and Daimo's P-256 verifiers in them are MIT",
    license: "LGPL-3.0-only",
  },
  ...Object.entries(ENTRY_POINT_PACKAGES).map(([version, name]) => ({
    package: name,
    what: `EntryPoint ${version}`,
    license: "GPL-3.0-only",
    textOf: GPL,
  })),
];

function textOf(name: string): string {
  const folder = packageFolder(name);
  const file = ["LICENSE", "LICENSE.md"].map((each) => join(folder, each)).find((path) => existsSync(path));
  if (!file) throw new Error(`${name} has no licence's text`);
  return readFileSync(file, "utf8").trim();
}

/**
 * Whose code is in the package, under which licence, and the text of each licence.
 * @throws If a package has no licence's text.
 */
export function notices(): string {
  const texts = new Map<string, string[]>();
  const rows = origins.map((origin) => {
    const manifest = JSON.parse(readFileSync(join(packageFolder(origin.package), "package.json"), "utf8"));
    const name = `${manifest.name} ${manifest.version}`;
    const text = textOf(origin.textOf ?? origin.package);
    texts.set(text, [...(texts.get(text) ?? []), name]);
    return `| ${origin.what} | \`${name}\` | ${origin.license} |`;
  });
  return [
    "# Code of others in this package",
    "",
    "`genuineCode.json` has compiled contracts of others, unchanged but for the digests of metadata and the addresses",
    "of libraries that bring them to the code on the chains. Their sources are in the npm packages named here.",
    "",
    "| contracts | from | licence |",
    "| --- | --- | --- |",
    ...rows,
    ...[...texts].flatMap(([text, names]) => ["", `## ${names.join(", ")}`, "", "```text", text, "```"]),
    "",
  ].join("\n");
}
