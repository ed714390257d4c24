import { type Address, getContractAddress, type Hex, zeroHash } from "viem";
import type { GenuineCode } from "../src/genuineCode.ts";
import {
  DETERMINISTIC_DEPLOYMENT_PROXY,
  SAFE_SINGLETON_FACTORY,
  SAFE_VERSIONS,
  type SafeVersion,
  type SHARED_SAFE_CONTRACTS,
} from "../src/safe.ts";
import { readPackageJsonFile } from "./artifact.ts";

/** A file of safe-deployments: where a contract is on every chain, and its code hash there. */
type CanonicalDeployment = {
  contractName: string;
  deployments: { canonical: { address: Address; codeHash: Hex } };
};

type Source = {
  /** The artifact, below the package's build/artifacts/contracts. */
  path: string;
  /** The file of safe-deployments, without its ending. */
  deployment: string;
  /** Where the artifact of 1.3.0 is, and its file, where their names were others. */
  of130?: { path?: string; deployment?: string };
};

const SHARED = {
  safe: {
    path: "Safe.sol/Safe",
    deployment: "safe",
    of130: { path: "GnosisSafe.sol/GnosisSafe", deployment: "gnosis_safe" },
  },
  safeL2: {
    path: "SafeL2.sol/SafeL2",
    deployment: "safe_l2",
    of130: { path: "GnosisSafeL2.sol/GnosisSafeL2", deployment: "gnosis_safe_l2" },
  },
  proxyFactory: {
    path: "proxies/SafeProxyFactory.sol/SafeProxyFactory",
    deployment: "safe_proxy_factory",
    of130: {
      path: "proxies/GnosisSafeProxyFactory.sol/GnosisSafeProxyFactory",
      deployment: "proxy_factory",
    },
  },
  multiSend: { path: "libraries/MultiSend.sol/MultiSend", deployment: "multi_send" },
  multiSendCallOnly: {
    path: "libraries/MultiSendCallOnly.sol/MultiSendCallOnly",
    deployment: "multi_send_call_only",
  },
  compatibilityFallbackHandler: {
    path: "handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler",
    deployment: "compatibility_fallback_handler",
  },
  createCall: { path: "libraries/CreateCall.sol/CreateCall", deployment: "create_call" },
  simulateTxAccessor: {
    path: "accessors/SimulateTxAccessor.sol/SimulateTxAccessor",
    deployment: "simulate_tx_accessor",
  },
} as const satisfies Record<(typeof SHARED_SAFE_CONTRACTS)[number], Source>;

/** Not of 1.3.0: npm's is built with other settings than the canonical one. */
const SIGN_MESSAGE_LIB: Source = {
  path: "libraries/SignMessageLib.sol/SignMessageLib",
  deployment: "sign_message_lib",
};

const EXTENSIBLE: Source = {
  path: "handler/ExtensibleFallbackHandler.sol/ExtensibleFallbackHandler",
  deployment: "extensible_fallback_handler",
};

/** Where each version comes from. */
export const SAFE_PACKAGES: Record<SafeVersion, string> = {
  "1.3.0": "@gnosis.pm/safe-contracts",
  "1.4.1": "@safe-global/safe-contracts",
  "1.5.0": "@safe-global/safe-smart-account",
};

/** Safe's list of deployments, with the hash of each contract's code. */
export const SAFE_DEPLOYMENTS = "@safe-global/safe-deployments";
/** The contracts that make passkeys owners of Safes. */
export const SAFE_PASSKEY = "@safe-global/safe-passkey";

/**
 * What CREATE2 puts at an address, which the code decides: a pin of the code.
 * @throws If it would be another.
 */
export function pinnedByAddress(
  pinned: Required<Pick<GenuineCode, "name" | "code" | "address">> & Partial<GenuineCode>,
  salt: Hex = zeroHash,
): GenuineCode {
  const { name, code: bytecode, address, factory: from = SAFE_SINGLETON_FACTORY } = pinned;
  const place = getContractAddress({ opcode: "CREATE2", from, salt, bytecode });
  if (place !== address) throw new Error(`${name}: the artifact deploys to ${place}, pinned is ${address}`);
  return pinned;
}

/**
 * The creation code of Safe's contracts, each with where it is on the chains and with the hash of its code there.
 * @throws If an artifact would not be deployed to the canonical address.
 */
export function buildSafeCode(): Record<string, GenuineCode> {
  const canonical = (version: SafeVersion, source: Source): GenuineCode => {
    const { path, deployment } = { ...source, ...(version === "1.3.0" ? source.of130 : {}) };
    const { contractName, bytecode } = readPackageJsonFile(
      `${SAFE_PACKAGES[version]}/build/artifacts/contracts/${path}.json`,
    );
    const { deployments } = readPackageJsonFile<CanonicalDeployment>(
      `${SAFE_DEPLOYMENTS}/dist/assets/v${version}/${deployment}.json`,
    );
    return pinnedByAddress({
      name: `${contractName} ${version}`,
      code: bytecode,
      ...deployments.canonical,
      ...(version === "1.3.0" ? { factory: DETERMINISTIC_DEPLOYMENT_PROXY } : {}),
    });
  };
  const code: Record<string, GenuineCode> = {};
  for (const version of SAFE_VERSIONS) {
    const sources: Record<string, Source> = {
      ...SHARED,
      ...(version === "1.3.0" ? {} : { signMessageLib: SIGN_MESSAGE_LIB }),
      ...(version === "1.5.0" ? { extensibleFallbackHandler: EXTENSIBLE } : {}),
    };
    for (const [name, source] of Object.entries(sources))
      code[`Safe ${version} ${name}`] = canonical(version, source);
  }
  return code;
}

/** Where npm's build of the passkey contracts has its addresses: settings other than the live ones', all but Daimo's. */
const PASSKEY: Record<string, { path: string; name: string; address: Address; factory?: Address }> = {
  sharedSigner: {
    path: "build/artifacts/contracts/4337/SafeWebAuthnSharedSigner.sol/SafeWebAuthnSharedSigner",
    name: "SafeWebAuthnSharedSigner",
    address: "0x6566Eb306F972D59492F5cfcBC83AA393c4d06fc",
  },
  signerFactory: {
    path: "build/artifacts/contracts/SafeWebAuthnSignerFactory.sol/SafeWebAuthnSignerFactory",
    name: "SafeWebAuthnSignerFactory",
    address: "0x96C96c82df0a6B14127EEe69a1943ec8a323d454",
  },
  fclP256Verifier: {
    path: "build/artifacts/contracts/verifiers/FCLP256Verifier.sol/FCLP256Verifier",
    name: "FCLP256Verifier",
    address: "0x1bFD4a3f042118e2b4C62e6Cc093E60E6Ca40e01",
  },
  daimoP256Verifier: {
    path: "dist/src/vendor/daimo-eth/P256Verifier",
    name: "Daimo's P256Verifier",
    address: "0xc2b78104907F722DABAc4C69f826a522B2754De4",
    factory: DETERMINISTIC_DEPLOYMENT_PROXY,
  },
};

/**
 * The creation code of the contracts for passkeys, as safe-passkey 0.2.0 has them.
 * @throws If an artifact is another.
 */
export const buildPasskeyCode = (): Record<string, GenuineCode> =>
  Object.fromEntries(
    Object.entries(PASSKEY).map(([key, { path, ...pinned }]) => [
      `passkey ${key}`,
      pinnedByAddress({ ...pinned, code: readPackageJsonFile(`${SAFE_PASSKEY}/${path}.json`).bytecode }),
    ]),
  );
