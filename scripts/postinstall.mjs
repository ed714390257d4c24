// npm run by a Node older than 22 silently skips optional packages that ask for Node 22 or newer, and
// Hardhat's native EVM (EDR) is such a package. This asks the same npm, for the same lockfile, once more,
// with the Node 24 that the lockfile brought along, so that nothing has to be installed by hand.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const scope = "node_modules/@nomicfoundation";
const hasBinding = () =>
  readdirSync(scope).some((name) => name.startsWith("edr-") && existsSync(`${scope}/${name}/package.json`));

if (existsSync(scope) && !hasBinding()) {
  const node = "node_modules/.bin/node";
  const npm = process.env.npm_execpath;
  const flags = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status } = spawnSync(existsSync(node) ? node : process.execPath, [npm, ...flags], {
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}
