import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hashTypedData,
  keccak256,
  parseAbi,
  toBytes,
  zeroAddress,
} from "viem";
import { erc7579Abi, granterPrefix, safeAbi } from "../../../packages/sdk/src/index.ts";
import { asSafe } from "../asSafe.ts";
import { deployMock } from "../deployMock.ts";
import { RELAYER } from "../relayer.ts";
import type { SafeContracts, SafeVersion } from "../safe.ts";
import { createSafe, signAsSafe } from "../safeAccount.ts";
import { ecdsaOwner } from "../safeOwner.ts";
import type { TestChain } from "../TestChain.ts";
import type { EntryPoint } from "./EntryPoint.ts";
import { type ModularAccount, validatorOwnedAccount } from "./ModularAccount.ts";
import { ecdsaValidatorOwner, passkeyValidatorOwner } from "./ModularOwner.ts";
import { deploy, precompiled } from "./precompiled.ts";

/** Where an account is made, and which EntryPoint it obeys. */
type Chain = { testChain: TestChain; entryPoint: EntryPoint };

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

/** Biconomy's Nexus 1.0.0, without a registry of modules. */
export async function nexusAccount({ testChain, entryPoint }: Chain): Promise<ModularAccount> {
  const owner = await ecdsaValidatorOwner(testChain, "owner of a Nexus");
  const implementation = await deploy(testChain, precompiled("Nexus", "NEXUS_BYTECODE"), {
    abi: constructorAbi("address"),
    args: [entryPoint.address],
  });
  const factory = await deploy(testChain, precompiled("Nexus", "NEXUS_ACCOUNT_FACTORY_BYTECODE"), {
    abi: constructorAbi("address", "address"),
    args: [implementation, RELAYER],
  });
  const bootstrap = await deploy(testChain, precompiled("Nexus", "NEXUS_BOOTSTRAP_BYTECODE"));
  const initialization = await testChain.client.readContract({
    address: bootstrap,
    abi: nexusBootstrapAbi,
    functionName: "getInitNexusWithSingleValidatorCalldata",
    args: [{ module: owner.validator, data: owner.installation }, zeroAddress, [], 0],
  });
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

/** ZeroDev's Kernel 3.1; the owner is its root validator's, by any name of that. */
export async function kernelAccount({ testChain, entryPoint }: Chain): Promise<ModularAccount> {
  const owner = await ecdsaValidatorOwner(testChain, "owner of a Kernel");
  const implementation = await deploy(testChain, precompiled("Kernel", "KERNEL_BYTECODE"), {
    abi: constructorAbi("address"),
    args: [entryPoint.address],
  });
  const factory = await deploy(testChain, precompiled("Kernel", "KERNEL_FACTORY_BYTECODE"), {
    abi: constructorAbi("address"),
    args: [implementation],
  });
  const initialization = encodeFunctionData({
    abi: kernelAbi,
    functionName: "initialize",
    args: [concat(["0x01", owner.validator]), zeroAddress, owner.installation, "0x", []],
  });
  const address = await createBy(
    testChain,
    factory,
    encodeFunctionData({ abi: kernelAbi, functionName: "createAccount", args: [initialization, SALT] }),
  );
  return validatorOwnedAccount({
    testChain,
    kind: "kernel",
    address,
    entryPoint,
    owner,
    // Mode and type 0: the root validator, whose name is not needed.
    nonceKey: 0n,
    granter: granterPrefix({ kind: "kernel" }),
    wrap: (hash) =>
      hashTypedData({
        domain: { name: "Kernel", version: "0.3.1", chainId: testChain.chainId, verifyingContract: address },
        types: { Kernel: [{ name: "hash", type: "bytes32" }] },
        primaryType: "Kernel",
        message: { hash },
      }),
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
export async function safe7579Account(
  { testChain, entryPoint }: Chain,
  safe: SafeContracts,
  version: SafeVersion,
): Promise<ModularAccount> {
  const account = await createSafe(
    { testChain, safe },
    { version, owner: ecdsaOwner("owner of a Safe7579"), salt: "7579" },
  );
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

/** What an account calls itself. */
export const accountIdOf = ({ testChain, address }: Pick<ModularAccount, "testChain" | "address">) =>
  testChain.client.readContract({ address, abi: erc7579Abi, functionName: "accountId" });
