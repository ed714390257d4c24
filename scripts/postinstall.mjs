// npm run by a Node older than 22 silently skips optional packages that ask for Node 22 or newer, and
// Hardhat's native EVM (EDR) is such a package. This asks the same npm, for the same lockfile, once more,
// with the newer Node that the lockfile brought along, so that nothing has to be installed by hand.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

const scope = "node_modules/@nomicfoundation";
const hasBinding = () =>
  readdirSync(scope).some((name) => name.startsWith("edr-") && existsSync(`${scope}/${name}/package.json`));

// Of one such package for each desk, npm has installed the one whose os and cpu fit. Not node_modules/.bin/node: on
// Windows that is a script, which cannot be started as a program.
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
function broughtNode() {
  const folder = Object.keys(readJson("package.json").optionalDependencies)
    .map((name) => `node_modules/${name}`)
    .find((path) => existsSync(`${path}/package.json`));
  return folder && `${folder}/${readJson(`${folder}/package.json`).bin.node}`;
}

if (existsSync(scope) && !hasBinding()) {
  const npm = process.env.npm_execpath;
  const flags = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status } = spawnSync(broughtNode() ?? process.execPath, [npm, ...flags], { stdio: "inherit" });
  process.exit(status ?? 1);
}
