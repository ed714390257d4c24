import {
  type EntryPoint,
  RELAYER,
  type SafeContracts,
  type SafeVersion,
  type TestChain,
} from "@latchkey/devchain";
import { safeAbi } from "@latchkey/sdk/encoding";
import { erc7579Abi, granterPrefix, type KernelVersion } from "@latchkey/sdk/erc7579";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hashTypedData,
  keccak256,
  parseAbi,
  stringToHex,
  toBytes,
  zeroAddress,
} from "viem";
import { asSafe } from "../asSafe.ts";
import { deployMock } from "../deployMock.ts";
import { createSafe, type SafeAccount, signAsSafe } from "../safeAccount.ts";
import { ecdsaOwner } from "../safeOwner.ts";
import { type ModularAccount, validatorOwnedAccount } from "./ModularAccount.ts";
import { ecdsaValidatorOwner, type ModularOwner, passkeyValidatorOwner } from "./ModularOwner.ts";
import { deploy, precompiled } from "./precompiled.ts";
import { createSharedSignerSafe } from "./sharedSignerSafe.ts";

/** Where an account is made, and which EntryPoint it obeys. */
type Chain = { testChain: TestChain; entryPoint: EntryPoint };
/** The first validator of an account, and what it is installed with. */
type FirstValidator = Pick<ModularOwner, "validator" | "installation">;

const SALT: Hex = keccak256(toBytes("the ERC-7579 accounts of the tests"));

/** Calls a factory, twice: for the address that it tells, and for the account. */
async function createBy(testChain: TestChain, factory: Address, data: Hex): Promise<Address> {
  const { data: answer } = await testChain.client.call({ account: RELAYER, to: factory, data });
  if (!answer) throw new Error("the factory tells no address");
  await testChain.send({ from: RELAYER, to: factory, data });
  const address: Address = `0x${answer.slice(26, 66)}`;
  if (!(await testChain.client.getCode({ address }))) throw new Error("the factory made no account");
  return address;
}

const constructorAbi = (...types: string[]) => parseAbi([`constructor(${types.join(", ")})`]);

/** OpenZeppelin's AccountERC7579, whose owner has a passkey. */
export async function openzeppelinAccount({ testChain, entryPoint }: Chain): Promise<ModularAccount> {
  const owner = await passkeyValidatorOwner(testChain, "owner of an OpenZeppelin account");
  const { address } = await deployMock(testChain, "ModularAccount", [
    entryPoint.address,
    owner.validator,
    owner.installation,
  ]);
  return validatorOwnedAccount({ testChain, kind: "openzeppelin", address, entryPoint, owner });
}

const nexusFactoryAbi = parseAbi([
  "function createAccount(bytes initData, bytes32 salt) payable returns (address)",
]);
const nexusBootstrapAbi = parseAbi([
  "struct BootstrapConfig { address module; bytes data; }",
  "function getInitNexusWithSingleValidatorCalldata(BootstrapConfig validator, address registry, address[] attesters, uint8 threshold) view returns (bytes init)",
]);

/** Deploys what every Nexus of an EntryPoint runs. */
export const nexusImplementation = ({ testChain, entryPoint }: Chain): Promise<Address> =>
  deploy(testChain, precompiled("Nexus", "NEXUS_BYTECODE"), {
    abi: constructorAbi("address"),
    args: [entryPoint.address],
  });

/** What a new Nexus is initialized with: no registry of modules. Its bootstrap contract is deployed for it. */
export async function nexusInitialization(
  testChain: TestChain,
  { validator, installation }: FirstValidator,
): Promise<Hex> {
  const bootstrap = await deploy(testChain, precompiled("Nexus", "NEXUS_BOOTSTRAP_BYTECODE"));
  return testChain.client.readContract({
    address: bootstrap,
    abi: nexusBootstrapAbi,
    functionName: "getInitNexusWithSingleValidatorCalldata",
    args: [{ module: validator, data: installation }, zeroAddress, [], 0],
  });
}

/** Biconomy's Nexus 1.0.0, without a registry of modules. */
export async function nexusAccount(chain: Chain): Promise<ModularAccount> {
  const { testChain, entryPoint } = chain;
  const owner = await ecdsaValidatorOwner(testChain, "owner of a Nexus");
  const factory = await deploy(testChain, precompiled("Nexus", "NEXUS_ACCOUNT_FACTORY_BYTECODE"), {
    abi: constructorAbi("address", "address"),
    args: [await nexusImplementation(chain), RELAYER],
  });
  const initialization = await nexusInitialization(testChain, owner);
  const address = await createBy(
    testChain,
    factory,
    encodeFunctionData({
      abi: nexusFactoryAbi,
      functionName: "createAccount",
      args: [initialization, SALT],
    }),
  );
  return validatorOwnedAccount({ testChain, kind: "nexus", address, entryPoint, owner });
}

const kernelAbi = parseAbi([
  "function initialize(bytes21 rootValidator, address hook, bytes validatorData, bytes hookData, bytes[] initConfig)",
  "function createAccount(bytes data, bytes32 salt) payable returns (address)",
]);

/**
 * Kernel 3.1's code under another version's name, as it stands in `accountId()` and in the EIP-712 domain: a stand-in for
 * the later versions, whose code no package has.
 */
const renamed = (code: Hex, version: KernelVersion): Hex =>
  code.replaceAll(stringToHex("0.3.1").slice(2), stringToHex(version).slice(2)) as Hex;

/** Deploys what every Kernel of an EntryPoint runs. */
export const kernelImplementation = (
  { testChain, entryPoint }: Chain,
  version: KernelVersion = "0.3.1",
): Promise<Address> =>
  deploy(testChain, renamed(precompiled("Kernel", "KERNEL_BYTECODE"), version), {
    abi: constructorAbi("address"),
    args: [entryPoint.address],
  });

/** What a new Kernel is called with, once, so that it has a root validator. */
export const kernelInitialization = ({ validator, installation }: FirstValidator): Hex =>
  encodeFunctionData({
    abi: kernelAbi,
    functionName: "initialize",
    args: [concat(["0x01", validator]), zeroAddress, installation, "0x", []],
  });

/** What a Kernel's validator is asked about in place of a hash. */
export const hashForKernel = (
  { chainId }: Pick<TestChain, "chainId">,
  kernel: Address,
  hash: Hex,
  version: KernelVersion = "0.3.1",
): Hex =>
  hashTypedData({
    domain: { name: "Kernel", version, chainId, verifyingContract: kernel },
    types: { Kernel: [{ name: "hash", type: "bytes32" }] },
    primaryType: "Kernel",
    message: { hash },
  });

/**
 * ZeroDev's Kernel 3.1, or it under a later version's name; the owner is its root validator's, by any name of that.
 */
export async function kernelAccount(chain: Chain, version: KernelVersion = "0.3.1"): Promise<ModularAccount> {
  const kind = version === "0.3.1" ? "kernel" : (`kernel-${version}` as const);
  const { testChain, entryPoint } = chain;
  const owner = await ecdsaValidatorOwner(testChain, "owner of a Kernel");
  const factory = await deploy(testChain, precompiled("Kernel", "KERNEL_FACTORY_BYTECODE"), {
    abi: constructorAbi("address"),
    args: [await kernelImplementation(chain, version)],
  });
  const address = await createBy(
    testChain,
    factory,
    encodeFunctionData({
      abi: kernelAbi,
      functionName: "createAccount",
      args: [kernelInitialization(owner), SALT],
    }),
  );
  return validatorOwnedAccount({
    testChain,
    kind,
    address,
    entryPoint,
    owner,
    // Mode and type 0: the root validator, whose name is not needed.
    nonceKey: 0n,
    granter: granterPrefix({ kind }),
    wrap: (hash) => hashForKernel(testChain, address, hash, version),
  });
}

const referenceAbi = parseAbi([
  "function singleInitMSA(address validator, bytes data)",
  "function initializeAccount(bytes data) payable",
]);

/** The standard's reference account. It obeys EntryPoint 0.7, which is written into it. */
export async function referenceAccount({ testChain, entryPoint }: Chain): Promise<ModularAccount> {
  const owner = await ecdsaValidatorOwner(testChain, "owner of a reference account");
  const implementation = await deploy(testChain, precompiled("ERC7579", "ERC7579_BYTECODE"));
  const bootstrap = await deploy(testChain, precompiled("ERC7579", "ERC7579_BOOTSTRAP_BYTECODE"));
  const initialization = encodeAbiParameters(
    [{ type: "address" }, { type: "bytes" }],
    [
      bootstrap,
      encodeFunctionData({
        abi: referenceAbi,
        functionName: "singleInitMSA",
        args: [owner.validator, owner.installation],
      }),
    ],
  );
  const address = await deploy(testChain, precompiled("ERC7579", "MSAPROXY_BYTECODE"), {
    abi: constructorAbi("address", "bytes"),
    args: [
      implementation,
      encodeFunctionData({
        abi: referenceAbi,
        functionName: "initializeAccount",
        args: [initialization],
      }),
    ],
  });
  return validatorOwnedAccount({ testChain, kind: "reference", address, entryPoint, owner });
}

const safe7579Abi = parseAbi([
  "struct ModuleInit { address module; bytes initData; }",
  "struct RegistryInit { address registry; address[] attesters; uint8 threshold; }",
  "function initializeAccount(ModuleInit[] validators, ModuleInit[] executors, ModuleInit[] fallbacks, ModuleInit[] hooks, RegistryInit registryInit)",
]);

/**
 * A Safe that somebody had already, made an ERC-7579 account by Rhinestone's adapter, without a registry of modules.
 * Its owners stay its owners: they act by the Safe's own transactions.
 */
export async function adaptedSafe(
  { testChain, entryPoint }: Chain,
  account: SafeAccount,
): Promise<ModularAccount> {
  const { address } = account;
  const adapter = await deploy(testChain, precompiled("Safe7579", "SAFE7579_BYTECODE"));
  await asSafe(
    account,
    [
      encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [adapter] }),
      encodeFunctionData({ abi: safeAbi, functionName: "setFallbackHandler", args: [adapter] }),
      encodeFunctionData({
        abi: safe7579Abi,
        functionName: "initializeAccount",
        args: [[], [], [], [], { registry: zeroAddress, attesters: [], threshold: 0 }],
      }),
    ].map((data) => ({ to: address, value: 0n, data })),
  );
  const granter = granterPrefix({ kind: "safe7579" });
  return {
    testChain,
    kind: "safe7579",
    address,
    entryPoint,
    granter,
    execute: (calls) => asSafe(account, calls),
    sign: async (digest) => concat([granter, await signAsSafe(account, digest)]),
  };
}

/** A Safe with the adapter, owned by an ordinary key. */
export const safe7579Account = async (chain: Chain, safe: SafeContracts, version: SafeVersion) =>
  adaptedSafe(
    chain,
    await createSafe(
      { testChain: chain.testChain, safe },
      { version, owner: ecdsaOwner("owner of a Safe7579"), salt: "7579" },
    ),
  );

/** A Safe with the adapter, owned by a passkey that it keeps in its own storage for Safe's shared signer. */
export const passkeySafe7579Account = async (chain: Chain, safe: SafeContracts, version: SafeVersion) =>
  adaptedSafe(chain, await createSharedSignerSafe(chain.testChain, safe, version));

/** What an account calls itself. */
export const accountIdOf = ({ testChain, address }: Pick<ModularAccount, "testChain" | "address">) =>
  testChain.client.readContract({ address, abi: erc7579Abi, functionName: "accountId" });
