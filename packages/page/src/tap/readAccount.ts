import {
  decodeError,
  type EncodedCall,
  isRefusal,
  type SafeVersion,
  SENTINEL_MODULE,
  safeAddresses,
  safeFallbackHandler,
  safeSessionHandlerAddress,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { PERMIT2, safeAbi } from "@latchkey/sdk/encoding";
import { type Address, encodeFunctionData, type Hex, isAddressEqual, parseAbi, zeroAddress } from "viem";
import { getCode, readContract } from "viem/actions";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { ChainClient } from "../chain/chainClient.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { AccountState } from "./AccountState.ts";
import type { Passkey, PublicKey } from "./Passkey.ts";
import { NEW_SAFE_VERSION, predictSafe } from "./predictSafe.ts";

const abi = [
  ...safeAbi,
  ...parseAbi([
    "function nonce() view returns (uint256)",
    "function getOwners() view returns (address[])",
    "function getThreshold() view returns (uint256)",
    "function getConfiguration(address account) view returns ((uint256 x, uint256 y, uint176 verifiers) signer)",
    "function DOMAIN_SEPARATOR() view returns (bytes32)",
  ]),
] as const;

/**
 * Safe's own handlers that `SafeSessionHandler` or the ExtensibleFallbackHandler can replace without loss. Not the
 * ExtensibleFallbackHandler itself: other apps' settings on it would be lost.
 */
const replaceableHandlers: readonly Address[] = [
  zeroAddress,
  safeAddresses.compatibilityFallbackHandler,
  // CompatibilityFallbackHandler 1.3.0 (two addresses) and 1.5.0.
  "0xf48f2B2d2a534e402487b3ee7C18c33Aec0Fe5e4",
  "0x017062a1dE2FE6b99BE3d9d37841FeD19F573804",
  "0x3EfCBb83A4A7AfcB4F68D501E2c2203a38be77f4",
];

/** Parameters of {@link readAccount}. */
export type AccountToRead = {
  settings: ChainSettings;
  address: Address;
  /** The passkey, if known. */
  passkey: Passkey | undefined;
  /** Tokens the session will pay by signature. */
  signedTokens: readonly Address[];
};

/**
 * Reads from the chain whether an account can grant with one tap, and what has to be installed first. An account that
 * does not exist yet is recognised by its passkey, which determines its address.
 *
 * @throws {PageFailure} NO_ACCOUNT_THERE, NOT_A_SAFE, VERSION_UNKNOWN, THRESHOLD_ABOVE_ONE, OWNER_NOT_PASSKEY.
 * @throws {Refusal} NETWORK: the chain cannot be reached.
 */
export async function readAccount(client: ChainClient, account: AccountToRead): Promise<AccountState> {
  try {
    return await read(client, account);
  } catch (error) {
    throw error instanceof PageFailure ? error : decodeError(error);
  }
}

async function read(client: ChainClient, account: AccountToRead): Promise<AccountState> {
  const { settings, address, passkey } = account;
  const module = safeSessionModuleAddress();
  const { sharedSigner } = settings;
  const [code, epoch] = await Promise.all([
    getCode(client, { address }),
    readContract(client, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [address],
    }),
  ]);
  if (code === undefined || code === "0x") {
    const predicted = passkey && predictSafe(passkey.publicKey, sharedSigner);
    if (!passkey || !predicted || !isAddressEqual(predicted.address, address))
      throw new PageFailure("NO_ACCOUNT_THERE", { account: address, chain: settings.name });
    return {
      chainId: settings.id,
      address,
      version: NEW_SAFE_VERSION,
      signer: sharedSigner,
      passkey,
      creation: { ...predicted.creation, value: 0n },
      epoch,
      nonce: 0n,
      installation: [],
      paysBySignature: true,
      replacesVerifier: false,
    };
  }

  const safe = { address, abi } as const;
  const isSafe = await Promise.all([
    readContract(client, { ...safe, functionName: "VERSION" }),
    readContract(client, { ...safe, functionName: "getOwners" }),
    readContract(client, { ...safe, functionName: "getThreshold" }),
    readContract(client, { ...safe, functionName: "nonce" }),
    readContract(client, { ...safe, functionName: "getModulesPaginated", args: [SENTINEL_MODULE, 100n] }),
    safeFallbackHandler(client, address),
  ]).catch((error: unknown) => {
    if (isRefusal(decodeError(error), "NETWORK")) throw error;
    throw new PageFailure("NOT_A_SAFE", { account: address }, error);
  });
  const [says, owners, threshold, nonce, [modules], handler] = isSafe;
  const version = versionOf(says);
  if (threshold !== 1n) throw new PageFailure("THRESHOLD_ABOVE_ONE", { threshold: String(threshold) });
  if (!owners.some((owner) => isAddressEqual(owner, sharedSigner)))
    throw new PageFailure("OWNER_NOT_PASSKEY", { account: address });
  const { x, y } = await readContract(client, {
    address: sharedSigner,
    abi,
    functionName: "getConfiguration",
    args: [address],
  });
  if (x === 0n && y === 0n) throw new PageFailure("OWNER_NOT_PASSKEY", { account: address });
  const known = passkey && isSameKey(passkey.publicKey, { x, y }) ? passkey.id : undefined;

  const isEnabled = modules.some((one) => isAddressEqual(one, module));
  const rail = await readSignatureRail(client, { ...account, module, version, modules, handler });
  return {
    chainId: settings.id,
    address,
    version,
    signer: sharedSigner,
    passkey: { id: known, publicKey: { x, y } },
    creation: undefined,
    epoch,
    nonce,
    installation: [
      ...(isEnabled ? [] : [encodeFunctionData({ abi, functionName: "enableModule", args: [module] })]),
      ...rail.calls,
    ].map((data): EncodedCall => ({ to: address, value: 0n, data })),
    paysBySignature: rail.isPossible,
    replacesVerifier: rail.replacesVerifier,
  };
}

const isOneOf = (one: Address, others: readonly Address[]) =>
  others.some((other) => isAddressEqual(one, other));

const isSameKey = (one: PublicKey, other: PublicKey) => one.x === other.x && one.y === other.y;

/** Some Safes return more than the number: `1.3.0+L2`. */
function versionOf(says: string): SafeVersion {
  const number = /^\d+\.\d+\.\d+/.exec(says)?.[0];
  if (number === "1.3.0" || number === "1.4.1" || number === "1.5.0") return number;
  throw new PageFailure("VERSION_UNKNOWN", { version: says.replace(/[^\w.+-]/g, "").slice(0, 16) });
}

type SignatureRailState = { calls: Hex[]; isPossible: boolean; replacesVerifier: boolean };

/** What is missing for a token's ERC-1271 call to reach the module, for this session only. */
async function readSignatureRail(
  client: ChainClient,
  {
    address,
    signedTokens,
    module,
    version,
    modules,
    handler,
  }: AccountToRead & {
    module: Address;
    version: SafeVersion;
    modules: readonly Address[];
    handler: Address;
  },
): Promise<SignatureRailState> {
  const none: SignatureRailState = { calls: [], isPossible: true, replacesVerifier: false };
  if (signedTokens.length === 0) return none;
  const wanted = version === "1.5.0" ? safeAddresses.extensibleFallbackHandler : safeSessionHandlerAddress();
  const hasHandler = isAddressEqual(handler, wanted);
  // A handler that is also an enabled module is essential to the Safe, and it is unknown what a third-party handler
  // does for it.
  const mayReplace =
    !modules.some((one) => isAddressEqual(one, handler)) &&
    replaceableHandlers.some((one) => isAddressEqual(one, handler));
  if (!hasHandler && !mayReplace) return { ...none, isPossible: false };
  const setHandler = hasHandler
    ? []
    : [encodeFunctionData({ abi, functionName: "setFallbackHandler", args: [wanted] })];

  if (version !== "1.5.0") {
    const asked = await readContract(client, {
      address: wanted,
      abi,
      functionName: "sessionModuleOf",
      args: [address],
    });
    const setModule = isAddressEqual(asked, module)
      ? []
      : [encodeFunctionData({ abi, functionName: "setSessionModule", args: [module] })];
    return {
      calls: [...setHandler, ...setModule],
      isPossible: true,
      replacesVerifier: setModule.length > 0 && !isAddressEqual(asked, zeroAddress),
    };
  }

  const verifiers = await Promise.all(
    signedTokens.map(async (token) => {
      const separator = await readContract(client, { address: token, abi, functionName: "DOMAIN_SEPARATOR" });
      const verifier = await readContract(client, {
        address: wanted,
        abi,
        functionName: "domainVerifiers",
        args: [address, separator],
      });
      return { token, separator, verifier };
    }),
  );
  // What Permit2 may take is not handed from one app to another.
  const isOthers = verifiers.some(
    ({ token, verifier }) => isAddressEqual(token, PERMIT2) && !isOneOf(verifier, [module, zeroAddress]),
  );
  if (isOthers) return { ...none, isPossible: false };
  const missing = verifiers.filter(({ verifier }) => !isAddressEqual(verifier, module));
  return {
    calls: [
      ...setHandler,
      ...missing.map(({ separator }) =>
        encodeFunctionData({ abi, functionName: "setDomainVerifier", args: [separator, module] }),
      ),
    ],
    isPossible: true,
    replacesVerifier: missing.some(({ verifier }) => !isAddressEqual(verifier, zeroAddress)),
  };
}
