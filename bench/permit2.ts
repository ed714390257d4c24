import { PERMIT2, type Transaction } from "@latchkey/devchain";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  hashDomain,
  hashStruct,
  hashTypedData,
  keccak256,
  numberToHex,
  parseAbi,
  parseAbiParameters,
  slice,
  toBytes,
} from "viem";
import { eip712Domain } from "#sdk/session/eip712Domain.ts";
import { hashSession } from "#sdk/session/hashSession.ts";
import { packNumber, packSession } from "#sdk/session/packSession.ts";
import type { Session } from "#sdk/session/Session.ts";
import { slotNonce } from "#sdk/session/slotNonce.ts";
import { type BenchChain, ONE_USDC, X402_EXACT, X402_UPTO } from "./BenchChain.ts";
import { benchSession, DEADLINE } from "./sessions.ts";

/** An account that Permit2 asks about a transfer. */
export type Permit2Payer = {
  address: Address;
  /** The module that it asks. */
  module: Address;
  /** Whether it asks the module about a hash of its own. */
  wrapsHash: boolean;
  /** The ERC-1271 signature that a payload goes as. */
  wrap(payload: Hex, transfer: { typeHash: Hex; encodeData: Hex }): Hex;
};

type Method = "exact" | "upto";

const witnessTypes = {
  exact: [
    { name: "to", type: "address" },
    { name: "validAfter", type: "uint256" },
  ],
  upto: [
    { name: "to", type: "address" },
    { name: "facilitator", type: "address" },
    { name: "validAfter", type: "uint256" },
  ],
} as const;
const typesOf = (method: Method) => ({
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
  Witness: witnessTypes[method],
});

const proxyAbi = parseAbi([
  "struct TokenPermissions { address token; uint256 amount; }",
  "struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }",
  "struct ExactWitness { address to; uint256 validAfter; }",
  "struct UptoWitness { address to; address facilitator; uint256 validAfter; }",
  "function settle(PermitTransferFrom permit, address owner, ExactWitness witness, bytes signature)",
  "function settle(PermitTransferFrom permit, uint256 amount, address owner, UptoWitness witness, bytes signature)",
]);

/** Permit2's own domain separator. */
export const permit2Separator = ({ testChain }: BenchChain): Hex =>
  hashDomain({
    domain: { name: "Permit2", chainId: BigInt(testChain.chainId), verifyingContract: PERMIT2 },
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
    },
  });

/** The calldata by which an account approves Permit2: what the session of the bench can spend in 50 days. */
export const approvePermit2: Hex = encodeFunctionData({
  abi: erc20Abi,
  functionName: "approve",
  args: [PERMIT2, 1000n * ONE_USDC],
});

/** The session of the bench, paid from by Permit2: 4 USDC at a time, so that 1 USDC is a node at depth 2. */
export const permit2Session = (chain: BenchChain, address: Address): Session =>
  benchSession(chain, address, { sizes: 5, perTransaction: 4n * ONE_USDC, signatures: 6 });

/** A facilitator settles 1 USDC that the key has signed at depth 2 of the day's first lot. */
export async function settleNode(
  chain: BenchChain,
  payer: Permit2Payer,
  session: Session,
  { method = "exact" as Method, index = 0n, grant }: { method?: Method; index?: bigint; grant?: Hex } = {},
): Promise<Transaction> {
  const { usdc, key, recipient, relayer, testChain } = chain;
  const word = slotNonce({
    id: hashSession(session),
    budgetIndex: 0,
    period: 0n,
    lot: 0n,
    size: 0,
    index: 0n,
  });
  const nonce = BigInt(word) | (4n + index);
  const permitted = { token: usdc.address, amount: ONE_USDC };
  const witness = { to: recipient, facilitator: relayer, validAfter: 0n };
  const spender = method === "exact" ? X402_EXACT : X402_UPTO;
  const deadline = BigInt(DEADLINE);
  const types = typesOf(method);
  const digest = hashTypedData({
    domain: { name: "Permit2", chainId: testChain.chainId, verifyingContract: PERMIT2 },
    types,
    primaryType: "PermitWitnessTransferFrom",
    message: { permitted, spender, nonce, deadline, witness },
  } as never);
  const signature = await key.signTypedData({
    domain: eip712Domain(testChain.chainId, payer.module),
    types: {
      SignedPayment: [
        { name: "account", type: "address" },
        { name: "digest", type: "bytes32" },
      ],
    },
    primaryType: "SignedPayment",
    message: { account: payer.address, digest },
  });
  const parity = slice(signature, 64, 65) === "0x1c" ? 1n << 255n : 0n;
  const byte = (value: number) => numberToHex(value, { size: 1 });
  const payload = concat([
    byte((grant === undefined ? 1 : 2) + (payer.wrapsHash ? 2 : 0)),
    payer.wrapsHash ? key.address : "0x",
    // Budget 0, lot 0, depth 2, index, payee 0.
    "0x000002",
    packNumber(index),
    packNumber(0n),
    packNumber(ONE_USDC),
    packNumber(0n),
    packNumber(deadline),
    byte(method === "exact" ? 4 : 5),
    method === "upto" ? relayer : "0x",
    slice(signature, 0, 32),
    numberToHex(BigInt(slice(signature, 32, 64)) | parity, { size: 32 }),
    packSession(session),
    grant ?? "0x",
  ]);
  const members = witnessTypes[method].map(({ name, type }) => `${type} ${name}`).join(",");
  const struct = (primaryType: string, data: object) => hashStruct({ types, primaryType, data } as never);
  const wrapped = payer.wrap(payload, {
    typeHash: keccak256(
      toBytes(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline," +
          `Witness witness)TokenPermissions(address token,uint256 amount)Witness(${members})`,
      ),
    ),
    encodeData: encodeAbiParameters(parseAbiParameters("bytes32, address, uint256, uint256, bytes32"), [
      struct("TokenPermissions", permitted),
      spender,
      nonce,
      deadline,
      struct("Witness", witness),
    ]),
  });
  const permit = { permitted, nonce, deadline };
  return {
    from: relayer,
    to: spender,
    data:
      method === "exact"
        ? encodeFunctionData({
            abi: proxyAbi,
            functionName: "settle",
            args: [permit, payer.address, witness, wrapped],
          })
        : encodeFunctionData({
            abi: proxyAbi,
            functionName: "settle",
            args: [permit, ONE_USDC, payer.address, witness, wrapped],
          }),
  };
}

/** As ExtensibleFallbackHandler takes it: the transfer, whose domain has the module as verifier, and the payload. */
export const wrapForVerifier = (
  separator: Hex,
  payload: Hex,
  { typeHash, encodeData }: { typeHash: Hex; encodeData: Hex },
): Hex =>
  concat([
    "0x5fd7e97d",
    encodeAbiParameters(parseAbiParameters("bytes32, bytes32, bytes, bytes"), [
      separator,
      typeHash,
      encodeData,
      payload,
    ]),
  ]);

/** A row of signed payments by Permit2, on any account. */
type Permit2Row<Account> = {
  path: string;
  says: string;
  transaction(chain: BenchChain, account: Account): Promise<Transaction>;
};

/** The same rows for every kind of account. */
export function permit2Rows<Account>({
  payer,
  enable,
  grant,
}: {
  /** The account, once it can pay by Permit2. */
  payer(chain: BenchChain, account: Account): Promise<Permit2Payer>;
  enable(chain: BenchChain, account: Account, session: Session): Promise<unknown>;
  grant(account: Account, session: Session): Promise<Hex>;
}): Permit2Row<Account>[] {
  const enabled = async (chain: BenchChain, account: Account) => {
    const paying = await payer(chain, account);
    const session = permit2Session(chain, paying.address);
    await enable(chain, account, session);
    return { paying, session };
  };
  return [
    {
      path: "permit2/first",
      says: "x402 by Permit2, enabled session, first payment of a lot, 5 sizes",
      async transaction(chain, account) {
        const { paying, session } = await enabled(chain, account);
        return settleNode(chain, paying, session);
      },
    },
    {
      path: "permit2/next",
      says: "x402 by Permit2, enabled session, a later payment of the lot, 5 sizes",
      async transaction(chain, account) {
        const { paying, session } = await enabled(chain, account);
        await chain.testChain.send(await settleNode(chain, paying, session));
        return settleNode(chain, paying, session, { index: 1n });
      },
    },
    {
      path: "permit2/upto/first",
      says: "the same as the first, by the upto scheme",
      async transaction(chain, account) {
        const { paying, session } = await enabled(chain, account);
        return settleNode(chain, paying, session, { method: "upto" });
      },
    },
    {
      path: "permit2/with-grant",
      says: "x402 by Permit2, nothing on chain yet, the owner's signature is carried, 5 sizes",
      async transaction(chain, account) {
        const paying = await payer(chain, account);
        const session = permit2Session(chain, paying.address);
        return settleNode(chain, paying, session, { grant: await grant(account, session) });
      },
    },
  ];
}
