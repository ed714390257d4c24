import { type Address, concat, getContractAddress, type Hex, keccak256, pad, zeroHash } from "viem";
import { genuineCode } from "./genuineCode.ts";
import type { TestChain } from "./TestChain.ts";

/** The versions of Safe that Latchkey is tested on. */
export const SAFE_VERSIONS = ["1.3.0", "1.4.1", "1.5.0"] as const;
export type SafeVersion = (typeof SAFE_VERSIONS)[number];

/** Any caller with salt ‖ creation code gets a contract by CREATE2. The same code at both addresses. */
export const SAFE_SINGLETON_FACTORY: Address = "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7";
/** The older factory of the same code, which Safe 1.3.0 and Daimo's P-256 verifier were deployed by. */
export const DETERMINISTIC_DEPLOYMENT_PROXY: Address = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const FACTORY_CODE: Hex =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

/** Nobody in particular: who pays for the deployments. */
const DEPLOYER: Address = "0xDE910777C787903F78C89e7a0bf7F4C435cBB1Fe";

/** The contracts that every version has. */
export const SHARED_SAFE_CONTRACTS = [
  "safe",
  "safeL2",
  "proxyFactory",
  "multiSend",
  "multiSendCallOnly",
  "compatibilityFallbackHandler",
  "createCall",
  "simulateTxAccessor",
] as const;

/** The contracts of one version of Safe. */
export type SafeVersionContracts = Record<(typeof SHARED_SAFE_CONTRACTS)[number], Address> & {
  /** From 1.4.1 on. */
  signMessageLib?: Address;
  /** From 1.5.0 on. */
  extensibleFallbackHandler?: Address;
};

/** The contracts that make passkeys owners of Safes. */
export type PasskeyContracts = {
  /** One contract for all Safes: each keeps its own passkey in its own storage. */
  sharedSigner: Address;
  /** Makes one signer contract for each passkey. */
  signerFactory: Address;
  /** P-256 in Solidity, for chains without a precompile; Daimo's is the one that protocol-kit names. */
  daimoP256Verifier: Address;
  fclP256Verifier: Address;
};

/** One entry of protocol-kit's `contractNetworks`. */
export type ContractNetwork = {
  safeSingletonAddress: Address;
  safeProxyFactoryAddress: Address;
  multiSendAddress: Address;
  multiSendCallOnlyAddress: Address;
  fallbackHandlerAddress: Address;
  signMessageLibAddress?: Address;
  createCallAddress: Address;
  simulateTxAccessorAddress: Address;
  safeWebAuthnSignerFactoryAddress: Address;
  safeWebAuthnSharedSignerAddress: Address;
  extensibleFallbackHandlerAddress?: Address;
};

/** All of Safe on a development chain. */
export type SafeContracts = Record<SafeVersion, SafeVersionContracts> & {
  passkey: PasskeyContracts;
  /** protocol-kit's `contractNetworks` for Safes of a version on this chain. */
  contractNetworks(version: SafeVersion): Record<string, ContractNetwork>;
};

/**
 * Deploys a contract by CREATE2 with salt 0, unless it is there already.
 * @param codeHash What its runtime code must hash to, where that is known.
 * @throws If it is not at `expected`, or its code is another.
 */
export async function deployCanonically(
  testChain: TestChain,
  name: string,
  bytecode: Hex,
  {
    factory = SAFE_SINGLETON_FACTORY,
    expected,
    codeHash,
  }: { factory?: Address | undefined; expected?: Address | undefined; codeHash?: Hex | undefined },
): Promise<Address> {
  const address = getContractAddress({ opcode: "CREATE2", from: factory, salt: zeroHash, bytecode });
  if (expected && address !== expected) {
    throw new Error(`${name}: the artifact deploys to ${address}, the canonical address is ${expected}`);
  }
  let code = await testChain.client.getCode({ address });
  if (!code) {
    if (!(await testChain.client.getCode({ address: factory })))
      await testChain.setCode(factory, FACTORY_CODE);
    await testChain.send({ from: DEPLOYER, to: factory, data: concat([zeroHash, bytecode]) });
    code = await testChain.client.getCode({ address });
  }
  if (!code) throw new Error(`${name} was not deployed`);
  if (codeHash && keccak256(code) !== codeHash) throw new Error(`${name}: the code is not the canonical one`);
  return address;
}

/**
 * Puts the genuine contracts of Safe 1.3.0, 1.4.1 and 1.5.0 at their canonical addresses, from Safe's own npm packages,
 * and checks every code hash against Safe's list of deployments. On a fork of a live chain they are there
 * already, and are checked alike.
 *
 * The signer contracts for passkeys are those of safe-passkey 0.2.0 as published on npm. They are built with
 * other settings than the ones on the live chains, so they stand at other addresses. Daimo's verifier is the
 * canonical one.
 * @throws If an address or a code hash differs from the canonical one.
 */
export async function installSafe(testChain: TestChain): Promise<SafeContracts> {
  const place = (key: string) => {
    const { name, code, address, codeHash, factory } = genuineCode(key);
    return deployCanonically(testChain, name, code, { factory, expected: address, codeHash });
  };
  const all = async (version: SafeVersion): Promise<SafeVersionContracts> => {
    const contracts: Partial<SafeVersionContracts> = {};
    for (const name of SHARED_SAFE_CONTRACTS) contracts[name] = await place(`Safe ${version} ${name}`);
    if (version !== "1.3.0") contracts.signMessageLib = await place(`Safe ${version} signMessageLib`);
    if (version === "1.5.0")
      contracts.extensibleFallbackHandler = await place(`Safe ${version} extensibleFallbackHandler`);
    return contracts as SafeVersionContracts;
  };

  const versions = {
    "1.3.0": await all("1.3.0"),
    "1.4.1": await all("1.4.1"),
    "1.5.0": await all("1.5.0"),
  };
  const passkey: PasskeyContracts = {
    sharedSigner: await place("passkey sharedSigner"),
    signerFactory: await place("passkey signerFactory"),
    fclP256Verifier: await place("passkey fclP256Verifier"),
    daimoP256Verifier: await place("passkey daimoP256Verifier"),
  };
  return {
    ...versions,
    passkey,
    contractNetworks(version) {
      const of = versions[version];
      return {
        [testChain.chainId]: {
          // protocol-kit takes SafeL2, which emits more, everywhere but on Ethereum.
          safeSingletonAddress: testChain.chainId === 1 ? of.safe : of.safeL2,
          safeProxyFactoryAddress: of.proxyFactory,
          multiSendAddress: of.multiSend,
          multiSendCallOnlyAddress: of.multiSendCallOnly,
          fallbackHandlerAddress: of.compatibilityFallbackHandler,
          ...(of.signMessageLib ? { signMessageLibAddress: of.signMessageLib } : {}),
          createCallAddress: of.createCall,
          simulateTxAccessorAddress: of.simulateTxAccessor,
          safeWebAuthnSignerFactoryAddress: passkey.signerFactory,
          safeWebAuthnSharedSignerAddress: passkey.sharedSigner,
          ...(of.extensibleFallbackHandler
            ? { extensibleFallbackHandlerAddress: of.extensibleFallbackHandler }
            : {}),
        },
      };
    },
  };
}

/** The fallback handler's slot in a Safe: keccak256("fallback_manager.handler.address"). */
export const FALLBACK_HANDLER_SLOT: Hex =
  "0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5";

/** The fallback handler of a Safe; the zero address where there is none. */
export async function fallbackHandlerOf(testChain: TestChain, safe: Address): Promise<Address> {
  const word = await testChain.client.getStorageAt({ address: safe, slot: FALLBACK_HANDLER_SLOT });
  return `0x${pad(word ?? "0x").slice(26)}`;
}
