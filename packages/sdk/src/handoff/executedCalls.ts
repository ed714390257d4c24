import {
  type Address,
  decodeFunctionData,
  getAddress,
  type Hex,
  isAddressEqual,
  parseAbi,
  size,
  slice,
} from "viem";
import { safeAddresses } from "../accounts/safe/safeAddresses.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import type { HandoffTransaction } from "./HandoffAnswer.ts";
import { settlementAbi } from "./settlementAbi.ts";

const batchAbi = parseAbi(["function multiSend(bytes transactions) payable"]);

/** Safe's own contracts that run a batch: another contract's delegatecall may do anything, whatever its calldata says. */
const BATCHES: readonly Address[] = [safeAddresses.multiSendCallOnly, safeAddresses.multiSend];

/**
 * The calls that a Safe makes in an execution, in order.
 *
 * @returns Undefined if the transaction executes nothing, or does what cannot be read from it.
 */
export function executedCalls({ data }: Pick<HandoffTransaction, "data">): EncodedCall[] | undefined {
  try {
    const { functionName, args } = decodeFunctionData({ abi: settlementAbi, data });
    if (functionName !== "execTransaction") return undefined;
    const [to, value, inner, operation] = args;
    if (operation === 0) return [{ to, value, data: inner }];
    if (operation !== 1 || !BATCHES.some((one) => isAddressEqual(one, to))) return undefined;
    const [packed] = decodeFunctionData({ abi: batchAbi, data: inner }).args;
    return unpackCalls(packed);
  } catch {
    return undefined;
  }
}

/** @returns Undefined if one of them is a delegatecall. Throws if the bytes end too early. */
function unpackCalls(packed: Hex): EncodedCall[] | undefined {
  const calls: EncodedCall[] = [];
  let at = 0;
  const take = (count: number): Hex => {
    if (count === 0) return "0x";
    at += count;
    return slice(packed, at - count, at, { strict: true });
  };
  while (at < size(packed)) {
    if (take(1) !== "0x00") return undefined;
    const to = getAddress(take(20));
    const value = BigInt(take(32));
    calls.push({ to, value, data: take(Number(BigInt(take(32)))) });
  }
  return calls;
}
