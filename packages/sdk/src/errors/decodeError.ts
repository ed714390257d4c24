import {
  AbiEncodingArrayLengthMismatchError,
  AbiEncodingBytesSizeMismatchError,
  AbiEncodingLengthMismatchError,
  BaseError,
  decodeErrorResult,
  type Hex,
  IntegerOutOfRangeError,
  InvalidAddressError,
  InvalidArrayError,
  isHex,
  parseAbi,
  SizeExceedsPaddingSizeError,
  size,
  slice,
  UserRejectedRequestError,
} from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { ChainRefusal } from "./ChainRefusal.ts";
import { causes, findCause, hasCause } from "./causes.ts";
import { errorText, type MessageCode } from "./errorText.ts";
import { InvalidInput } from "./InvalidInput.ts";
import { isConnectionFault } from "./isConnectionError.ts";
import { type CatalogueEntry, messageCatalogue } from "./messageCatalogue.ts";
import { networkRefusal } from "./networkRefusal.ts";
import { Refusal, type RefusalCode, type RefusalDetails } from "./Refusal.ts";
import { readableValues } from "./readableValues.ts";
import { revertTextRefusal } from "./revertTextRefusal.ts";
import { settlementErrorAbi, settlementErrors } from "./settlementErrors.ts";

/** A contract error, in words for people and values for programs. */
type Reading = {
  code: RefusalCode;
  shortMessage: string;
  metaMessages: readonly [string, ...string[]];
  details: RefusalDetails;
};

const errorAbi = [
  ...sessionModuleAbi.filter((item) => item.type === "error"),
  ...parseAbi([
    "error Error(string text)",
    "error Panic(uint256 number)",
    // Errors of one contract each.
    "error GranterTooLong(uint256 length)",
    "error NotBySafeItself(address caller)",
    "error NotASafe(address account)",
    "error NotTheSameSession(bytes32 id, bytes32 packedId)",
  ]),
  ...settlementErrorAbi,
] as const;

type Decoded = ReturnType<typeof decodeErrorResult<typeof errorAbi>>;

const FLAWS = [
  "ENCODING",
  "PARTIES",
  "WINDOW",
  "TOKEN",
  "LIMITS",
  "STREAM",
  "SLOTS",
  "RECIPIENTS",
  "TARGET",
  "OPERATOR",
] as const;

/**
 * Turns any failure into a typed refusal: a viem error at any depth, another error around one, or bare revert data. An
 * error that is already a {@link Refusal} is returned as it is.
 *
 * @param error A caught value, or the revert data as hex.
 * @returns A refusal whose `code` is stable; `NETWORK` if the node could not be reached, `NOT_SIGNED` if the user rejected
 * the request in their wallet, `UNKNOWN` if the reason cannot be read.
 */
export function decodeError(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  for (const inner of causes(error)) if (inner instanceof Refusal) return inner;
  const revertData = isHex(error) ? error : findRevertData(error);
  if (revertData !== undefined) {
    const refusal = decodeRevertData(revertData, isHex(error) ? undefined : error);
    if (refusal) return refusal;
  }
  const text = findRevertText(error);
  const refusal = text === undefined ? undefined : revertTextRefusal(text, error, revertData);
  if (refusal) return refusal;
  if (hasCause(error, (one) => one instanceof UserRejectedRequestError))
    return new Refusal({
      ...errorText("NOT_SIGNED"),
      cause: error,
    });
  const argument = findCause(error, isArgumentFault);
  if (argument)
    return new InvalidInput({
      code: argument instanceof InvalidAddressError ? "INVALID_ADDRESS" : "INVALID_INPUT",
      shortMessage: `An argument cannot be encoded: ${shortMessageOf(argument)}.`,
      metaMessages: ["Nothing was sent.", ...errorText("INVALID_INPUT").metaMessages],
      cause: error,
    });
  const fault = findCause(error, isConnectionFault);
  if (fault) return networkRefusal(fault, { cause: error });
  if (text === undefined && revertsWithNothing(error))
    return new ChainRefusal({
      code: "UNKNOWN",
      shortMessage: "The contract reverted without a reason.",
      metaMessages: [
        "Check the calldata: contracts revert like this if it ends before the arguments. Encode it with the contract's ABI.",
        "Otherwise a contract in between ran out of gas, or gives no reasons.",
      ],
      errorName: "unknown",
      revertData: "0x",
      cause: error,
    });
  return new ChainRefusal({
    ...errorText("UNKNOWN"),
    shortMessage: `The reason is unknown: ${revertData ? saidBy(revertData) : text === undefined ? shortMessageOf(error) : oneLine(text)}.`,
    errorName: "unknown",
    revertData,
    cause: error,
  });
}

/** viem's errors for a value that it cannot encode, before any request is made. */
const isArgumentFault = (one: unknown): boolean => argumentFaults.some((kind) => one instanceof kind);

const argumentFaults = [
  AbiEncodingArrayLengthMismatchError,
  AbiEncodingBytesSizeMismatchError,
  AbiEncodingLengthMismatchError,
  IntegerOutOfRangeError,
  InvalidAddressError,
  InvalidArrayError,
  SizeExceedsPaddingSizeError,
] as const;

function decodeRevertData(data: Hex, cause: unknown): Refusal | undefined {
  if (size(data) < 4) return undefined;
  let decoded: Decoded;
  try {
    decoded = decodeErrorResult({ abi: errorAbi, data }) as Decoded;
  } catch {
    return undefined;
  }
  if (decoded.errorName === "Error") return revertTextRefusal(String(decoded.args?.[0]), cause, data);
  if (decoded.errorName === "Panic") return undefined;
  const { errorName } = decoded;
  return new ChainRefusal({
    ...read(decoded),
    errorName,
    revertData: data,
    cause: cause ?? innerRefusal(decoded),
  });
}

/** Why a call of the account failed. */
function innerRefusal(decoded: Decoded): Refusal | undefined {
  if (decoded.errorName !== "CallFailed") return undefined;
  const reason = decoded.args[1];
  return reason === "0x" ? undefined : decodeError(reason);
}

/** What revert data of another contract says, as far as it can be read: its text, or the selector of its error. */
function saidBy(data: Hex): string {
  if (size(data) < 4) return `a contract reverted with ${data}`;
  const selector = slice(data, 0, 4);
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorAbi, data });
    if (errorName === "Error") return oneLine(args[0]) || "a contract reverted with an empty text";
    if (errorName === "Panic") return `a contract panicked with 0x${BigInt(args[0]).toString(16)}`;
  } catch {
    // Another contract's error: only its ABI has the name.
  }
  return `a contract in between, such as a module guard, reverted with its own error ${selector}`;
}

/** The errors by name: those of the contracts, as the catalogue has them, of Permit2 and of x402's proxies. */
const codes = new Map([
  ...Object.entries<MessageCode>(settlementErrors),
  ...Object.entries<CatalogueEntry>(messageCatalogue).flatMap(([code, { error }]): [string, MessageCode][] =>
    error ? [[error, code as MessageCode]] : [],
  ),
]);

/** Values of contract errors that are counts or times, and so numbers here. */
const NUMBERS: readonly string[] = ["index", "length", "expected", "resetsAt"];

function read(decoded: Decoded): Reading {
  const code = codes.get(decoded.errorName);
  if (code === undefined)
    return {
      ...errorText("UNKNOWN"),
      metaMessages: ["Decode revertData: it is an error of this module that this SDK does not know."],
      details: {},
    };
  const details = { ...named(decoded) };
  if (decoded.errorName === "MalformedSession") {
    const [number] = decoded.args;
    const flaw = FLAWS[number] ?? `flaw ${number}`;
    return { ...errorText(code, readableValues({ ...details, flaw })), details: { ...details, flaw } };
  }
  const text = errorText(code, readableValues(details));
  if (decoded.errorName !== "CallFailed") return { ...text, details };
  const [, reason] = decoded.args;
  const inner = innerRefusal(decoded);
  const said = inner && inner.code !== "UNKNOWN" ? inner : undefined;
  return {
    code,
    shortMessage: said
      ? `${text.shortMessage.slice(0, -1)}: ${said.shortMessage}`
      : reason === "0x"
        ? text.shortMessage
        : `${text.shortMessage.slice(0, -1)}: ${saidBy(reason)}.`,
    metaMessages: said?.metaMessages ?? text.metaMessages,
    details: { ...details, reasonCode: inner?.code },
  };
}

/** The values of an error by their names. */
function named({ abiItem, args = [], errorName }: Decoded): RefusalDetails {
  const inputs = "inputs" in abiItem ? abiItem.inputs : [];
  return Object.fromEntries(
    inputs.map(({ name }, place) => {
      const value = args[place];
      // A slot's index is a bigint everywhere.
      const isNumber = NUMBERS.includes(name) && errorName !== "NoSuchSlot";
      return [name, isNumber || name === "size" ? Number(value) : value];
    }),
  );
}

/** Revert data, in any of the places where viem, nodes and simulators put it. */
function findRevertData(error: unknown): Hex | undefined {
  for (const one of causes(error)) {
    if (typeof one !== "object" || one === null) continue;
    for (const candidate of dataOf(one)) if (isHex(candidate) && size(candidate) >= 4) return candidate;
  }
  for (const one of causes(error)) {
    const inMessage =
      one instanceof Error ? /(?:return data|with reason): (0x[0-9a-fA-F]{8,})/.exec(one.message) : null;
    if (inMessage?.[1]) return inMessage[1] as Hex;
  }
  return undefined;
}

/** Whether a contract reverted and gave no data. */
const revertsWithNothing = (error: unknown): boolean =>
  error === "0x" ||
  hasCause(error, (one) => typeof one === "object" && one !== null && dataOf(one).includes("0x"));

/** What viem or a node attached to an error: revert data, or something else. */
function dataOf(error: object): unknown[] {
  const { raw, data } = error as { raw?: unknown; data?: unknown };
  return [raw, typeof data === "object" && data !== null && "data" in data ? data.data : data];
}

/** The text of a revert, for nodes that answer with a message only. */
function findRevertText(error: unknown): string | undefined {
  for (const one of causes(error)) {
    if (typeof one !== "object" || one === null) continue;
    if ("reason" in one && typeof one.reason === "string") return one.reason;
    const message =
      one instanceof BaseError ? one.details || one.shortMessage : one instanceof Error ? one.message : "";
    const text =
      /reverted with reason string '([^']+)'/.exec(message)?.[1] ??
      /(?:execution reverted|reverted with the following reason)(?:: ?|:\n)([^\n]+)/.exec(message)?.[1];
    if (text) return text.trim();
  }
  return undefined;
}

const shortMessageOf = (error: unknown): string =>
  oneLine(
    error instanceof BaseError ? error.shortMessage : error instanceof Error ? error.message : String(error),
  );

/** The first line of a text, for use within a sentence. */
const oneLine = (text: string): string => (text.split("\n")[0] ?? "").replace(/[.:\s]+$/, "");
