import { type Address, type Hex, isAddress, isHex, size } from "viem";
import * as z from "zod/mini";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { Action, Budget, Session } from "./Session.ts";
import { type FieldReader, sessionSchemas } from "./schema.ts";
import type { CarriedSession } from "./unpackSession.ts";

/** What is wrong with a value: another type, or too wide for its field; or with a start or an end. */
type Fault = { flaw: "ENCODING" | "WIDTH" | "WINDOW"; what: string };

/** A schema that returns a value as it is, unless there is a fault. */
const unless = <value>(fault: (value: unknown) => Fault | false) =>
  z.custom<value>().check(({ value, issues }) => {
    const found = fault(value);
    if (found)
      issues.push({ code: "custom", input: value, message: found.what, params: { flaw: found.flaw } });
  });

/** Fields as a program holds them. Bounds beyond a field's width are those of {@link checkSession}. */
const memory: FieldReader = {
  address: unless<Address>(
    (value) =>
      (typeof value !== "string" || !isAddress(value)) && { flaw: "ENCODING", what: "a valid address" },
  ),
  bytes: (length) =>
    unless<Hex>((value) => {
      if (typeof value !== "string" || !isHex(value) || value.length % 2 !== 0)
        return { flaw: "ENCODING", what: "valid hex" };
      return size(value) !== length && { flaw: "WIDTH", what: `${length} bytes` };
    }),
  whole: (bits, { isMoment } = {}) =>
    unless<number>((value) => {
      if (typeof value !== "number" || !Number.isInteger(value))
        return { flaw: isMoment ? "WINDOW" : "ENCODING", what: "a whole number" };
      return (
        (value < 0 || value >= 2 ** bits) && {
          flaw: isMoment ? "WINDOW" : "WIDTH",
          what: `within ${bits} bits`,
        }
      );
    }),
  amount: (bits) =>
    unless<bigint>((value) => {
      if (typeof value !== "bigint") return { flaw: "ENCODING", what: "a bigint" };
      return (value < 0n || value >= 1n << BigInt(bits)) && { flaw: "WIDTH", what: `within ${bits} bits` };
    }),
  list: (item) => z.array(item),
  object: z.object,
};

const { session, budget, action } = sessionSchemas(memory);
const hash = memory.bytes(32);

/**
 * A session in which every value has the contract's type and width, and nothing else. What does not
 * fit could not even be hashed. `checkSession` checks the other bounds.
 *
 * @param given From a proposal or a grant.
 * @throws {InvalidInput} MALFORMED_SESSION, with `details.path` and `details.flaw`: ENCODING for a value of another type,
 * WIDTH for one that does not fit its field, WINDOW for a start or an end that is not valid.
 */
export const readSession = (given: Session): Session => loggable(read(session, given, []));

/** The same for a session in which hashes may replace parts. */
export function readCarriedSession(given: CarriedSession): CarriedSession {
  if (typeof given !== "object" || given === null || !Array.isArray(given.budgets))
    return readSession(given as Session);
  const { budgets, actions } = given;
  return loggable({
    ...read(session, { ...given, budgets: [], actions: typeof actions === "string" ? [] : actions }, []),
    budgets: budgets.map((one, index) =>
      typeof one === "string" ? read(hash, one, ["budgets", index]) : read(budget, one, ["budgets", index]),
    ),
    ...(typeof actions === "string" ? { actions: read(hash, actions, ["actions"]) } : {}),
  });
}

/** One budget of a session, in the same way. */
export const readBudget = (given: unknown, path = "budget"): Budget => read(budget, given, [path]);

/** One action of a session, in the same way. */
export const readAction = (given: unknown, path = "action"): Action => read(action, given, [path]);

function read<value>(schema: z.ZodMiniType<value>, given: unknown, at: readonly PropertyKey[]): value {
  const { data, error } = schema.safeParse(given, { reportInput: false });
  if (!error) return data;
  const [issue] = error.issues;
  const path = [...at, ...(issue?.path ?? [])]
    .map((one, index) => (typeof one === "number" ? `[${one}]` : `${index > 0 ? "." : ""}${String(one)}`))
    .join("");
  const expected = issue?.code === "invalid_type" && issue.expected === "array" ? "a list" : "an object";
  const { flaw = "ENCODING" } = (issue?.code === "custom" ? issue.params : undefined) ?? {};
  throw new InvalidInput({
    code: "MALFORMED_SESSION",
    shortMessage: `The session's ${path || "session"} is not ${issue?.code === "custom" ? issue.message : expected}.`,
    metaMessages: ["Pass a session from proposeSession, createSession or parseGrant."],
    details: { flaw, index: Number(/\[(\d+)\]/.exec(path)?.[1] ?? 0), path: path || "session" },
  });
}
