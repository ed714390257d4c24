import { type Address, getAddress, type Hex } from "viem";

/** One executed instruction, as `debug_traceTransaction` reports it. */
export type StructLog = {
  pc: number;
  op: string;
  /** What was left before it. */
  gas: number;
  gasCost: number;
  depth: number;
  /** The top is the last. */
  stack: readonly Hex[];
};

/** What gas is spent on. `code` is everything else: what a compiler may improve. */
export const KINDS = ["SLOAD", "SSTORE", "CALL", "LOG", "KECCAK", "copy", "code"] as const;
export type Kind = (typeof KINDS)[number];

/** One call of the transaction. */
export type Frame = {
  /** Whose code ran. A precompile is a frame without steps. */
  code: Address;
  /** CALL, STATICCALL or DELEGATECALL; the outermost one is a CALL. */
  op: string;
  /** All gas of the call and of the calls in it, without what calling it cost its caller. */
  total: number;
  /** Gas of its own instructions. CALL is what calling costs: cold accounts, memory for the answer. */
  own: Record<Kind, number>;
  /** Its own instructions in the order in which they ran: where each stands in the code, and its gas. */
  steps: { pc: number; gas: number }[];
  calls: Frame[];
};

const isCall = (op: string): boolean => /^(CALL|STATICCALL|DELEGATECALL|CALLCODE)$/.test(op);

function kindOf(op: string): Kind {
  if (op === "SLOAD" || op === "SSTORE") return op;
  if (isCall(op)) return "CALL";
  if (op.startsWith("LOG")) return "LOG";
  if (op === "KECCAK256" || op === "SHA3") return "KECCAK";
  // TLOAD and TSTORE stay with the code: 100 gas each.
  return /COPY$/.test(op) ? "copy" : "code";
}

const newFrame = (code: Address, op: string): Frame => ({
  code,
  op,
  total: 0,
  own: Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>,
  steps: [],
  calls: [],
});

/**
 * Where the gas of a transaction's execution went, call by call. The base price and the calldata are paid before the
 * first instruction and are not in it; contracts that create contracts are not foreseen.
 * @param to The account called first.
 */
export function gasFrames(logs: readonly StructLog[], to: Address): Frame {
  let at = 0;

  /** Reads on to the end of the frame that begins at `at`. */
  const read = (code: Address, op: string): Frame => {
    const frame = newFrame(code, op);
    const first = logs[at];
    if (!first) return frame;
    for (;;) {
      const log = logs[at] as StructLog;
      const next = logs[at + 1];
      at += 1;
      let cost = log.gasCost;
      if (isCall(log.op)) {
        const callee = getAddress(
          `0x${BigInt(log.stack.at(-2) ?? 0)
            .toString(16)
            .padStart(40, "0")}`,
        );
        const steps = next !== undefined && next.depth > log.depth;
        const call = steps ? read(callee, log.op) : newFrame(callee, log.op);
        const after = logs[at];
        // What is left when the caller goes on tells what the call cost in all.
        cost = after ? log.gas - after.gas : log.gasCost;
        if (!steps && isPrecompile(callee)) {
          call.total = Math.max(0, cost - WARM_CALL);
          call.own.code = call.total;
        }
        cost -= call.total;
        frame.calls.push(call);
      } else if (next?.depth === log.depth) {
        cost = log.gas - next.gas;
      }
      frame.own[kindOf(log.op)] += cost;
      frame.steps.push({ pc: log.pc, gas: cost });
      const after = logs[at];
      if (!after || after.depth < log.depth) break;
    }
    frame.total = sum(Object.values(frame.own)) + sum(frame.calls.map(({ total }) => total));
    return frame;
  };

  return read(getAddress(to), "CALL");
}

/** What calling an account costs that the transaction has met before; precompiles always count as met. */
const WARM_CALL = 100;
const isPrecompile = (address: Address): boolean => BigInt(address) > 0n && BigInt(address) <= 0x100n;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
