import { CANONICAL_ENTRY_POINTS, ENTRY_POINT_VERSIONS, type EntryPointVersion } from "../src/EntryPoint.ts";
import type { GenuineCode } from "../src/genuineCode.ts";
import { DETERMINISTIC_DEPLOYMENT_PROXY } from "../src/safe.ts";
import { readPackageJsonFile } from "./artifact.ts";
import { pinnedByAddress } from "./safeCode.ts";

/** Where each version comes from. */
export const ENTRY_POINT_PACKAGES: Record<EntryPointVersion, string> = {
  "0.7": "aa07",
  "0.8": "aa08",
  "0.9": "aa09",
};

/**
 * The creation code of the EntryPoints. Of 0.9 there is a release candidate, with an address of its own.
 * @throws If an artifact would not be deployed to the pinned address.
 */
export const buildEntryPointCode = (): Record<string, GenuineCode> =>
  Object.fromEntries(
    ENTRY_POINT_VERSIONS.map((version) => {
      const { salt, address } =
        version === "0.9"
          ? { salt: undefined, address: "0x51c9fc6D0502B128dB22762bBa2b9c422Bc41C9B" as const }
          : CANONICAL_ENTRY_POINTS[version];
      const code = readPackageJsonFile(`${ENTRY_POINT_PACKAGES[version]}/artifacts/EntryPoint.json`).bytecode;
      const factory = DETERMINISTIC_DEPLOYMENT_PROXY;
      return [
        `EntryPoint ${version}`,
        pinnedByAddress({ name: `EntryPoint ${version}`, code, address, factory }, salt),
      ];
    }),
  );
