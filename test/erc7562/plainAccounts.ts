import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import {
  ecdsaValidatorOwner,
  type ModularOwner,
  passkeyValidatorOwner,
} from "@latchkey/accounts/erc7579/ModularOwner";
import { openTestChain, RELAYER, type TestChain } from "@latchkey/devchain";
import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  decodeFunctionResult,
  encodeFunctionData,
  encodePacked,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  numberToHex,
  pad,
  size,
  toBytes,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { Call, Session } from "#sdk/session/Session.ts";
import { sessionTypedData } from "#sdk/session/sessionTypedData.ts";
import { packed, sessionBytes } from "../contracts/sessionBytes.ts";
import { type EntryPointVersion, installEntryPoint } from "./entryPoint.ts";
import { entryPointAbi, nonceKeyOf, type PackedUserOp, packedUserOp } from "./userOp.ts";

/** Where the module under test stands. */
export const MODULE: Address = getAddress(`0x${keccak256(toBytes("latchkey ERC-7579 module")).slice(26)}`);
/** The second that the chain begins at. */
export const T0 = 2_000_000_000;
export const DAY = 86_400;

/** One module of an account's first block. Types: 1 validator, 2 executor. */
export type Installation = { moduleTypeId: bigint; module: Address; initData: Hex };

/** A chain with an entry point, plain ERC-7579 accounts, validators for their owners, and the module. */
export type PlainAccounts = {
  chain: TestChain;
  entryPoint: Address;
  factory: Mock;
  /** Owners, each with a validator of its own. */
  owners: { ecdsa: ModularOwner; passkey: ModularOwner };
  moduleAbi: Abi;
  /** Where the account of that number is, or will be. */
  addressOf(number: bigint): Promise<Address>;
  /** `initCode` of a userOp that creates the account, and then its modules. */
  initCode(number: bigint, installations: Installation[]): Hex;
  /** Creates it now, and gives it a deposit for gas. */
  create(number: bigint, installations: Installation[]): Promise<Address>;
  /** Pays for an account's, a factory's or a paymaster's gas. */
  deposit(to: Address): Promise<void>;
  hashOf(userOp: PackedUserOp): Promise<Hex>;
  /** A userOp of a session, signed by its key, with the nonce that chooses the module. */
  sessionOp(
    session: Session,
    calls: readonly Call[],
    key: PrivateKeyAccount,
    changes?: Partial<PackedUserOp> & { grant?: Hex },
  ): Promise<PackedUserOp>;
  readModule(functionName: string, args: readonly unknown[]): Promise<unknown>;
  takeSnapshot(): Promise<() => Promise<void>>;
};

/** Data for the module's `onInstall`: the granter behind its length, then each session's key and own bytes. */
export const onInstallData = (granter: Hex, sessions: readonly Session[] = []): Hex =>
  concat([
    numberToHex(size(granter), { size: 1 }),
    granter,
    ...sessions.flatMap((one) => [one.key, packed(one)]),
  ]);

/** What the owner signs to grant a session. */
export const grantDigest = (session: Session, chainId: number): Hex =>
  hashTypedData(sessionTypedData(session, { module: MODULE, chainId }));

/** Opens a chain of its own. */
export async function openPlainAccounts(version: EntryPointVersion): Promise<PlainAccounts> {
  const connection = await network.create("default");
  const chain = await openTestChain(connection.provider);
  const entryPoint = await installEntryPoint(chain, version);
  const { abi, deployedBytecode } = await artifacts.readArtifact("ERC7579SessionModule");
  const moduleAbi = abi as Abi;
  await chain.setCode(MODULE, deployedBytecode as Hex);
  const factory = await deployMock(chain, "PlainAccountFactory", [entryPoint]);
  const owners = {
    ecdsa: await ecdsaValidatorOwner(chain, "erc7562"),
    passkey: await passkeyValidatorOwner(chain, "erc7562"),
  };
  await connection.networkHelpers.time.increaseTo(T0);

  const readModule: PlainAccounts["readModule"] = async (functionName, args) => {
    const data = encodeFunctionData({ abi: moduleAbi, functionName, args: [...args] });
    const { data: answer = "0x" } = await chain.client.call({ to: MODULE, data });
    return decodeFunctionResult({ abi: moduleAbi, functionName, data: answer });
  };
  const hashOf = (userOp: PackedUserOp): Promise<Hex> =>
    chain.client.readContract({
      address: entryPoint,
      abi: entryPointAbi,
      functionName: "getUserOpHash",
      args: [userOp],
    });
  const deposit = async (to: Address) => {
    const data = encodeFunctionData({ abi: entryPointAbi, functionName: "depositTo", args: [to] });
    await chain.send({ from: RELAYER, to: entryPoint, data, value: 10n ** 18n });
  };
  const salt = (number: bigint): Hex => toHex(number, { size: 32 });
  const addressOf = async (number: bigint) => (await factory.read("addressOf", [salt(number)])) as Address;

  return {
    chain,
    entryPoint,
    factory,
    owners,
    moduleAbi,
    addressOf,
    initCode: (number, installations) =>
      concat([factory.address, factory.encode("createAccount", [salt(number), installations])]),
    async create(number, installations) {
      const account = await addressOf(number);
      await factory.write("createAccount", [salt(number), installations]);
      await deposit(account);
      return account;
    },
    deposit,
    hashOf,
    async sessionOp(session, calls, key, { grant = "0x", ...changes } = {}) {
      const execute = encodeFunctionData({
        abi: moduleAbi,
        functionName: "execute",
        args: [sessionBytes(session), grant, calls],
      });
      const userOp = packedUserOp({
        sender: session.account,
        nonce: nonceKeyOf(MODULE) << 64n,
        callData: executeData(MODULE, 0n, execute),
        ...changes,
      });
      return { ...userOp, signature: await key.sign({ hash: await hashOf(userOp) }) };
    },
    readModule,
    async takeSnapshot() {
      const { restore } = await connection.networkHelpers.takeSnapshot();
      return restore;
    },
  };
}

const accountAbi = [
  {
    type: "function",
    name: "execute",
    stateMutability: "payable",
    inputs: [
      { name: "mode", type: "bytes32" },
      { name: "executionCalldata", type: "bytes" },
    ],
    outputs: [],
  },
] as const;

/** Calldata of an account's `execute` of one call, in the default mode. */
export const executeData = (target: Address, value: bigint, data: Hex): Hex =>
  encodeFunctionData({
    abi: accountAbi,
    functionName: "execute",
    args: [pad("0x"), encodePacked(["address", "uint256", "bytes"], [target, value, data])],
  });
