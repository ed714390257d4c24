import { concat, encodeAbiParameters, type Hex, keccak256, parseAbiParameters, toBytes } from "viem";
import { eip712Types } from "./eip712Types.ts";
import { hashActions } from "./hashActions.ts";
import { hashBudget } from "./hashBudget.ts";
import { readCarriedSession } from "./readSession.ts";
import type { CarriedSession } from "./unpackSession.ts";

const written = (name: "Session" | "SessionAction" | "SessionBudget" | "SessionRule") =>
  `${name}(${eip712Types[name].map((member) => `${member.type} ${member.name}`).join(",")})`;

const typeHash = keccak256(
  toBytes(
    [written("Session"), written("SessionAction"), written("SessionBudget"), written("SessionRule")].join(""),
  ),
);

const words = parseAbiParameters(
  "bytes32, address, address, uint48, uint48, uint64, uint256, uint128, address, bytes32, bytes32",
);

/**
 * The id of a session from which parts may be left out, as {@link decodeSession} gives it: the same as
 * {@link hashSession} of the whole one.
 *
 * @throws {InvalidInput} MALFORMED_SESSION
 */
export function hashCarriedSession(session: CarriedSession): Hex {
  const { budgets, actions, ...own } = readCarriedSession(session);
  return keccak256(
    encodeAbiParameters(words, [
      typeHash,
      own.account,
      own.key,
      own.validAfter,
      own.validUntil,
      own.epoch,
      own.salt,
      own.gasAllowance,
      own.paymaster,
      keccak256(concat(budgets.map((one) => (typeof one === "string" ? one : hashBudget(one))))),
      typeof actions === "string" ? actions : hashActions(actions),
    ]),
  );
}
