import { PERMIT2, permit2Abi } from "@latchkey/devchain";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hashDomain,
  hashStruct,
  hashTypedData,
  keccak256,
  maxUint256,
  numberToHex,
  parseAbi,
  parseAbiParameters,
  toBytes,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { asks, compact, hashOf, number, type Slot, slotNonce } from "./authorization.ts";
import {
  ANYONE,
  alice,
  approveData,
  type Budget,
  budget,
  chain,
  digestIn,
  key,
  MODULE,
  type Receipt,
  relayer,
  type SafeVersion,
  type Session,
  session,
  T0,
  USD,
  X402_EXACT,
  X402_UPTO,
} from "./fixture.ts";
import { type LeftOut, partsOf } from "./sessionBytes.ts";

export type Method = "exact" | "upto";

/** What the key signs, and how it is presented. Everything has a default: exactly $1 to Alice at node (0, 0, 0). */
export type Terms = {
  of?: Session;
  budgetIndex?: number;
  period?: bigint;
  /** Its size is the node's depth. */
  node?: Partial<Slot>;
  method?: Method;
  to?: Address;
  value?: bigint;
  validAfter?: bigint;
  deadline?: bigint;
  /** Who may settle, by upto. */
  facilitator?: Address;
  by?: PrivateKeyAccount;
  /** Carried by the payload. */
  grant?: Hex;
  /** Whether the payload names the key. */
  namesKey?: boolean;
  leftOut?: LeftOut;
  /** What is signed, where it is not what the payload says. */
  signed?: { nonce?: bigint; spender?: Address; chainId?: number; token?: Address };
  /** What the key signs of the digest: by default SignedPayment of the account, for this module on this chain. */
  wrap?: (digest: Hex) => Hex;
  /** How the payload names the method: 4 exact, 5 upto. */
  code?: number;
};

/** A Permit2 transfer, signed and packed. */
export type Payment = {
  owner: Address;
  method: Method;
  permit: { permitted: { token: Address; amount: bigint }; nonce: bigint; deadline: bigint };
  witness: { to: Address; facilitator: Address; validAfter: bigint };
  spender: Address;
  digest: Hex;
  keySignature: Hex;
  parts: [name: string, bytes: Hex][];
  payload: Hex;
};

const transferTypes = {
  PermitWitnessTransferFrom: [
    { name: "permitted", type: "TokenPermissions" },
    { name: "spender", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
    { name: "witness", type: "Witness" },
  ],
  TokenPermissions: [
    { name: "token", type: "address" },
    { name: "amount", type: "uint256" },
  ],
} as const;

/** x402's types of both methods. */
export const permit2Types = {
  exact: {
    ...transferTypes,
    Witness: [
      { name: "to", type: "address" },
      { name: "validAfter", type: "uint256" },
    ],
  },
  upto: {
    ...transferTypes,
    Witness: [
      { name: "to", type: "address" },
      { name: "facilitator", type: "address" },
      { name: "validAfter", type: "uint256" },
    ],
  },
} as const;
const WITNESS = {
  exact: "Witness(address to,uint256 validAfter)",
  upto: "Witness(address to,address facilitator,uint256 validAfter)",
} as const;

export const permit2Domain = (chainId = 1) => ({ name: "Permit2", chainId, verifyingContract: PERMIT2 });

/** The digest of one of Permit2's types. */
export const permit2Digest = (
  types: Record<string, readonly { name: string; type: string }[]>,
  primaryType: string,
  message: Record<string, unknown>,
  chainId = 1,
): Hex => hashTypedData({ domain: permit2Domain(chainId), types, primaryType, message } as never);

/** The nonce of a node, computed here once more. */
export const nodeNonce = (id: Hex, budgetIndex: number, period: bigint, node: Slot): bigint =>
  BigInt(slotNonce(id, budgetIndex, period, { lot: node.lot, size: 0, index: 0n })) |
  BigInt.asUintN(8, 2n ** BigInt(node.size) + node.index);

/** What the key signs for a digest that does not name the account. */
export const signedPayment = (
  account: Address,
  digest: Hex,
  domain: Parameters<typeof digestIn>[1] = {},
): Hex =>
  digestIn(
    hashStruct({
      types: {
        SignedPayment: [
          { name: "account", type: "address" },
          { name: "digest", type: "bytes32" },
        ],
      },
      primaryType: "SignedPayment",
      data: { account, digest },
    }),
    domain,
  );

/** A budget that Permit2 pays from, by both methods unless it says otherwise: $1 at a time, $20 a day, five sizes. */
export const permit2Budget = (changes: Partial<Budget> = {}): Budget => budget({ signatures: 6, ...changes });
export const permit2Session = (changes: Partial<Session> = {}): Session =>
  session({ budgets: [permit2Budget()], ...changes });

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** Signs and packs a payment, as the terms say, be they allowed or not. */
export async function signPayment(terms: Terms = {}): Promise<Payment> {
  const { of = permit2Session(), budgetIndex = 0, period = 0n, method = "exact", to = alice } = terms;
  const { value = USD, validAfter = 0n, deadline = BigInt(T0 + 600), facilitator = relayer.address } = terms;
  const { by = key, grant, signed = {} } = terms;
  const { wrap = (digest: Hex) => signedPayment(of.account, digest) } = terms;
  const node: Slot = { lot: 0n, size: 0, index: 0n, ...terms.node };
  const leftOut = terms.leftOut ?? {
    budgets: of.budgets.map((_, i) => i).filter((i) => i !== budgetIndex),
    actions: of.actions.length > 0,
  };
  const paying = of.budgets[budgetIndex];
  const token = signed.token ?? paying?.token ?? chain.usdc.address;
  const nonce = signed.nonce ?? nodeNonce(hashOf(of), budgetIndex, period, node);
  const spender = signed.spender ?? (method === "exact" ? X402_EXACT : X402_UPTO);
  const permitted = { token, amount: value };
  const witness = { to, facilitator, validAfter };
  const digest = permit2Digest(
    permit2Types[method],
    "PermitWitnessTransferFrom",
    { permitted, spender, nonce, deadline, witness },
    signed.chainId,
  );
  const keySignature = await by.sign({ hash: wrap(digest) });
  const recipients = paying?.recipients ?? [];
  const anyone = recipients.length === 1 && recipients[0] === ANYONE;
  const [r, vs] = compact(keySignature);
  const code = terms.code ?? (method === "exact" ? 4 : 5);
  const parts: [string, Hex][] = [
    ["version", byte((grant === undefined ? 1 : 2) + (terms.namesKey ? 2 : 0))],
    ...((terms.namesKey ? [["key", of.key]] : []) as [string, Hex][]),
    ["budget", byte(budgetIndex)],
    ["lot", number(node.lot)],
    ["depth", byte(node.size)],
    ["index", number(node.index)],
    ["payee", number(anyone ? BigInt(to) : BigInt(Math.max(recipients.indexOf(to), 0)))],
    ["value", number(value)],
    ["validAfter", number(validAfter)],
    ["deadline", number(deadline)],
    ["code", byte(code)],
    ...((code === 5 ? [["facilitator", facilitator]] : []) as [string, Hex][]),
    ["r", r],
    ["vs", vs],
    ...(grant === undefined ? partsOf(of, leftOut) : [...partsOf(of), ["grant", grant] as [string, Hex]]).map(
      ([name, bytes]): [string, Hex] => [`session.${name}`, bytes],
    ),
  ];
  return {
    owner: of.account,
    method,
    permit: { permitted, nonce, deadline },
    witness,
    spender,
    digest,
    keySignature,
    parts,
    payload: concat(parts.map(([, bytes]) => bytes)),
  };
}

/** Whether the module accepts a payment now. */
export const isGood = async (terms: Terms = {}): Promise<boolean> => {
  const { digest, payload, owner } = await signPayment(terms);
  return asks(digest, payload, owner);
};

const proxyAbi = parseAbi([
  "struct TokenPermissions { address token; uint256 amount; }",
  "struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }",
  "struct ExactWitness { address to; uint256 validAfter; }",
  "struct UptoWitness { address to; address facilitator; uint256 validAfter; }",
  "function settle(PermitTransferFrom permit, address owner, ExactWitness witness, bytes signature)",
  "function settle(PermitTransferFrom permit, uint256 amount, address owner, UptoWitness witness, bytes signature)",
]);

/** How x402's facilitator settles a payment, with the signature that the account is asked about. */
export function settlementOf(
  { permit, owner, witness, method }: Payment,
  signature: Hex,
  { amount = permit.permitted.amount, from = relayer.address } = {},
) {
  const data =
    method === "exact"
      ? encodeFunctionData({
          abi: proxyAbi,
          functionName: "settle",
          args: [permit, owner, witness, signature],
        })
      : encodeFunctionData({
          abi: proxyAbi,
          functionName: "settle",
          args: [permit, amount, owner, witness, signature],
        });
  return { from, to: method === "exact" ? X402_EXACT : X402_UPTO, data };
}

const separator = (chainId = 1): Hex =>
  hashDomain({
    domain: { name: "Permit2", chainId: BigInt(chainId), verifyingContract: PERMIT2 },
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
    },
  });

/** The ERC-1271 signature by which a Safe of the version is asked about a payment. */
export function signatureFor(
  version: SafeVersion,
  { method, permit, spender, witness, payload }: Payment,
  chainId = 1,
): Hex {
  if (version === "1.4.1") return payload;
  const types = permit2Types[method];
  const struct = (primaryType: "TokenPermissions" | "Witness", data: object) =>
    hashStruct({ types, primaryType, data } as never);
  const typeHash = keccak256(
    toBytes(
      "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)" +
        `TokenPermissions(address token,uint256 amount)${WITNESS[method]}`,
    ),
  );
  const encodeData = encodeAbiParameters(parseAbiParameters("bytes32, address, uint256, uint256, bytes32"), [
    struct("TokenPermissions", permit.permitted),
    spender,
    permit.nonce,
    permit.deadline,
    struct("Witness", witness),
  ]);
  return concat([
    "0x5fd7e97d",
    encodeAbiParameters(parseAbiParameters("bytes32, bytes32, bytes, bytes"), [
      separator(chainId),
      typeHash,
      encodeData,
      payload,
    ]),
  ]);
}

/** Lets both Safes pay by Permit2: an approval and, on 1.5.0, the module as verifier of Permit2's domain. */
export async function allowPermit2() {
  for (const safe of Object.values(chain.safes))
    await chain.send({ from: safe, to: chain.usdc.address, data: approveData(PERMIT2, maxUint256) });
  await chain.send({
    from: chain.safes["1.5.0"],
    to: chain.safes["1.5.0"],
    data: encodeFunctionData({
      abi: parseAbi(["function setDomainVerifier(bytes32 domainSeparator, address verifier)"]),
      args: [separator(), MODULE],
    }),
  });
}

/** Signs and settles. */
export async function settle(
  terms: Terms & { amount?: bigint; version?: SafeVersion } = {},
  second?: number,
): Promise<Receipt> {
  const payment = await signPayment(terms);
  const version = payment.owner === chain.safes["1.5.0"] ? "1.5.0" : "1.4.1";
  const { amount } = terms;
  const signature = signatureFor(version, payment);
  return chain.send(settlementOf(payment, signature, amount === undefined ? {} : { amount }), second);
}

/** The nonces of a lot that Permit2 has used, as bits. */
export async function usedOf(of: Session, lot: bigint, period = 0n, budgetIndex = 0): Promise<bigint> {
  const nonce = nodeNonce(hashOf(of), budgetIndex, period, { lot, size: 0, index: 0n });
  return BigInt(
    await chain.call({
      to: PERMIT2,
      data: encodeFunctionData({
        abi: permit2Abi,
        functionName: "nonceBitmap",
        args: [of.account, nonce >> 8n],
      }),
    }),
  );
}

/** Uses nonces of a lot up, as only the account itself can. */
export const burn = (of: Session, lot: bigint, mask: bigint, period = 0n, budgetIndex = 0) =>
  chain.send({
    from: of.account,
    to: PERMIT2,
    data: encodeFunctionData({
      abi: permit2Abi,
      functionName: "invalidateUnorderedNonces",
      args: [nodeNonce(hashOf(of), budgetIndex, period, { lot, size: 0, index: 0n }) >> 8n, mask],
    }),
  });
