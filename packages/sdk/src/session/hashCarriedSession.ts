import { type AbiParameter, concat, encodeAbiParameters, type Hex, keccak256, toBytes } from "viem";
import { sessionTypes } from "../generated/eip712/sessionTypes.ts";
import { hashActions } from "./hashActions.ts";
import { hashBudget } from "./hashBudget.ts";
import { readCarriedSession } from "./readSession.ts";
import type { CarriedSession } from "./unpackSession.ts";

const { Session: members, ...structs } = sessionTypes;

const written = (name: string, of: readonly { name: string; type: string }[]) =>
  `${name}(${of.map((member) => `${member.type} ${member.name}`).join(",")})`;

/** The struct itself, then those in it by their names, as EIP-712 wants. */
const typeHash = keccak256(
  toBytes(
    written("Session", members) +
      Object.entries(structs)
        .map(([name, of]) => written(name, of))
        .sort()
        .join(""),
  ),
);

/** A member that is a list or a struct is encoded as its hash. */
const words: readonly AbiParameter[] = [{ name: "", type: "bytes32" }, ...members].map(({ type }) => ({
  type: type.endsWith("[]") ? "bytes32" : type,
}));

/**
 * The id of a session with omitted parts, from {@link decodeSession}: the same as
 * {@link hashSession} of the whole one.
 *
 * @throws {InvalidInput} MALFORMED_SESSION
 */
export function hashCarriedSession(session: CarriedSession): Hex {
  const { budgets, actions, ...own } = readCarriedSession(session);
  const values: { readonly [member: string]: unknown } = {
    ...own,
    budgets: keccak256(concat(budgets.map((one) => (typeof one === "string" ? one : hashBudget(one))))),
    actions: typeof actions === "string" ? actions : hashActions(actions),
  };
  return keccak256(encodeAbiParameters(words, [typeHash, ...members.map(({ name }) => values[name])]));
}
