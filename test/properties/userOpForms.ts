import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  encodePacked,
  type Hex,
  numberToHex,
  pad,
  parseAbi,
  size,
  slice,
} from "viem";
import { stranger } from "./actors.ts";
import { tokenAbi } from "./tokenAbi.ts";

/** Ways to say in a userOp's callData what the one accepted form says, or nearly that. */
export const USER_OP_FORMS = [
  "one byte behind",
  "an address behind",
  "padding that is not zero",
  "the mode that lets calls fail",
  "the batch mode",
  "a value",
  "another target",
  "another function of the module",
  "an address behind the module's arguments",
  "a gap before the grant",
  "a gap before the calls",
  "a byte more for the session",
  "a target with bits above the address",
  "executeUserOp before it",
] as const;
export type UserOpForm = (typeof USER_OP_FORMS)[number];

/** The same of a payment that the account makes itself. */
export const PAYMENT_FORMS = [
  "one byte behind",
  "a word behind",
  "padding that is not zero",
  "a recipient with bits above the address",
  "the mode that lets calls fail",
  "the batch mode",
  "a value",
  "an approval",
  "a byte more for the token",
  "executeUserOp before it",
] as const;
export type PaymentForm = (typeof PAYMENT_FORMS)[number];

const accountAbi = parseAbi(["function execute(bytes32 mode, bytes executionCalldata)"]);
const executionsParameter = [
  { type: "tuple[]", components: [{ type: "address" }, { type: "uint256" }, { type: "bytes" }] },
] as const;

const SINGLE = pad("0x", { size: 32 });
const EXECUTE_USER_OP: Hex = "0x8dd7712f";

const executing = (execution: Hex, mode: Hex = SINGLE): Hex =>
  encodeFunctionData({ abi: accountAbi, functionName: "execute", args: [mode, execution] });
const packed = (target: Address, data: Hex, value = 0n): Hex =>
  encodePacked(["address", "uint256", "bytes"], [target, value, data]);

/**
 * The callData of a userOp.
 * @param execution The module's own `execute`, as it is encoded for a transaction.
 * @param revokeAll The module's `revokeAll`.
 */
export function userOpCallData(
  form: "canonical" | UserOpForm,
  { module, execution, revokeAll }: { module: Address; execution: Hex; revokeAll: Hex },
): Hex {
  const canonical = executing(packed(module, execution));
  switch (form) {
    case "canonical":
      return canonical;
    case "one byte behind":
      return concat([canonical, "0x00"]);
    case "an address behind":
      return concat([canonical, stranger.address]);
    case "padding that is not zero":
      return concat([slice(canonical, 0, size(canonical) - 1), "0x01"]);
    case "the mode that lets calls fail":
      return executing(packed(module, execution), pad("0x0001", { size: 32, dir: "right" }));
    case "the batch mode":
      return executing(
        encodeAbiParameters(executionsParameter, [[[module, 0n, execution]]]),
        pad("0x01", { size: 32, dir: "right" }),
      );
    case "a value":
      return executing(packed(module, execution, 1n));
    case "another target":
      return executing(packed(stranger.address, execution));
    case "another function of the module":
      return executing(packed(module, revokeAll));
    case "an address behind the module's arguments":
      return executing(packed(module, concat([execution, stranger.address])));
    case "a gap before the grant":
      return executing(packed(module, withGapBeforeGrant(execution)));
    case "a byte more for the session":
      return executing(packed(module, withLongerSession(execution)));
    case "a gap before the calls":
      return executing(packed(module, withGap(execution)));
    case "a target with bits above the address":
      return executing(packed(module, withDirtyTarget(execution)));
    case "executeUserOp before it":
      return concat([EXECUTE_USER_OP, canonical]);
  }
}

/** The callData of a userOp by which the account itself pays. */
export function paymentCallData(
  form: "canonical" | PaymentForm,
  { token, to, amount }: { token: Address; to: Address; amount: bigint },
): Hex {
  const call = (functionName: "transfer" | "approve") =>
    encodeFunctionData({ abi: tokenAbi, functionName, args: [to, amount] });
  const transfer = call("transfer");
  const canonical = executing(packed(token, transfer));
  switch (form) {
    case "canonical":
      return canonical;
    case "one byte behind":
      return concat([canonical, "0x00"]);
    case "a word behind":
      return concat([canonical, word(0)]);
    case "padding that is not zero":
      return concat([slice(canonical, 0, size(canonical) - 1), "0x01"]);
    case "a recipient with bits above the address":
      return executing(packed(token, concat([slice(transfer, 0, 4), "0x01", slice(transfer, 5)])));
    case "the mode that lets calls fail":
      return executing(packed(token, transfer), pad("0x0001", { size: 32, dir: "right" }));
    case "the batch mode":
      return executing(
        encodeAbiParameters(executionsParameter, [[[token, 0n, transfer]]]),
        pad("0x01", { size: 32, dir: "right" }),
      );
    case "a value":
      return executing(packed(token, transfer, 1n));
    case "an approval":
      return executing(packed(token, call("approve")));
    case "a byte more for the token":
      return executing(packed(token, concat([transfer, "0x00"])));
    case "executeUserOp before it":
      return concat([EXECUTE_USER_OP, canonical]);
  }
}

const numberAt = (bytes: Hex, at: number): number => Number(slice(bytes, at, at + 32));
const word = (number: number): Hex => numberToHex(number, { size: 32 });

/** The same arguments, the grant and the calls a word further behind. */
function withGapBeforeGrant(execution: Hex): Hex {
  const [grantAt, callsAt] = [numberAt(execution, 4 + 32), numberAt(execution, 4 + 64)];
  return concat([
    slice(execution, 0, 4 + 32),
    word(grantAt + 32),
    word(callsAt + 32),
    slice(execution, 4 + 96, 4 + grantAt),
    word(0),
    slice(execution, 4 + grantAt),
  ]);
}

/** Canonical, around bytes that go on behind the session. */
function withLongerSession(execution: Hex): Hex {
  const length = numberAt(execution, 4 + 96);
  const grantAt = 4 + numberAt(execution, 4 + 32);
  const moved = length % 32 === 0 ? 32 : 0;
  return concat([
    slice(execution, 0, 4 + 32),
    word(grantAt - 4 + moved),
    word(numberAt(execution, 4 + 64) + moved),
    word(length + 1),
    slice(execution, 4 + 128, grantAt),
    ...(moved ? [word(0)] : []),
    slice(execution, grantAt),
  ]);
}

/** The same arguments, the calls a word further behind. */
function withGap(execution: Hex): Hex {
  const callsAt = numberAt(execution, 4 + 64);
  return concat([
    slice(execution, 0, 4 + 64),
    word(callsAt + 32),
    slice(execution, 4 + 96, 4 + callsAt),
    word(0),
    slice(execution, 4 + callsAt),
  ]);
}

/** The first call's target with a bit set that no address has; without calls, their number. */
function withDirtyTarget(execution: Hex): Hex {
  const callsAt = 4 + numberAt(execution, 4 + 64);
  const count = numberAt(execution, callsAt);
  const at = count === 0 ? callsAt : callsAt + 32 + numberAt(execution, callsAt + 32);
  return concat([slice(execution, 0, at), "0x01", slice(execution, at + 1)]);
}
