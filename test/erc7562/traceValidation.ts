import { RELAYER, type TestChain } from "@latchkey/devchain";
import {
  type Address,
  decodeErrorResult,
  type Hex,
  hexToBigInt,
  isAddressEqual,
  keccak256,
  numberToHex,
  pad,
  toEventSelector,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { entryPointAbi, handleOpsData, type PackedUserOp } from "./userOp.ts";

/** Whose phase of the validation something belongs to. */
export type Entity = "factory" | "account" | "paymaster";

/** One thing that ERC-7562 forbids, done while a userOp was validated. */
export type Violation = {
  /** As the ERC names it. */
  rule: string;
  entity: Entity;
  /** Whose code did it. */
  contract: Address;
  opcode: string;
  /** What it was done to: an address, a slot; empty where the opcode says all. */
  object: string;
};

/** One slot of a contract other than the account that validation touched. */
export type Touch = {
  entity: Entity;
  contract: Address;
  slot: Hex;
  write: boolean;
  /** Whether ERC-7562 counts the slot as the account's. */
  associated: boolean;
};

export type Validation = {
  violations: Violation[];
  touches: Touch[];
  /** How many opcodes the account, the factory and the paymaster ran. */
  steps: number;
  /** All contracts whose code ran. */
  contracts: Address[];
};

/** One step of a `debug_traceCall`, as far as it is read. */
type StructLog = {
  op: string;
  gas: number;
  gasCost: number;
  depth: number;
  stack: Hex[];
  memory?: string[];
  error?: unknown;
};

/** A call on its way. */
type Frame = { entity: Entity | undefined; code: Address; storage: Address };

const BANNED = new Set([
  "ORIGIN",
  "GASPRICE",
  "BLOCKHASH",
  "COINBASE",
  "TIMESTAMP",
  "NUMBER",
  "DIFFICULTY",
  "PREVRANDAO",
  "GASLIMIT",
  "BASEFEE",
  "BLOBHASH",
  "BLOBBASEFEE",
  "CREATE",
  "INVALID",
  "SELFDESTRUCT",
]);
const CALLS = new Set(["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"]);
const CODE_READS = new Set(["EXTCODESIZE", "EXTCODECOPY", "EXTCODEHASH"]);
const STORAGE = new Set(["SLOAD", "SSTORE", "TLOAD", "TSTORE"]);
/** What ends a call in good order; anything else took all its gas, or could not be run. */
const ENDS = new Set(["STOP", "RETURN", "REVERT", "SELFDESTRUCT", "INVALID"]);
/** The furthest that a slot may be from the hash that makes it associated. */
const FURTHEST = 128n;
/** The least that counts as a stake here (the ERC leaves the sum to each chain), in wei. */
const MIN_STAKE = 10n ** 18n;
const MIN_UNSTAKE_DELAY = 86_400;
/** Where precompiles are, if at all. */
const LOW_ADDRESSES = 0x1000n;
/** 1 to 17 of the execution layer, and P256VERIFY. */
const isPrecompile = (address: Address): boolean => {
  const number = BigInt(address);
  return (number >= 1n && number <= 17n) || number === 0x100n;
};

const BEFORE_EXECUTION = toEventSelector("BeforeExecution()");
const DEPOSIT_TO = toFunctionSelector("depositTo(address)");

const wordOf = (hex: Hex | undefined): Hex => pad(hex ?? "0x", { size: 32 });
const addressOf = (word: Hex | undefined): Address => `0x${wordOf(word).slice(26)}`;
const numberOf = (word: Hex | undefined): bigint => hexToBigInt(wordOf(word));
/** The n-th word of the stack from its top, which is 0. */
const peek = ({ stack }: StructLog, n: number): Hex | undefined => stack[stack.length - 1 - n];

/** Bytes of a step's memory; what was never written reads as zero. */
function memoryOf(log: StructLog, offset: bigint, length: bigint): Hex {
  const from = 2 * Number(offset);
  const to = from + 2 * Number(length);
  let bytes = "";
  // Word by word: a step's whole memory may be long.
  for (let word = Math.floor(from / 64); word * 64 < to; ++word) {
    bytes += (log.memory?.[word] ?? "").replace(/^0x/, "").padEnd(64, "0");
  }
  const skipped = from - 64 * Math.floor(from / 64);
  return `0x${bytes.slice(skipped, skipped + to - from)}`;
}

/**
 * Runs `handleOps` with one userOp on a copy of the chain's last state, watches its validation (creation, account,
 * paymaster), and tells everything in it that ERC-7562 forbids. The execution that follows is not looked at.
 *
 * COD-010 and the rules about reputation and other userOps (STO-040, STO-041) are not a matter of one trace.
 * @param entryPoint 0.7 or later.
 * @throws If the entry point refuses the userOp: nothing was validated then, so nothing could be found.
 */
export async function traceValidation(
  chain: TestChain,
  entryPoint: Address,
  userOp: PackedUserOp,
): Promise<Validation> {
  const account = userOp.sender;
  const addressIn = (bytes: Hex): Address => (bytes === "0x" ? zeroAddress : (bytes.slice(0, 42) as Address));
  const entities: Record<Entity, Address> = {
    factory: addressIn(userOp.initCode),
    account,
    paymaster: addressIn(userOp.paymasterAndData),
  };
  const isStaked = async (address: Address): Promise<boolean> => {
    const info = await chain.client.readContract({
      address: entryPoint,
      abi: entryPointAbi,
      functionName: "getDepositInfo",
      args: [address],
    });
    return info.staked && info.stake >= MIN_STAKE && info.unstakeDelaySec >= MIN_UNSTAKE_DELAY;
  };
  const staked: Record<Entity, boolean> = {
    factory: await isStaked(entities.factory),
    account: await isStaked(account),
    paymaster: await isStaked(entities.paymaster),
  };
  const logs = await validationLogs(chain, entryPoint, userOp);

  const codes = new Map<string, Promise<boolean>>();
  const hasCode = (address: Address): Promise<boolean> => {
    const known = codes.get(address);
    if (known) return known;
    const asked = chain.client.getCode({ address }).then((code) => code !== undefined && code !== "0x");
    codes.set(address, asked);
    return asked;
  };

  const violations: Violation[] = [];
  const touches: Touch[] = [];
  const contracts = new Set<Address>();
  /** What was hashed behind an address, so that `keccak(address ‖ x)` is known when it is seen. */
  const hashes = new Map<string, bigint[]>();
  const frames: Frame[] = [{ entity: undefined, code: entryPoint, storage: entryPoint }];
  let created = false;
  let steps = 0;

  const isAssociated = (slot: bigint, owner: Address): boolean =>
    slot === BigInt(owner) ||
    (hashes.get(owner.toLowerCase()) ?? []).some((hash) => slot >= hash && slot - hash <= FURTHEST);

  for (const [i, log] of logs.entries()) {
    const frame = frames[log.depth - 1];
    if (!frame) throw new Error(`step ${i} is of a call that was not seen`);
    frames.length = log.depth;
    const next = logs[i + 1];
    const { op } = log;
    const { entity } = frame;
    const report = (rule: string, object = "") => {
      if (entity) violations.push({ rule, entity, contract: frame.code, opcode: op, object });
    };
    const target =
      CALLS.has(op) || CODE_READS.has(op) ? addressOf(peek(log, CALLS.has(op) ? 1 : 0)) : zeroAddress;

    if (next && next.depth > log.depth) {
      // Into the entry point no rule follows; what it calls for a phase begins that phase.
      let inner: Entity | undefined = entity;
      if (isAddressEqual(target, entryPoint)) inner = undefined;
      else if (log.depth === 1) inner = phaseOf(log, target, userOp);
      else if (entity === undefined) inner = isAddressEqual(target, entities.factory) ? "factory" : undefined;
      const creates = op === "CREATE" || op === "CREATE2";
      const code = creates ? addressCreatedIn(logs, i) : target;
      frames.push({
        entity: inner,
        code,
        storage: op === "DELEGATECALL" || op === "CALLCODE" ? frame.storage : code,
      });
    }
    if (entity === undefined) continue;
    ++steps;
    contracts.add(frame.code);

    if (BANNED.has(op)) report("OP-011");
    if (op === "GAS" && !(next && next.depth === log.depth && CALLS.has(next.op))) report("OP-012");
    if (/unknown|undefined|^0x|not defined/i.test(op)) report("OP-013");
    if ((!next || next.depth < log.depth) && !ENDS.has(op)) report("OP-020");
    if (op === "CREATE2") {
      const made = addressCreatedIn(logs, i);
      if (entity !== "factory" || created || !isAddressEqual(made, account)) report("OP-031", made);
      created = true;
    }
    if ((op === "BALANCE" || op === "SELFBALANCE") && !staked[entity]) report("OP-080");
    if (op === "KECCAK256" && numberOf(peek(log, 1)) === 64n) {
      const input = memoryOf(log, numberOf(peek(log, 0)), 64n);
      const hash = keccak256(input);
      if (next && hash !== wordOf(peek(next, 0))) throw new Error(`the memory of step ${i} was misread`);
      const owner = addressOf(input.slice(0, 66) as Hex).toLowerCase();
      if (input.slice(2, 26) === "0".repeat(24))
        hashes.set(owner, [...(hashes.get(owner) ?? []), BigInt(hash)]);
    }
    if (CALLS.has(op) || CODE_READS.has(op)) {
      if (isAddressEqual(target, entryPoint)) {
        if (!mayTouchEntryPoint(log, next, frame, entity, entities)) report("OP-054", target);
      } else {
        const value = op === "CALL" || op === "CALLCODE" ? numberOf(peek(log, 2)) : 0n;
        if (value !== 0n) report("OP-061", target);
        const exists =
          isPrecompile(target) || (created && isAddressEqual(target, account)) || (await hasCode(target));
        const factoryLooks = entity === "factory" && isAddressEqual(target, account);
        if (!exists && !factoryLooks) report(BigInt(target) < LOW_ADDRESSES ? "OP-062" : "OP-041", target);
      }
    }
    if (STORAGE.has(op) && !isAddressEqual(frame.storage, account)) {
      const slot = numberOf(peek(log, 0));
      const write = op === "SSTORE" || op === "TSTORE";
      const associated = isAssociated(slot, account);
      const where = numberToHex(slot, { size: 32 });
      touches.push({ entity, contract: frame.storage, slot: where, write, associated });
      const foreign = !Object.values(entities).some((one) => isAddressEqual(one, frame.storage));
      const exists = userOp.initCode === "0x";
      const own = isAddressEqual(frame.storage, entities[entity]);
      const allowed =
        (associated && foreign && (exists || staked.factory)) ||
        (staked[entity] && (own || (foreign && (!write || isAssociated(slot, entities[entity])))));
      if (!allowed) report(associated && foreign ? "STO-022" : own ? "STO-031" : "STO-021", where);
    }
  }
  if (steps === 0) throw new Error("no step of the validation was seen");
  return { violations, touches, steps, contracts: [...contracts] };
}

/** What the entry point is asked to do, up to where it says that all is valid. */
async function validationLogs(chain: TestChain, entryPoint: Address, userOp: PackedUserOp) {
  const { structLogs, returnValue } = (await chain.provider.request({
    method: "debug_traceCall",
    params: [
      // A bundler has a key, no code.
      { from: RELAYER, to: entryPoint, data: handleOpsData(userOp, RELAYER), gas: numberToHex(16_000_000) },
      "latest",
      { enableMemory: true, disableStorage: true },
    ],
  })) as { structLogs: StructLog[]; returnValue: string };
  const end = structLogs.findIndex(
    (log) => log.depth === 1 && log.op === "LOG1" && wordOf(peek(log, 2)) === BEFORE_EXECUTION,
  );
  if (end === -1) throw new Error(`the userOp was refused: ${reasonIn(returnValue)}`);
  return structLogs.slice(0, end);
}

function reasonIn(returnValue: string): string {
  const data: Hex = `0x${returnValue.replace(/^0x/, "")}`;
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: entryPointAbi, data });
    return `${errorName}(${args.join(", ")})`;
  } catch {
    return data;
  }
}

/** Whose phase a call by the entry point itself begins. Its own contract that calls factories is of no phase yet. */
function phaseOf(
  log: StructLog,
  target: Address,
  { sender, paymasterAndData }: PackedUserOp,
): Entity | undefined {
  if (log.op !== "CALL") return undefined;
  if (isAddressEqual(target, sender)) return "account";
  if (paymasterAndData !== "0x" && isAddressEqual(target, paymasterAndData.slice(0, 42) as Address)) {
    return "paymaster";
  }
  return undefined;
}

/** The address that a CREATE or CREATE2 puts on the stack in the end: 0 where it failed. */
function addressCreatedIn(logs: StructLog[], i: number): Address {
  const depth = logs[i]?.depth ?? 0;
  const after = logs.slice(i + 1).find((log) => log.depth <= depth);
  return after ? addressOf(peek(after, 0)) : zeroAddress;
}

/** OP-051 to OP-053. */
function mayTouchEntryPoint(
  log: StructLog,
  next: StructLog | undefined,
  frame: Frame,
  entity: Entity,
  entities: Record<Entity, Address>,
): boolean {
  if (log.op === "EXTCODESIZE") return next?.op === "ISZERO";
  if (log.op !== "CALL") return false;
  const [offset, length] = [numberOf(peek(log, 3)), numberOf(peek(log, 4))];
  const fromAccount = isAddressEqual(frame.storage, entities.account);
  if (length === 0n) return fromAccount;
  if (
    length !== 36n ||
    !(fromAccount || (entity === "factory" && isAddressEqual(frame.storage, entities.factory)))
  ) {
    return false;
  }
  const data = memoryOf(log, offset, length);
  return (
    data.slice(0, 10) === DEPOSIT_TO && isAddressEqual(addressOf(`0x${data.slice(10)}`), entities.account)
  );
}
