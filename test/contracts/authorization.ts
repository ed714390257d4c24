import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  numberToHex,
  pad,
  parseAbi,
  toBytes,
  toHex,
} from "viem";
import { type LeftOut, number, partsOf } from "./sessionBytes.ts";

export { number } from "./sessionBytes.ts";

import {
  ANYONE,
  alice,
  chain,
  encode,
  key,
  MODULE,
  relayer,
  type Session,
  session,
  sessionTypes,
  T0,
  USD,
  YES,
} from "./fixture.ts";

export type Slot = { lot: bigint; size: number; index: bigint };

/** What the key signs, and how it is presented. Everything has a default: $1 to Alice in slot (0, 0, 0). */
export type Terms = {
  of?: Session;
  budgetIndex?: number;
  period?: bigint;
  slot?: Partial<Slot>;
  to?: Address;
  value?: bigint;
  validAfter?: bigint;
  validBefore?: bigint;
  /** The token's EIP-712 name and version, for the digest. */
  domain?: { name: string; version: string; chainId?: number };
  /** How the payload names them; by default as short as it can. */
  domainCode?: number;
  by?: typeof key;
  /** Carried by the payload, which is of version 2 then. */
  grant?: Hex;
  /** Whether the payload names the key, as for accounts that wrap the hash: versions 3 and 4. */
  namesKey?: boolean;
  /** Of a session that is enabled. Default: all that the payment does not need. */
  leftOut?: LeftOut;
  /** The nonce that is signed, where it is not the slot's. */
  nonce?: Hex;
};

/** An authorization, signed and packed. */
export type Authorization = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
  /** The EIP-3009 digest. */
  hash: Hex;
  keySignature: Hex;
  /** The payload's fields in order, each with its bytes. */
  parts: [name: string, bytes: Hex][];
  payload: Hex;
};

export const authorizationTypes = {
  TransferWithAuthorization: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" },
    { name: "validBefore", type: "uint256" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/**
 * The nonce of a slot, computed here once more. A slot that there cannot be has one too, as the contract would compute it:
 * fields that are too large run into their neighbours.
 */
export const slotNonce = (id: Hex, budgetIndex: number, period: bigint, slot: Slot): Hex => {
  const hash = keccak256(concat([id, ...[BigInt(budgetIndex), period].map((word) => pad(toHex(word)))]));
  const prefix = BigInt(hash.slice(0, 36)) << 120n;
  const fields = (slot.lot << 88n) | (BigInt(slot.size) << 80n) | (slot.index << 64n);
  return toHex(BigInt.asUintN(256, prefix | fields), { size: 32 });
};

export const hashOf = (of: Session): Hex =>
  hashStruct({ types: sessionTypes, primaryType: "Session", data: of });

/** r and vs of a signature of 65 bytes. */
export const compact = (signature: Hex): [r: Hex, vs: Hex] => {
  const parity = signature.endsWith("1c") ? 1n << 255n : 0n;
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  return [signature.slice(0, 66) as Hex, pad(toHex(s | parity))];
};

/** Signs and packs an authorization, as the terms say, be they allowed or not. */
export async function authorize(terms: Terms = {}): Promise<Authorization> {
  const {
    of = session(),
    budgetIndex = 0,
    period = 0n,
    to = alice,
    value = USD,
    validAfter = 0n,
    validBefore = BigInt(T0 + 600),
    domain = { name: "USD Coin", version: "2" },
    by = key,
    grant,
  } = terms;
  // What this payment does not need.
  const leftOut = terms.leftOut ?? {
    budgets: of.budgets.map((_, i) => i).filter((i) => i !== budgetIndex),
    actions: of.actions.length > 0,
  };
  const slot: Slot = { lot: 0n, size: 0, index: 0n, ...terms.slot };
  const budget = of.budgets[budgetIndex];
  const token = budget?.token ?? chain.usdc.address;
  const nonce = terms.nonce ?? slotNonce(hashOf(of), budgetIndex, period, slot);
  const message = { from: of.account, to, value, validAfter, validBefore, nonce };
  const hash = hashTypedData({
    domain: { chainId: 1, verifyingContract: token, ...domain },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message,
  });
  const keySignature = await by.sign({ hash });
  const known = ["", "USD Coin", "USDC", "EURC"].indexOf(domain.name);
  const code = terms.domainCode ?? (domain.version === "2" && known > 0 ? known : 0);
  const recipients = budget?.recipients ?? [];
  const anyone = recipients.length === 1 && recipients[0] === ANYONE;
  const [r, vs] = compact(keySignature);
  const parts: [string, Hex][] = [
    ["version", byte((grant === undefined ? 1 : 2) + (terms.namesKey ? 2 : 0))],
    ...((terms.namesKey ? [["key", of.key]] : []) as [string, Hex][]),
    ["budget", byte(budgetIndex)],
    ["lot", number(slot.lot)],
    ["size", byte(slot.size)],
    ["index", number(slot.index)],
    ["payee", number(anyone ? BigInt(to) : BigInt(Math.max(recipients.indexOf(to), 0)))],
    ["value", number(value)],
    ["validAfter", number(validAfter)],
    ["validBefore", number(validBefore)],
    ["domain", byte(code)],
    ...(code === 0
      ? ([
          ["name", keccak256(toBytes(domain.name))],
          ["version of the token", keccak256(toBytes(domain.version))],
        ] as [string, Hex][])
      : []),
    ["r", r],
    ["vs", vs],
    ...(grant === undefined ? partsOf(of, leftOut) : [...partsOf(of), ["grant", grant] as [string, Hex]]).map(
      ([name, bytes]): [string, Hex] => [`session.${name}`, bytes],
    ),
  ];
  return { ...message, hash, keySignature, parts, payload: concat(parts.map(([, bytes]) => bytes)) };
}

/** What the module answers about a hash: yes or no, in its exact words. Rejects if it reverts. */
export async function asks(
  hash: Hex,
  payload: Hex,
  account: Address = chain.safes["1.4.1"],
): Promise<boolean> {
  const answer = await chain.call({
    from: relayer.address,
    to: MODULE,
    data: encode("isValidSignatureFor", [account, hash, payload]),
  });
  if (answer === pad(YES, { dir: "right" })) return true;
  if (answer === pad("0xffffffff", { dir: "right" })) return false;
  throw new Error(`the module answered ${answer}`);
}

/** Whether the module accepts an authorization now. */
export const isGood = async (terms: Terms = {}): Promise<boolean> => {
  const { hash, payload, from } = await authorize(terms);
  return asks(hash, payload, from);
};

const tokenAbi = parseAbi([
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
]);

/** The settlement of an authorization, by anybody. */
export const settlement = (
  { from, to, value, validAfter, validBefore, nonce }: Authorization,
  signature: Hex,
  token: Address = chain.usdc.address,
) => ({
  from: relayer.address,
  to: token,
  data: encodeFunctionData({
    abi: tokenAbi,
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, signature],
  }),
});

/** Signs and settles on the Safe 1.4.1, which shows its module the payload as it is. */
export async function settle(terms: Terms = {}, second?: number): Promise<Authorization> {
  const authorization = await authorize(terms);
  await chain.send(settlement(authorization, authorization.payload), second);
  return authorization;
}
