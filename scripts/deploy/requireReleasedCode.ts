import { keccak256 } from "viem";
import type { CompiledContract } from "./CompiledContract.ts";
import { DeployError } from "./DeployError.ts";
import { readVersionFile } from "./VersionFile.ts";

/**
 * Requires that what was built is what this version's name was given to.
 *
 * @param folder The repository's deployments.
 * @returns Whether the version is released. Before that, its code and addresses may still change.
 * @throws {@link DeployError} `NOT_RELEASED_CODE`.
 */
export async function requireReleasedCode(
  folder: string,
  version: string,
  contracts: readonly CompiledContract[],
): Promise<boolean> {
  const released = await Promise.all(
    contracts.map(async ({ name, initCode }) => {
      const file = await readVersionFile(folder, version, name);
      if (!file?.released) return false;
      const initCodeHash = keccak256(initCode);
      if (file.initCodeHash !== initCodeHash)
        throw new DeployError(
          "NOT_RELEASED_CODE",
          `${name} was released in ${version} with the init code hash ${file.initCodeHash}, and this build has ` +
            `${initCodeHash}: check out the tag v${version}, run \`npm ci\` and build again. New code needs a new version.`,
        );
      return true;
    }),
  );
  return released.every(Boolean);
}
