import {
  type AbiFunction,
  type AbiParameter,
  type Address,
  type Hex,
  isAddress,
  isHex,
  numberToHex,
  padHex,
  parseAbiItem,
  size,
  toFunctionSelector,
} from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import type { Action, Rule } from "../session/Session.ts";
import { fixedWords, membersOf } from "./fixedWords.ts";
import type { ActionRequest, Comparable, Condition } from "./SessionRequest.ts";

const operators = ["eq", "ne", "lt", "lte", "gt", "gte"] as const;
type Operator = (typeof operators)[number];

/**
 * Turns a human-readable action into what the chain checks: a selector, and for each condition the word of the
 * calldata that holds the argument.
 *
 * A condition that dirty upper bits could bypass (`ne`, `gt`, `gte` on a type narrower than a word, where old
 * contracts ignore the upper bits) gets a second rule that keeps the upper bits clean.
 *
 * Anything in a bytes, a string, a list or a struct with one of these has no fixed position: an offset in the calldata
 * points to it. A rule on the word where an encoder would put it has no effect, as the offset can point elsewhere
 * and leave a decoy there. Such an argument is refused.
 *
 * @param request The action.
 * @param path Its path in the caller's arguments, for messages.
 * @throws {InvalidInput} INVALID_ACTION: no such function or argument, an argument without a fixed position in the
 * calldata (bytes, string, lists), a comparison that the type does not support, a value that does not fit it.
 */
export function createAction(request: ActionRequest, path: string): Action {
  if (typeof request !== "object" || request === null)
    throw invalid(`${path} is missing.`, "Pass its target, its function and where.");
  const abiFunction = readFunction(request.function, `${path}.function`);
  if (request.where === undefined || (request.where !== "any arguments" && !Array.isArray(request.where)))
    throw invalid(`${path}.where is missing.`, 'List the conditions, or pass where: "any arguments".');
  if (request.where.length === 0)
    throw invalid(
      `${path}.where is empty.`,
      'An empty list does not mean "all": pass where: "any arguments".',
    );
  const conditions = request.where === "any arguments" ? [] : request.where;
  const rules = conditions.flatMap((condition, index) =>
    createRules(condition, abiFunction, `${path}.where[${index}]`),
  );
  if (rules.length > 8)
    throw invalid(`${path}.where needs ${rules.length} rules; the maximum is 8.`, "Use fewer conditions.");
  return {
    target: parseAddress(request.target, `${path}.target`),
    selector: toFunctionSelector(abiFunction),
    rules,
  };
}

function readFunction(described: string | AbiFunction, path: string): AbiFunction {
  if (typeof described === "object" && described?.type === "function") return described;
  try {
    const text = String(described).trim();
    const item = parseAbiItem((text.startsWith("function ") ? text : `function ${text}`) as string);
    if ((item as AbiFunction).type === "function") return item as AbiFunction;
  } catch (cause) {
    throw invalid(
      `${path} is ${typeof described === "string" ? JSON.stringify(described) : String(described)}, which is not a function.`,
      'Pass its signature, for example "function deposit(uint256 amount, address to)".',
      cause,
    );
  }
  throw invalid(`${path} is not a function.`, "Pass a function's signature or its item of an ABI.");
}

function createRules(condition: Condition, abiFunction: AbiFunction, path: string): Rule[] {
  if (typeof condition !== "object" || condition === null)
    throw invalid(`${path} is not a condition.`, 'Pass one such as { argument: "amount", lte: 5n }.');
  const asked = operators.filter((operator) => operator in condition);
  const [operator] = asked;
  if (operator === undefined || asked.length > 1)
    throw invalid(
      `${path} needs exactly one of ${operators.join(", ")}.`,
      "Use one comparison per condition.",
    );
  const compared = (condition as { [name in Operator]?: Comparable })[operator];
  const { type, offset } = findWord(condition.argument, abiFunction, path);
  const { word, mostClean } = encodeWord(compared, type, operator, path);
  const rule = { offset, op: operators.indexOf(operator), value: numberToHex(word, { size: 32 }) };
  if (mostClean === undefined || operator === "eq" || operator === "lt" || operator === "lte") return [rule];
  return [rule, { offset, op: operators.indexOf("lte"), value: numberToHex(mostClean, { size: 32 }) }];
}

/** Walks to the argument, counting the words of everything of fixed size before it. */
function findWord(
  argument: string,
  abiFunction: AbiFunction,
  path: string,
): { type: string; offset: number } {
  let members: readonly AbiParameter[] = abiFunction.inputs;
  let offset = 4;
  let found: AbiParameter | undefined;
  for (const step of String(argument).split(".")) {
    const index = members.findIndex((member, place) => member.name === step || String(place) === step);
    found = members[index];
    if (!found)
      throw invalid(
        `${path}: ${abiFunction.name} has no argument "${String(argument)}".`,
        `It has ${members.map((member, place) => member.name || place).join(", ") || "none"}.`,
      );
    for (const before of members.slice(0, index)) offset += 32 * (fixedWords(before) ?? 1);
    if (fixedWords(found) === undefined)
      throw invalid(
        `${path}: ${argument} (${found.type}) has no fixed position in the calldata.`,
        "The caller chooses its position, so a rule on it could be bypassed. Compare arguments of fixed size, or omit the function.",
      );
    members = membersOf(found);
  }
  if (!found || members.length > 0)
    throw invalid(
      `${path}: ${argument} is more than one word.`,
      'Use a member, for example "params.recipient".',
    );
  if (offset + 32 > 2 ** 16)
    throw invalid(`${path}: ${argument} is too far back in the calldata.`, "Omit it.");
  return { type: found.type, offset };
}

/** The value as the word that the calldata would hold; `mostClean` is the greatest word of a narrower type. */
function encodeWord(
  value: Comparable | undefined,
  type: string,
  operator: Operator,
  path: string,
): { word: bigint; mostClean?: bigint } {
  const ordered = operator !== "eq" && operator !== "ne";
  const noOrder = () => invalid(`${path}: ${operator} does not apply to ${type}.`, "Use eq or ne.");
  const unfit = (needs: string) =>
    invalid(`${path}: ${operator} is ${String(value)}, which is not a valid ${type}.`, `Pass ${needs}.`);

  if (type === "address") {
    if (ordered) throw noOrder();
    if (typeof value !== "string" || !isAddress(value)) throw unfit("an address");
    return { word: BigInt(value as Address), mostClean: (1n << 160n) - 1n };
  }
  if (type === "bool") {
    if (ordered) throw noOrder();
    if (typeof value !== "boolean") throw unfit("true or false");
    return { word: value ? 1n : 0n, mostClean: 1n };
  }
  const integer = /^(u?)int(\d*)$/.exec(type);
  if (integer) {
    const whole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
    if (!whole) throw unfit("a bigint, in base units");
    const number = BigInt(value as bigint | number);
    const bits = BigInt(integer[2] || 256);
    if (integer[1] === "u") {
      if (number < 0n || number >= 1n << bits) throw unfit(`a number within ${type}`);
      return bits === 256n ? { word: number } : { word: number, mostClean: (1n << bits) - 1n };
    }
    if (ordered)
      throw invalid(`${path}: the chain compares ${type} as unsigned.`, "Use eq on signed numbers.");
    if (operator === "ne" && bits < 256n)
      throw invalid(`${path}: ne on ${type} could be bypassed with dirty upper bits.`, "Use eq.");
    if (number < -(1n << (bits - 1n)) || number >= 1n << (bits - 1n)) throw unfit(`a number within ${type}`);
    return { word: BigInt.asUintN(256, number) };
  }
  const fixedBytes = /^bytes(\d+)$/.exec(type);
  if (fixedBytes) {
    const length = Number(fixedBytes[1]);
    if (ordered) throw noOrder();
    if (!isHex(value) || size(value) !== length) throw unfit(`${length} bytes of hex`);
    if (operator === "ne" && length < 32)
      throw invalid(`${path}: ne on ${type} could be bypassed with dirty lower bytes.`, "Use eq.");
    return { word: BigInt(padHex(value as Hex, { size: 32, dir: "right" })) };
  }
  throw invalid(
    `${path}: ${type} cannot be compared.`,
    "Compare numbers, addresses, booleans or bytes1 to bytes32.",
  );
}

const invalid = (shortMessage: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({ code: "INVALID_ACTION", shortMessage, metaMessages: [metaMessage], cause });
