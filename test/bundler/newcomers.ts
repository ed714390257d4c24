import { deployMock } from "@latchkey/accounts/deployMock";
import {
  hashForKernel,
  kernelImplementation,
  nexusImplementation,
} from "@latchkey/accounts/erc7579/modularAccounts";
import { deploy, precompiled } from "@latchkey/accounts/erc7579/precompiled";
import { signAsSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { installSafe, RELAYER } from "@latchkey/devchain";
import type { Erc7579AccountKind } from "@latchkey/sdk";
import { safeAbi } from "@latchkey/sdk/encoding";
import { erc7579Abi, erc7579Installation, granterPrefix } from "@latchkey/sdk/erc7579";
import {
  type Address,
  concat,
  decodeFunctionData,
  encodeFunctionData,
  encodePacked,
  type Hex,
  keccak256,
  parseAbi,
  size,
  toBytes,
  zeroAddress,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { client, type Sender, someone, world } from "./fixture.ts";

/** An account that is not there yet, and what makes it: with the session module installed from its first second. */
export type Newcomer = Sender & {
  factory: { address: Address; data: Hex };
  /** The owner's grant, or whatever else the account is asked about by ERC-1271. */
  sign(digest: Hex): Promise<Hex>;
};

/** The owner of the newcomers, with an ordinary key. */
export const owner: PrivateKeyAccount = someone("owner of a newcomer");

const SALT: Hex = keccak256(toBytes("a newcomer"));

/** The owner's validator: it takes what the owner's wallet signs as a message. */
export const ownersValidator = async (): Promise<Address> =>
  (await deployMock(world().testChain, "PersonalSignOwnerValidator")).address;

/** Which address the factory would make the account at. */
async function foretold(factory: { address: Address; data: Hex }): Promise<Address> {
  const { data } = await client().call({ account: RELAYER, to: factory.address, data: factory.data });
  if (!data) throw new Error("the factory tells no address");
  return `0x${data.slice(26, 66)}`;
}

/** The two calls that install the module and name the granter, wherever the account will be. */
function installation(kind: Erc7579AccountKind, granter: Hex): readonly [Hex, Hex] {
  const calls = erc7579Installation({ kind, account: zeroAddress, module: world().module, granter });
  const [validator, executor] = calls.map(({ data }) => data);
  if (!validator || !executor) throw new Error("the module is installed by two calls");
  return [validator, executor];
}

/** What `onInstall` gets of such a call, on accounts that pass it on as it is. */
function installationData(call: Hex): Hex {
  const { args } = decodeFunctionData({ abi: erc7579Abi, data: call });
  const data = args?.[2];
  if (typeof data !== "string" || !data.startsWith("0x")) throw new Error("it installs nothing");
  return data as Hex;
}

/** EntryPoint 0.7, which all factories of these tests make their accounts for. */
const entryPoint = (): Sender["entryPoint"] => ({
  address: world().accounts["Nexus 1.0.0"].entryPoint.address,
  version: "0.7",
});

const signAsOwner = (hash: Hex) => owner.signMessage({ message: { raw: hash } });

/** OpenZeppelin has no factory: this one is of these tests. */
export async function openzeppelinNewcomer(): Promise<Newcomer> {
  const validator = await ownersValidator();
  const granter = granterPrefix({ kind: "openzeppelin", validator });
  const factory = await deployMock(world().testChain, "ModularAccountFactory");
  const data = factory.encode("createAccount", [
    entryPoint().address,
    validator,
    owner.address,
    world().module,
    installationData(installation("openzeppelin", granter)[0]),
  ]);
  const made = { address: factory.address, data };
  return {
    kind: "openzeppelin",
    address: await foretold(made),
    entryPoint: entryPoint(),
    factory: made,
    sign: async (digest) => concat([granter, await signAsOwner(digest)]),
  };
}

const nexusAbi = parseAbi([
  "constructor(address implementation, address owner)",
  "function createAccount(bytes initData, bytes32 salt) payable returns (address)",
  "struct BootstrapConfig { address module; bytes data; }",
  "function getInitNexusCalldata(BootstrapConfig[] validators, BootstrapConfig[] executors, BootstrapConfig hook, BootstrapConfig[] fallbacks, address registry, address[] attesters, uint8 threshold) view returns (bytes init)",
]);

/**
 * Biconomy's own factory of Nexus accounts.
 * @param equipped Whether the account is born with the session module.
 */
export async function nexusNewcomer({
  equipped,
}: {
  equipped: boolean;
}): Promise<Newcomer & { validator: Address }> {
  const { testChain, module } = world();
  const validator = await ownersValidator();
  const granter = granterPrefix({ kind: "nexus", validator });
  const address = await deploy(testChain, precompiled("Nexus", "NEXUS_ACCOUNT_FACTORY_BYTECODE"), {
    abi: nexusAbi,
    args: [
      await nexusImplementation({ testChain, entryPoint: world().accounts["Nexus 1.0.0"].entryPoint }),
      RELAYER,
    ],
  });
  const bootstrap = await deploy(testChain, precompiled("Nexus", "NEXUS_BOOTSTRAP_BYTECODE"));
  const ofOwner = { module: validator, data: owner.address };
  const [asValidator] = installation("nexus", granter);
  const initialization = await client().readContract({
    address: bootstrap,
    abi: nexusAbi,
    functionName: "getInitNexusCalldata",
    args: [
      equipped ? [ofOwner, { module, data: installationData(asValidator) }] : [ofOwner],
      equipped ? [{ module, data: "0x" }] : [],
      { module: zeroAddress, data: "0x" },
      [],
      zeroAddress,
      [],
      0,
    ],
  });
  const data = encodeFunctionData({
    abi: nexusAbi,
    functionName: "createAccount",
    args: [initialization, SALT],
  });
  const factory = { address, data };
  return {
    kind: "nexus",
    address: await foretold(factory),
    entryPoint: entryPoint(),
    factory,
    validator,
    sign: async (digest) => concat([granter, await signAsOwner(digest)]),
  };
}

const kernelAbi = parseAbi([
  "constructor(address implementation)",
  "function initialize(bytes21 rootValidator, address hook, bytes validatorData, bytes hookData, bytes[] initConfig)",
  "function createAccount(bytes data, bytes32 salt) payable returns (address)",
]);

/** ZeroDev's own factory of Kernels. */
export async function kernelFactory(): Promise<Address> {
  const { testChain } = world();
  return deploy(testChain, precompiled("Kernel", "KERNEL_FACTORY_BYTECODE"), {
    abi: kernelAbi,
    args: [await kernelImplementation({ testChain, entryPoint: world().accounts["Kernel 3.1"].entryPoint })],
  });
}

/** A Kernel that installs the module by the calls that its creation may carry. */
export async function kernelNewcomer(): Promise<Newcomer> {
  const validator = await ownersValidator();
  const granter = granterPrefix({ kind: "kernel" });
  const initialization = encodeFunctionData({
    abi: kernelAbi,
    functionName: "initialize",
    args: [concat(["0x01", validator]), zeroAddress, owner.address, "0x", installation("kernel", granter)],
  });
  const data = encodeFunctionData({
    abi: kernelAbi,
    functionName: "createAccount",
    args: [initialization, SALT],
  });
  const factory = { address: await kernelFactory(), data };
  const address = await foretold(factory);
  return {
    kind: "kernel",
    address,
    entryPoint: entryPoint(),
    factory,
    sign: async (digest) =>
      concat([granter, await signAsOwner(hashForKernel(world().testChain, address, digest))]),
  };
}

const safeCreationAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address)",
  "function setup(address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver)",
  "function multiSend(bytes transactions) payable",
  "struct ModuleInit { address module; bytes initData; }",
  "struct RegistryInit { address registry; address[] attesters; uint8 threshold; }",
  "function initializeAccount(ModuleInit[] validators, ModuleInit[] executors, ModuleInit[] fallbacks, ModuleInit[] hooks, RegistryInit registryInit)",
]);

/** One call among those of a MultiSend of Safe 1.5.0, for which address zero is the Safe itself. */
const bySafeToItself = (data: Hex): Hex =>
  encodePacked(
    ["uint8", "address", "uint256", "uint256", "bytes"],
    [0, zeroAddress, 0n, BigInt(size(data)), data],
  );

/**
 * Safe's own factory, whose setup makes the Safe an ERC-7579 account. Rhinestone's launchpad is of no use here: it has
 * the first userOp call `setupSafe`, and a session's userOp has another form.
 */
export async function safe7579Newcomer(): Promise<Newcomer> {
  const { testChain, module } = world();
  const safe = await installSafe(testChain);
  const { safe: singleton, proxyFactory, multiSend } = safe["1.5.0"];
  const adapter = await deploy(testChain, precompiled("Safe7579", "SAFE7579_BYTECODE"));
  const granter = granterPrefix({ kind: "safe7579" });
  const owner = ecdsaOwner("owner of a new Safe7579");
  const becomesModular = [
    encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [adapter] }),
    encodeFunctionData({
      abi: safeCreationAbi,
      functionName: "initializeAccount",
      args: [
        [{ module, initData: installationData(installation("safe7579", granter)[0]) }],
        [{ module, initData: "0x" }],
        [],
        [],
        { registry: zeroAddress, attesters: [], threshold: 0 },
      ],
    }),
  ];
  const setup = encodeFunctionData({
    abi: safeCreationAbi,
    functionName: "setup",
    args: [
      [owner.address],
      1n,
      multiSend,
      encodeFunctionData({
        abi: safeCreationAbi,
        functionName: "multiSend",
        args: [concat(becomesModular.map(bySafeToItself))],
      }),
      adapter,
      zeroAddress,
      0n,
      zeroAddress,
    ],
  });
  const data = encodeFunctionData({
    abi: safeCreationAbi,
    functionName: "createProxyWithNonce",
    args: [singleton, setup, BigInt(SALT)],
  });
  const factory = { address: proxyFactory, data };
  const address = await foretold(factory);
  const account = { testChain, safe, version: "1.5.0", address, owner } as const;
  return {
    kind: "safe7579",
    address,
    entryPoint: entryPoint(),
    factory,
    sign: async (digest) => concat([granter, await signAsSafe(account, digest)]),
  };
}
