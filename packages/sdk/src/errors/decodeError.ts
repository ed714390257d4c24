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
import { InvalidInput } from "./InvalidInput.ts";
import { isConnectionFault } from "./isConnectionError.ts";
import { networkRefusal } from "./networkRefusal.ts";
import { Refusal, type RefusalCode, type RefusalDetails } from "./Refusal.ts";
import { revertTextRefusal } from "./revertTextRefusal.ts";
import { utcText } from "./utcText.ts";

/** How an error of the contract reads to people and programs. */
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
    // Of the module for ERC-7579 accounts alone.
    "error GranterTooLong(uint256 length)",
  ]),
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
 * Makes a typed refusal out of whatever said no: a viem error at any depth, another error around one, or bare revert
 * data. An error that already is a {@link Refusal} is given back as it is.
 *
 * @param error A caught value, or the revert data as hex.
 * @returns A refusal whose `code` is stable; `NETWORK` where the chain could not be asked, `NOT_SIGNED` where the owner of
 * a wallet said no, `UNKNOWN` where the reason cannot be read.
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
      code: "NOT_SIGNED",
      shortMessage: "Who was asked by their wallet said no.",
      metaMessages: ["Nothing was signed. Ask again only if they want to be asked."],
      cause: error,
    });
  const argument = findCause(error, isArgumentFault);
  if (argument)
    return new InvalidInput({
      code: argument instanceof InvalidAddressError ? "INVALID_ADDRESS" : "INVALID_INPUT",
      shortMessage: `An argument cannot be encoded: ${shortMessageOf(argument)}.`,
      metaMessages: ["Nothing was sent. Pass a value of the type that the function's reference names."],
      cause: error,
    });
  const fault = findCause(error, isConnectionFault);
  if (fault) return networkRefusal(fault, { cause: error });
  if (text === undefined && revertsWithNothing(error))
    return new ChainRefusal({
      code: "UNKNOWN",
      shortMessage: "The contract reverted without a reason.",
      metaMessages: [
        "Look at the calldata: a contract does so where it ends before the arguments. Encode it by the contract's ABI.",
        "Otherwise a contract in between ran out of gas, or gives no reasons.",
      ],
      errorName: "unknown",
      revertData: "0x",
      cause: error,
    });
  return new ChainRefusal({
    code: "UNKNOWN",
    shortMessage: `The reason is not known: ${revertData ? saidBy(revertData) : text === undefined ? shortMessageOf(error) : oneLine(text)}.`,
    metaMessages: [
      "Look at the cause: the network, the account's balance for gas, or a contract in between.",
    ],
    errorName: "unknown",
    revertData,
    cause: error,
  });
}

/** What viem says of a value that it cannot put into a call, before anything is asked. */
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

/** What a failed call of the account itself said. */
function innerRefusal(decoded: Decoded): Refusal | undefined {
  if (decoded.errorName !== "CallFailed") return undefined;
  const reason = decoded.args[1];
  return reason === "0x" ? undefined : decodeError(reason);
}

/** What revert data of another contract says, as far as it can be read: its text, or which error it is. */
function saidBy(data: Hex): string {
  if (size(data) < 4) return `a contract reverted with ${data}`;
  const selector = slice(data, 0, 4);
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorAbi, data });
    if (errorName === "Error") return oneLine(args[0]) || "a contract reverted with an empty text";
    if (errorName === "Panic") return `a contract panicked with 0x${BigInt(args[0]).toString(16)}`;
  } catch {
    // Not one of these: its name is for whoever knows that contract.
  }
  return `a contract in between, a module guard for one, reverted with its own error ${selector}`;
}

function read(decoded: Decoded): Reading {
  switch (decoded.errorName) {
    case "MalformedSession": {
      const [number, index] = decoded.args;
      const flaw = FLAWS[number] ?? `flaw ${number}`;
      return {
        code: "MALFORMED_SESSION",
        shortMessage: `The session breaks a bound that every session must keep: ${flaw}, at ${index}.`,
        metaMessages: ["Make sessions by proposeSession or createSession: they check every bound first."],
        details: { flaw, index: Number(index) },
      };
    }
    case "NotAccount": {
      const [caller, account] = decoded.args;
      return {
        code: "NOT_ACCOUNT",
        shortMessage: `Only the account ${account} may do this, not ${caller}.`,
        metaMessages: ["Send the call from the account itself, by its owner's approval."],
        details: { caller, account },
      };
    }
    case "NotKey": {
      const [caller, key] = decoded.args;
      return {
        code: "NOT_KEY",
        shortMessage: `Only the session's key ${key} may do this, not ${caller}.`,
        metaMessages: ["Send from the key, or have the key sign and use executeSigned."],
        details: { caller, key },
      };
    }
    case "TrailingCalldata": {
      const [length, expected] = decoded.args;
      return {
        code: "TRAILING_CALLDATA",
        shortMessage: `The call carries ${length} bytes where ${expected} are accounted for.`,
        metaMessages: ["Call the module directly, not through a fallback handler."],
        details: { length: Number(length), expected: Number(expected) },
      };
    }
    case "UnsupportedAccount": {
      const [account] = decoded.args;
      return {
        code: "UNSUPPORTED_ACCOUNT",
        shortMessage: `${account} does not answer as an account of this kind does.`,
        metaMessages: ["Use the module that was made for this kind of account."],
        details: { account },
      };
    }
    case "ModuleIsFallbackHandler": {
      const [account] = decoded.args;
      return {
        code: "MODULE_IS_FALLBACK_HANDLER",
        shortMessage: `The module is the fallback handler of ${account}: anybody could speak as the account.`,
        metaMessages: ["Set another fallback handler on the account first."],
        details: { account },
      };
    }
    case "NotYetValid": {
      const [validAfter] = decoded.args;
      return {
        code: "NOT_YET_VALID",
        shortMessage: `The session begins at ${utcText(validAfter)}.`,
        metaMessages: ["Wait until then."],
        details: { validAfter },
      };
    }
    case "Expired": {
      const [validUntil] = decoded.args;
      return {
        code: "EXPIRED",
        shortMessage: `The session ended at ${utcText(validUntil)}.`,
        metaMessages: ["Ask the owner for a new session."],
        details: { validUntil },
      };
    }
    case "WrongEpoch": {
      const [epoch, current] = decoded.args;
      return {
        code: "WRONG_EPOCH",
        shortMessage: "The account has ended every session of that time.",
        metaMessages: ["Ask the owner for a new session."],
        details: { epoch, current },
      };
    }
    case "SessionIsRevoked": {
      const [id] = decoded.args;
      return {
        code: "REVOKED",
        shortMessage: "The session was taken back, for ever.",
        metaMessages: ["Stop. Only the owner can give another session."],
        details: { id },
      };
    }
    case "SessionIsPaused": {
      const [id] = decoded.args;
      return {
        code: "PAUSED",
        shortMessage: "The owner has paused this session.",
        metaMessages: ["Wait until the owner resumes it."],
        details: { id },
      };
    }
    case "PartLeftOut": {
      const [parts] = decoded.args;
      return {
        code: "PART_LEFT_OUT",
        shortMessage: "The session needs a part that was left out.",
        metaMessages: ["Send the session whole: encodeSession without `whole`."],
        details: { parts },
      };
    }
    case "NotGranted": {
      const [id] = decoded.args;
      return {
        code: "NOT_GRANTED",
        shortMessage:
          "The account has neither enabled this session nor does it accept the grant carried along.",
        metaMessages: ["Check the grant with verifyGrant: other session, other chain, other owners?"],
        details: { id },
      };
    }
    case "NoSuchBudget": {
      const [index] = decoded.args;
      return {
        code: "NO_SUCH_BUDGET",
        shortMessage: `The session has no budget ${index}.`,
        metaMessages: ["Count budgets from 0, in the order of the session."],
        details: { index: Number(index) },
      };
    }
    case "Reentered": {
      const [account] = decoded.args;
      return {
        code: "REENTERED",
        shortMessage: `An execution of ${account} is under way already.`,
        metaMessages: ["A called contract tried to use the session again: do not call it."],
        details: { account },
      };
    }
    case "CallerNotAllowed": {
      const [caller, allowed] = decoded.args;
      return {
        code: "CALLER_NOT_ALLOWED",
        shortMessage: `The execution was signed for ${allowed} to submit, not for ${caller}.`,
        metaMessages: ['Submit it from there, or sign it for caller: "anyone".'],
        details: { caller, allowed },
      };
    }
    case "DeadlinePassed": {
      const [deadline] = decoded.args;
      return {
        code: "DEADLINE_PASSED",
        shortMessage: `The signed execution was good until ${utcText(deadline)}.`,
        metaMessages: ["Have the key sign it again, if it is still wanted."],
        details: { deadline },
      };
    }
    case "NonceAlreadyUsed": {
      const [nonce] = decoded.args;
      return {
        code: "NONCE_USED",
        shortMessage: `The signed execution's nonce ${nonce} is used: it was executed already.`,
        metaMessages: ["Do not sign it again unless it is meant to happen twice."],
        details: { nonce },
      };
    }
    case "InvalidKeySignature":
      return {
        code: "INVALID_KEY_SIGNATURE",
        shortMessage: "The signature is not the session key's.",
        metaMessages: ["Sign by signExecution with the session's own key: 65 bytes, low s, v 27 or 28."],
        details: {},
      };
    case "EmptyBatch":
      return {
        code: "EMPTY_BATCH",
        shortMessage: "There is nothing to execute.",
        metaMessages: ["Pass at least one call."],
        details: {},
      };
    case "MalformedCall": {
      const [index] = decoded.args;
      return {
        code: "MALFORMED_CALL",
        shortMessage: `The bytes of call ${index} are no call.`,
        metaMessages: ["Encode calls by encodeExecute."],
        details: { index: Number(index) },
      };
    }
    case "ForbiddenTarget": {
      const [index, target] = decoded.args;
      return {
        code: "FORBIDDEN_TARGET",
        shortMessage: `Call ${index} goes to ${target}, where no session may call.`,
        metaMessages: ["A session never calls its account, the module, the account's handler or address 0."],
        details: { index: Number(index), target },
      };
    }
    case "CallNotAllowed": {
      const [index, target, selector] = decoded.args;
      return {
        code: "CALL_NOT_ALLOWED",
        shortMessage: `Call ${index} (${selector} of ${target}) is neither a payment nor an action of the session.`,
        metaMessages: ["Ask the owner for a session with that action, or change the call's arguments."],
        details: { index: Number(index), target, selector },
      };
    }
    case "RecipientNotAllowed": {
      const [index, token, recipient] = decoded.args;
      return {
        code: "RECIPIENT",
        shortMessage: `${recipient} is not among the recipients of this budget.`,
        metaMessages: [
          "Pay one of the session's recipients, or ask the owner for a session that names this one.",
        ],
        details: { index: Number(index), token, recipient },
      };
    }
    case "NoNativeBudget": {
      const [index, value] = decoded.args;
      return {
        code: "NO_NATIVE_BUDGET",
        shortMessage: `Call ${index} sends ${value} wei, and the session has no budget for the native coin.`,
        metaMessages: ["Send no value, or ask the owner for a session with a native budget."],
        details: { index: Number(index), value },
      };
    }
    case "CallFailed": {
      const [index, reason] = decoded.args;
      const inner = innerRefusal(decoded);
      return {
        code: "CALL_FAILED",
        shortMessage: `Call ${index} of the account failed${inner && inner.code !== "UNKNOWN" ? `: ${inner.shortMessage}` : reason === "0x" ? "." : `: ${saidBy(reason)}.`}`,
        metaMessages: inner && inner.code !== "UNKNOWN" ? inner.metaMessages : ["Look at details.reason."],
        details: { index: Number(index), reason, reasonCode: inner?.code },
      };
    }
    case "TokenCallFailed": {
      const [index, token, returned] = decoded.args;
      return {
        code: "TOKEN_CALL_FAILED",
        shortMessage: `The token ${token} did not confirm call ${index}.`,
        metaMessages: ["Check that the address is a token's and that the account holds the amount."],
        details: { index: Number(index), token, returned },
      };
    }
    case "UnreadableToken": {
      const [token] = decoded.args;
      return {
        code: "UNREADABLE_TOKEN",
        shortMessage: `The token ${token} does not answer a question that a limit depends on.`,
        metaMessages: [
          "Use a token that follows ERC-20, and EIP-3009 where its budget is open to signatures.",
        ],
        details: { token },
      };
    }
    case "PerTransactionExceeded": {
      const [token, amount, limit] = decoded.args;
      return {
        code: "PER_TRANSACTION",
        shortMessage: `${amount} base units are more than the ${limit} that one transaction may move.`,
        metaMessages: ["Ask for less at once."],
        details: { token, amount, limit },
      };
    }
    case "PeriodExceeded": {
      const [token, amount, remaining, resetsAt] = decoded.args;
      return {
        code: "PERIOD",
        shortMessage: `${amount} base units are more than the ${remaining} left until ${utcText(resetsAt)}.`,
        metaMessages: ["Ask for less, or wait until then."],
        details: { token, amount, remaining, resetsAt: Number(resetsAt) },
      };
    }
    case "LotOpened": {
      const [token, lot] = decoded.args;
      return {
        code: "LOT_OPENED",
        shortMessage: `The execution would need lot ${lot} of the budget, which signed payments use already.`,
        metaMessages: ["Ask for less, pay by signature, or wait for the next period."],
        details: { token, lot },
      };
    }
    case "NoSuchSlot": {
      const [lot, size, index] = decoded.args;
      return {
        code: "NO_SUCH_SLOT",
        shortMessage: `No budget has slot ${index} of size ${size} in lot ${lot}.`,
        metaMessages: ["Name a slot of the budget."],
        details: { lot, size: Number(size), index },
      };
    }
    case "AllowanceLeft": {
      const [token, spender, allowance] = decoded.args;
      return {
        code: "ALLOWANCE_LEFT",
        shortMessage: `${spender} could still pull ${allowance} base units when the batch is over.`,
        metaMessages: ["Approve exactly what the next call pulls, or end the batch with an approval of 0."],
        details: { token, spender, allowance },
      };
    }
    case "GranterTooLong": {
      const [length] = decoded.args;
      return {
        code: "GRANTER_TOO_LONG",
        shortMessage: `A granter has 1 to 23 bytes, not ${length}.`,
        metaMessages: ["Make it by granterPrefix, and the installation by erc7579Installation."],
        details: { length: Number(length) },
      };
    }
    default:
      return {
        code: "UNKNOWN",
        shortMessage: "The reason is not known.",
        metaMessages: ["Look at revertData: it is an error of this module that this SDK does not know."],
        details: {},
      };
  }
}

/** Revert data wherever viem, nodes and simulators put it. */
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

/** What viem or a node put beside an error: revert data, or something else. */
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

/** The first line of a text, to stand within a sentence. */
const oneLine = (text: string): string => (text.split("\n")[0] ?? "").replace(/[.:\s]+$/, "");
