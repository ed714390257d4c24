import {
  type Address,
  encodeAbiParameters,
  type Hex,
  hashStruct,
  keccak256,
  parseAbiParameters,
  type TypedDataDefinition,
  toBytes,
} from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import { permit2Domain, X402_PROXIES } from "./permit2.ts";

/** A transfer by Permit2 for x402, in whose digest the account does not occur. Numbers are uint256. */
export type Permit2Transfer = {
  token: Address;
  /** In token base units; by upto the most that may be transferred. */
  amount: bigint;
  /** See {@link nodeNonce}. */
  nonce: bigint;
  /** The last second at which it may settle, Unix time. */
  deadline: bigint;
  /** The payee. */
  to: Address;
  /** The first second at which it may settle, Unix time. */
  validAfter: bigint;
  /** By upto: who may settle. Absent: the exact scheme. */
  facilitator?: Address | undefined;
};

const transfer = [
  { name: "permitted", type: "TokenPermissions" },
  { name: "spender", type: "address" },
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint256" },
  { name: "witness", type: "Witness" },
] as const;
const permissions = [
  { name: "token", type: "address" },
  { name: "amount", type: "uint256" },
] as const;
const to = { name: "to", type: "address" } as const;
const validAfter = { name: "validAfter", type: "uint256" } as const;

const types = {
  exact: {
    PermitWitnessTransferFrom: transfer,
    TokenPermissions: permissions,
    Witness: [to, validAfter],
  },
  upto: {
    PermitWitnessTransferFrom: transfer,
    TokenPermissions: permissions,
    Witness: [to, { name: "facilitator", type: "address" }, validAfter],
  },
} as const;

/**
 * The typed data that Permit2 asks the account about, for x402's exact or upto scheme.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const permit2Transfer = (given: Permit2Transfer, chainId: number): TypedDataDefinition => ({
  domain: permit2Domain(chainId),
  ...messageOf(given),
  primaryType: "PermitWitnessTransferFrom",
});

function messageOf(given: Permit2Transfer) {
  if (typeof given !== "object" || given === null)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The transfer is not an object.",
      metaMessages: ["Pass token, amount, nonce, deadline, to and validAfter, and for upto facilitator."],
    });
  const number = (name: "amount" | "nonce" | "deadline" | "validAfter") =>
    parseWhole(given[name], name, 1n << 256n);
  const { facilitator } = given;
  const isUpto = facilitator !== undefined;
  return {
    types: isUpto ? types.upto : types.exact,
    message: {
      permitted: { token: parseAddress(given.token, "token"), amount: number("amount") },
      spender: X402_PROXIES[isUpto ? "permit2-upto" : "permit2-exact"],
      nonce: number("nonce"),
      deadline: number("deadline"),
      witness: {
        to: parseAddress(given.to, "to"),
        ...(isUpto ? { facilitator: parseAddress(facilitator, "facilitator") } : {}),
        validAfter: number("validAfter"),
      },
    },
  };
}

const words = parseAbiParameters("bytes32, address, uint256, uint256, bytes32");

/** The same message as EIP-712 encodes it: the hash of its type, and its members, a word each. */
export function permit2Encoding(given: Permit2Transfer): { typeHash: Hex; encodeData: Hex } {
  const { types, message } = messageOf(given);
  const { permitted, spender, nonce, deadline, witness } = message;
  const hashOf = (primaryType: "TokenPermissions" | "Witness", data: object) =>
    hashStruct({ types, primaryType, data } as never);
  const typeText = Object.entries<readonly { name: string; type: string }[]>(types).map(
    ([name, members]) => `${name}(${members.map((member) => `${member.type} ${member.name}`).join()})`,
  );
  return {
    typeHash: keccak256(toBytes(typeText.join(""))),
    encodeData: encodeAbiParameters(words, [
      hashOf("TokenPermissions", permitted),
      spender,
      nonce,
      deadline,
      hashOf("Witness", witness),
    ]),
  };
}
