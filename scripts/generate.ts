/**
 * Writes what follows from the compiled contracts, so that nobody copies it by hand and none of it can be out of date:
 * the SDK's ABIs, EIP-712 types, creation and runtime code, addresses and TypeChain bindings for ethers v6, the Solidity sources and the
 * ERC-7730 descriptions that the package ships, and the hashes and the address in `deployments/attestation.json`.
 *
 *     npm run generate              compiles and writes
 *     npm run generate -- --check   compiles and compares; names each file that differs and exits 1
 */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { addressBindings } from "./generate/addressBindings.ts";
import { attestationValues } from "./generate/attestationValues.ts";
import { clearSigning } from "./generate/clearSigning.ts";
import { ethersBindings } from "./generate/ethersBindings.ts";
import type { Files } from "./generate/Files.ts";
import { filesIn } from "./generate/filesIn.ts";
import { readCompiledContracts } from "./generate/readCompiledContracts.ts";
import { recordedDeployments } from "./generate/recordedDeployments.ts";
import { sessionTypes } from "./generate/sessionTypes.ts";
import { soliditySources } from "./generate/soliditySources.ts";
import { viemBindings } from "./generate/viemBindings.ts";

const root = resolve(import.meta.dirname, "..");

/** Folders with nothing but generated files: what else is in there goes. */
const bindings = "packages/sdk/src/generated";
const sources = "packages/sdk/contracts";
const descriptions = "packages/sdk/erc7730";

/** What an attester reads of one contract; most of it is written by people. */
const attestation = { path: "deployments/attestation.json", contract: "ERC7579SessionModule" };

const { check } = readCommandLine<{ check: boolean }>(
  commandLine("npm run generate --", "Writes what follows from the compiled contracts.").option(
    "--check",
    "write nothing; name each file that differs, and exit 1",
    false,
  ),
);

const contracts = await readCompiledContracts();
const deployed = await recordedDeployments(join(root, "deployments"), contracts);
for (const line of deployed.outdated) console.log(`generate: ${line}`);

const attested = contracts.find(({ contractName }) => contractName === attestation.contract);
if (!attested) throw new Error(`There is no contract ${attestation.contract} to attest.`);
const wanted: Files = new Map([
  ...viemBindings(contracts, bindings),
  ...sessionTypes(contracts, bindings),
  ...addressBindings(contracts, deployed.addresses, bindings),
  ...(await ethersBindings(contracts, bindings)),
  ...(await soliditySources(contracts, root, sources)),
  ...clearSigning(contracts, descriptions),
  [
    attestation.path,
    attestationValues(await readFile(join(root, attestation.path), "utf8"), attested),
  ] as const,
]);

const paths = new Set(wanted.keys());
for (const folder of [bindings, sources, descriptions])
  for (const path of await filesIn(join(root, folder))) paths.add(`${folder}/${path}`);
const drift: { path: string; why: string }[] = [];
for (const path of paths) {
  const present = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (!wanted.has(path)) drift.push({ path, why: "no contract has it" });
  else if (present === undefined) drift.push({ path, why: "missing" });
  else if (present !== wanted.get(path)) drift.push({ path, why: "differs" });
}

if (check) {
  for (const { path, why } of drift) console.error(`${path}: ${why}`);
  if (drift.length > 0) {
    console.error(
      "These files are not those of the contracts: run `npm run generate` and commit the result.",
    );
    process.exit(1);
  }
} else {
  for (const { path } of drift) {
    const file = join(root, path);
    const content = wanted.get(path);
    if (content === undefined) await rm(file);
    else {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}
console.log(
  `generate: ${wanted.size} files of ${contracts.length} contracts, ${check ? "all as committed" : `${drift.length} changed`}`,
);
process.exit(0);
