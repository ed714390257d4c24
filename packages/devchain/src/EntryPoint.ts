import {
  type Address,
  concat,
  decodeErrorResult,
  decodeEventLog,
  encodeFunctionData,
  getAddress,
  getContractAddress,
  type Hex,
  numberToHex,
  type TransactionReceipt,
  toEventSelector,
} from "viem";
import { entryPoint07Abi, type PackedUserOperation } from "viem/account-abstraction";
import { genuineCode } from "./genuineCode.ts";
import { RELAYER } from "./relayer.ts";
import { DETERMINISTIC_DEPLOYMENT_PROXY, deployCanonically } from "./safe.ts";
import type { TestChain } from "./TestChain.ts";

/** The versions of the EntryPoint that accounts are tried with. */
export const ENTRY_POINT_VERSIONS = ["0.7", "0.8", "0.9"] as const;
export type EntryPointVersion = (typeof ENTRY_POINT_VERSIONS)[number];

/** How a userOp that was included ended: its validation went well, its execution perhaps not. */
export type UserOpOutcome = {
  success: boolean;
  /** What the execution reverted with; empty where it did not, and where the account swallowed it. */
  reason: Hex;
  receipt: TransactionReceipt;
};

/** Most gas of each kind, and wei for it. */
export type UserOpGas = {
  verification: bigint;
  call: bigint;
  preVerification: bigint;
  /** maxFeePerGas */
  fee: bigint;
};

/** What a userOp is made of, before anybody signs it. */
export type UserOpDraft = {
  sender: Address;
  /** Of the nonce: 192 bits. */
  nonceKey: bigint;
  callData: Hex;
  paymasterAndData?: Hex;
  gas?: Partial<UserOpGas>;
};

/** An EntryPoint of a test chain. */
export type EntryPoint = {
  address: Address;
  version: EntryPointVersion;
  draft(draft: UserOpDraft): Promise<PackedUserOperation>;
  /** What the validator is asked about. */
  hash(userOp: PackedUserOperation): Promise<Hex>;
  /**
   * Includes the userOp in a block, alone, without a bundler.
   * @throws With `FailedOp` and its reason if the EntryPoint refuses it.
   */
  handle(userOp: PackedUserOperation): Promise<UserOpOutcome>;
  /** Pays wei in, from which the gas of `account`'s userOps is paid. */
  deposit(account: Address, value: bigint): Promise<void>;
  depositOf(account: Address): Promise<bigint>;
};

/** The gas limits of a userOp that says nothing else: plenty for all that is tried here. */
export const PLENTY_OF_GAS: UserOpGas = {
  verification: 2_000_000n,
  call: 2_500_000n,
  preVerification: 100_000n,
  fee: 2_000_000_000n,
};

const pair = (high: bigint, low: bigint): Hex =>
  concat([numberToHex(high, { size: 16 }), numberToHex(low, { size: 16 })]);

/** Where the EntryPoints are on every chain, and the salts that bring them there. */
export const CANONICAL_ENTRY_POINTS: Record<"0.7" | "0.8", { salt: Hex; address: Address }> = {
  "0.7": {
    salt: "0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3",
    address: "0x0000000071727De22E5E9d8BAf0edAc6f37da032",
  },
  "0.8": {
    salt: "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
    address: "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
  },
};

async function deployAt(testChain: TestChain, version: "0.7" | "0.8"): Promise<Address> {
  const { salt, address } = CANONICAL_ENTRY_POINTS[version];
  const bytecode = genuineCode(`EntryPoint ${version}`).code;
  const place = getContractAddress({
    opcode: "CREATE2",
    from: DETERMINISTIC_DEPLOYMENT_PROXY,
    salt,
    bytecode,
  });
  if (place !== getAddress(address)) throw new Error(`EntryPoint ${version} would not be at ${address}`);
  await testChain.send({ from: RELAYER, to: DETERMINISTIC_DEPLOYMENT_PROXY, data: concat([salt, bytecode]) });
  if (!(await testChain.client.getCode({ address: place }))) throw new Error(`no EntryPoint ${version}`);
  return place;
}

/** 0.9 is a release candidate, whose salt nobody knows: it stands at an address of its own. */
function deployCandidate(testChain: TestChain): Promise<Address> {
  const { name, code, address } = genuineCode("EntryPoint 0.9");
  return deployCanonically(testChain, name, code, {
    factory: DETERMINISTIC_DEPLOYMENT_PROXY,
    expected: address,
  });
}

const USER_OPERATION_EVENT = toEventSelector(
  "UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)",
);
const REVERT_REASON_EVENT = toEventSelector("UserOperationRevertReason(bytes32,address,uint256,bytes)");

function outcomeOf(receipt: TransactionReceipt, address: Address): UserOpOutcome {
  const logs = receipt.logs.filter((log) => getAddress(log.address) === address);
  const event = (topic: Hex) => {
    const log = logs.find(({ topics }) => topics[0] === topic);
    return log && decodeEventLog({ abi: entryPoint07Abi, topics: log.topics, data: log.data });
  };
  const ended = event(USER_OPERATION_EVENT);
  if (ended?.eventName !== "UserOperationEvent") throw new Error("the userOp was not handled");
  const reverted = event(REVERT_REASON_EVENT);
  return {
    success: ended.args.success,
    reason: reverted?.eventName === "UserOperationRevertReason" ? reverted.args.revertReason : "0x",
    receipt,
  };
}

/** The EntryPoint's own refusal out of what the node answers, which does not know how to read it. */
function failedOp(error: unknown): Error | undefined {
  const data = /return data: (0x[0-9a-f]+)/.exec(String((error as Error).message))?.[1] as Hex | undefined;
  if (!data) return undefined;
  const { errorName, args = [] } = decodeErrorResult({ abi: entryPoint07Abi, data });
  return new Error(`${errorName}: ${args.slice(1).join(" ")}`);
}

function entryPointAt(testChain: TestChain, address: Address, version: EntryPointVersion): EntryPoint {
  const { client } = testChain;
  // What is used here of it is the same in all three.
  const contract = { address, abi: entryPoint07Abi } as const;
  return {
    address,
    version,
    async draft({ sender, nonceKey, callData, paymasterAndData = "0x", gas = {} }) {
      const { verification, call, preVerification, fee } = { ...PLENTY_OF_GAS, ...gas };
      return {
        sender,
        nonce: await client.readContract({ ...contract, functionName: "getNonce", args: [sender, nonceKey] }),
        initCode: "0x",
        callData,
        accountGasLimits: pair(verification, call),
        preVerificationGas: preVerification,
        gasFees: pair(1n, fee),
        paymasterAndData,
        signature: "0x",
      };
    },
    hash: (userOp) => client.readContract({ ...contract, functionName: "getUserOpHash", args: [userOp] }),
    async handle(userOp) {
      const args = [[userOp], RELAYER] as const;
      const data = encodeFunctionData({ ...contract, functionName: "handleOps", args });
      try {
        return outcomeOf(await testChain.send({ from: RELAYER, to: address, data }), address);
      } catch (error) {
        throw failedOp(error) ?? error;
      }
    },
    async deposit(account, value) {
      const data = encodeFunctionData({ ...contract, functionName: "depositTo", args: [account] });
      await testChain.send({ from: RELAYER, to: address, data, value });
    },
    depositOf: (account) => client.readContract({ ...contract, functionName: "balanceOf", args: [account] }),
  };
}

/**
 * The real EntryPoints, from their own npm packages: 0.7.0 and 0.8.0 at their canonical addresses, the release candidate
 * of 0.9 at one of its own.
 */
export async function installEntryPoints(
  testChain: TestChain,
): Promise<Record<EntryPointVersion, EntryPoint>> {
  // The oldest factory is put in place by the deployment that needs no salt.
  const candidate = await deployCandidate(testChain);
  return {
    "0.7": entryPointAt(testChain, await deployAt(testChain, "0.7"), "0.7"),
    "0.8": entryPointAt(testChain, await deployAt(testChain, "0.8"), "0.8"),
    "0.9": entryPointAt(testChain, candidate, "0.9"),
  };
}

/** The first part of `paymasterAndData`, which the EntryPoint reads. Gas of its two functions in units. */
export const paymasterHead = (paymaster: Address, verification: bigint, postOp: bigint): Hex =>
  concat([paymaster, pair(verification, postOp)]);
