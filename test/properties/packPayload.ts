import {
  type Address,
  concat,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  isAddressEqual,
  keccak256,
  numberToHex,
  parseAbiParameters,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { ANYONE, type Budget, type Session } from "../../packages/sdk/src/Session.ts";
import type { Slot } from "../model/SlotRule.ts";
import { hashActions, hashBudget, type TokenDomain, type Transfer } from "../model/typedData.ts";

/** A signature by a secp256k1 key. */
export type KeySignature = { r: Hex; s: Hex; yParity: number };

/** What the signature rail is told of one authorization. */
export type PayloadParts = {
  session: Session;
  budgetIndex: number;
  slot: Slot;
  transfer: Transfer;
  domain: TokenDomain;
  signature: KeySignature;
  /** The owner's signature, to carry the whole session; undefined: the session is enabled. */
  grant?: Hex;
  /** Whether the account wraps the digest before it asks, so that no signature over what it asks gives the key. */
  wrapsHash: boolean;
};

/** One byte n and n bytes, without leading zeros. */
function number(value: bigint | number): Hex {
  const bytes = BigInt(value) === 0n ? new Uint8Array() : toBytes(BigInt(value));
  return concat([byte(bytes.length), toHex(bytes)]);
}

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** The token domains that have a code of one byte. */
const CODES: Record<string, number> = { "USD Coin/2": 1, "USDC/2": 2, "EURC/2": 3 };

/** The ABI of a session. */
export const sessionParameter = {
  type: "tuple",
  components: [
    ...parseAbiParameters("address account, address key, uint48 validAfter, uint48 validUntil, uint64 epoch"),
    ...parseAbiParameters("uint256 salt, uint128 gasAllowance, address paymaster"),
    {
      name: "budgets",
      type: "tuple[]",
      components: [
        ...parseAbiParameters("address token, uint128 perTransaction, uint128 perPeriod, uint32 period"),
        ...parseAbiParameters(
          "uint128 initial, uint128 perSecond, uint8 signatures, uint8 sizes, address[] recipients",
        ),
      ],
    },
    {
      name: "actions",
      type: "tuple[]",
      components: [
        ...parseAbiParameters("address target, bytes4 selector"),
        {
          name: "rules",
          type: "tuple[]",
          components: parseAbiParameters("uint16 offset, uint8 op, bytes32 value"),
        },
      ],
    },
  ],
} as const;

/** The payload of an authorization, byte by byte as contracts/Payload.sol documents it. */
export function packPayload({
  session,
  budgetIndex,
  slot,
  transfer,
  domain,
  signature,
  grant,
  wrapsHash,
}: PayloadParts): Hex {
  const budget = session.budgets[budgetIndex] as Budget;
  const code = CODES[`${domain.name}/${domain.version}`] ?? 0;
  const { r, s, yParity } = signature;
  return concat([
    ...(grant !== undefined ? [byte(2)] : wrapsHash ? [byte(3), session.key] : [byte(1)]),
    byte(budgetIndex),
    number(slot.lot),
    byte(slot.size),
    number(slot.index),
    number(payeeOf(budget, transfer.to)),
    number(transfer.value),
    number(transfer.validAfter),
    number(transfer.validBefore),
    byte(code),
    ...(code === 0 ? [keccak256(toBytes(domain.name)), keccak256(toBytes(domain.version))] : []),
    r,
    numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 }),
    grant === undefined
      ? packSession(session, budgetIndex)
      : encodeAbiParameters([sessionParameter, { type: "bytes" }], [session, grant]),
  ]);
}

/** Where the payee stands among the recipients; its address for ANYONE, and from a liar who hopes that it counts. */
function payeeOf({ recipients }: Budget, to: Address): bigint {
  const place = recipients.findIndex((recipient) => isAddressEqual(recipient, to));
  return place < 0 ? BigInt(to) : BigInt(place);
}

function packSession({ budgets, actions, ...session }: Session, budgetIndex: number): Hex {
  const { token, perTransaction, perPeriod, period, signatures, sizes, recipients } = budgets[
    budgetIndex
  ] as Budget;
  const others = budgets.filter((_, index) => index !== budgetIndex);
  const anyone = recipients[0] !== undefined && isAddressEqual(recipients[0], ANYONE);
  return concat([
    number(session.validAfter),
    number(session.validUntil),
    number(session.salt),
    number(session.gasAllowance),
    number(BigInt(session.paymaster ?? zeroAddress)),
    number(actions.length === 0 ? 0n : BigInt(hashActions(actions))),
    byte(budgets.length),
    ...others.map(hashBudget),
    token,
    number(perTransaction),
    number(perPeriod),
    number(period),
    byte(signatures),
    byte(sizes),
    byte(anyone ? 0 : recipients.length),
    ...(anyone ? [] : recipients.map((recipient) => encodePacked(["address"], [recipient]))),
  ]);
}
