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
 * Turns an action as people say it into what the chain checks: a selector, and for each condition the word of the
 * calldata that holds the argument.
 *
 * A condition that a dirty word could slip past (`ne`, `gt`, `gte` on a type narrower than a word, where old
 * contracts ignore the upper bits) gets a second rule that keeps the upper bits clean.
 *
 * What lies in a bytes, a string, a list or a struct with one of these in it has no fixed place: the calldata says by an
 * offset where it begins. A rule on the word where an encoder would put it holds nobody, as the offset can lead elsewhere
 * and leave a decoy there. Such an argument is refused.
 *
 * @param request The action.
 * @param path Where it stands in what the caller passed, for messages.
 * @throws {InvalidInput} INVALID_ACTION: no such function or argument, an argument without a fixed place in the
 * calldata (bytes, string, lists), a comparison that means nothing for the type, a value that does not fit it.
 */
export function createAction(request: ActionRequest, path: string): Action {
  if (typeof request !== "object" || request === null)
    throw invalid(`${path} is missing.`, "Write its target, its function and where.");
  const abiFunction = readFunction(request.function, `${path}.function`);
  if (request.where === undefined || (request.where !== "any arguments" && !Array.isArray(request.where)))
    throw invalid(`${path}.where is missing.`, 'List the conditions, or write where: "any arguments".');
  if (request.where.length === 0)
    throw invalid(
      `${path}.where is empty.`,
      'An empty list never means "all": write where: "any arguments".',
    );
  const conditions = request.where === "any arguments" ? [] : request.where;
  const rules = conditions.flatMap((condition, index) =>
    createRules(condition, abiFunction, `${path}.where[${index}]`),
  );
  if (rules.length > 8)
    throw invalid(
      `${path}.where needs ${rules.length} rules; an action holds 8.`,
      "Ask for fewer conditions.",
    );
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
      `${path} is ${typeof described === "string" ? JSON.stringify(described) : String(described)}, which is no function.`,
      'Write its signature, for example "function deposit(uint256 amount, address to)".',
      cause,
    );
  }
  throw invalid(`${path} is no function.`, "Pass a function's signature or its item of an ABI.");
}

function createRules(condition: Condition, abiFunction: AbiFunction, path: string): Rule[] {
  if (typeof condition !== "object" || condition === null)
    throw invalid(`${path} is not a condition.`, 'Write one as { argument: "amount", lte: 5n }.');
  const asked = operators.filter((operator) => operator in condition);
  const [operator] = asked;
  if (operator === undefined || asked.length > 1)
    throw invalid(
      `${path} needs exactly one of ${operators.join(", ")}.`,
      "Write one comparison a condition.",
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
        `${path}: ${argument} (${found.type}) has no fixed place in the calldata.`,
        "Whoever calls chooses where it lies, so a rule on it could be bypassed. Compare arguments of fixed size, or leave the function out.",
      );
    members = membersOf(found);
  }
  if (!found || members.length > 0)
    throw invalid(
      `${path}: ${argument} is more than one word.`,
      'Name a member, for example "params.recipient".',
    );
  if (offset + 32 > 2 ** 16)
    throw invalid(`${path}: ${argument} is too far back in the calldata.`, "Leave it out.");
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
  const noOrder = () =>
    invalid(`${path}: ${type} has no order, so ${operator} means nothing.`, "Use eq or ne.");
  const unfit = (needs: string) =>
    invalid(`${path}: ${operator} is ${String(value)}, which is no ${type}.`, `Pass ${needs}.`);

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
      throw invalid(`${path}: the chain compares ${type} as if it had no sign.`, "Use eq on signed numbers.");
    if (operator === "ne" && bits < 256n)
      throw invalid(`${path}: ne on ${type} could be slipped past by dirty upper bits.`, "Use eq.");
    if (number < -(1n << (bits - 1n)) || number >= 1n << (bits - 1n)) throw unfit(`a number within ${type}`);
    return { word: BigInt.asUintN(256, number) };
  }
  const fixedBytes = /^bytes(\d+)$/.exec(type);
  if (fixedBytes) {
    const length = Number(fixedBytes[1]);
    if (ordered) throw noOrder();
    if (!isHex(value) || size(value) !== length) throw unfit(`${length} bytes of hex`);
    if (operator === "ne" && length < 32)
      throw invalid(`${path}: ne on ${type} could be slipped past by dirty lower bytes.`, "Use eq.");
    return { word: BigInt(padHex(value as Hex, { size: 32, dir: "right" })) };
  }
  throw invalid(
    `${path}: ${type} cannot be compared.`,
    "Compare numbers, addresses, booleans or bytes1 to bytes32.",
  );
}

const invalid = (shortMessage: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({ code: "INVALID_ACTION", shortMessage, metaMessages: [metaMessage], cause });
