import {
  type Address,
  type Chain,
  type Client,
  encodeAbiParameters,
  type Hash,
  type Hex,
  isAddressEqual,
  pad,
  parseAbi,
  parseAbiParameters,
  parseEventLogs,
  type Transport,
  toEventSelector,
  toFunctionSelector,
} from "viem";
import { getBlock, getTransaction, getTransactionReceipt } from "../../internal/chainActions.ts";
import { readLogs } from "../../internal/readLogs.ts";
import type { PaymentMethod } from "../../session/paymentMethods.ts";
import { authorizationStates } from "./authorizationStates.ts";
import { nonceWords } from "./nonceWords.ts";
import { permit2Fate } from "./permit2Fate.ts";
import { isRedeemed, redemptionFate } from "./redemptionFate.ts";

/**
 * The signed authorization, as x402 carries it; or a transfer by Permit2 in the same terms: the amount that it permits, its
 * deadline as validBefore, and its nonce in 32 bytes. Or an execution, by ERC-7710: the second after its deadline as validBefore.
 */
export type SignedAuthorization = {
  /** By Permit2: x402's scheme. */
  method?: Exclude<PaymentMethod, "eip3009"> | "erc7710";
  /** By ERC-7710: the module, and the session's id. */
  module?: Address;
  session?: Hex;
  /** By upto: who may settle. */
  facilitator?: Address;
  from: Address;
  to: Address;
  value: string;
  validAfter: string;
  validBefore: string;
  nonce: Hex;
};

/**
 * The outcome of a signed authorization:
 * - `unused`: its nonce is unused;
 * - `settled`: it was paid;
 * - `void`: its nonce was used by another authorization, or canceled, so it can never settle;
 * - `used`: its nonce was used, but the chain does not show how.
 */
export type AuthorizationFate = "unused" | "settled" | "void" | "used";

const tokenAbi = parseAbi([
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
]);
const [authorizationUsed, authorizationCanceled] = tokenAbi.map((event) => toEventSelector(event)) as [
  Hex,
  Hex,
];
const words = parseAbiParameters("address, address, uint256, uint256, uint256, bytes32");
const settlements = [
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
].map((text) => toFunctionSelector(text));
/** Hex digits of the first six words of an authorization. */
const WORDS = 6 * 64;

/** Blocks that are searched for the use of a nonce: more than half an hour on the fastest chains. */
const SEARCHED_BLOCKS = 10_000n;

/**
 * Reads the outcome of an authorization, of a transfer by Permit2, or of an execution by ERC-7710, from the chain. A used nonce alone is not enough: another agent that shares the
 * session, but not its store, may have signed for the same slot. So the transaction that used it is checked.
 *
 * Only the token can prove that another authorization used it: if it logs no transfer to this one's payee in the transaction,
 * and if the transaction calls it directly. A facilitator's contract could settle this one and show another beside it, to be
 * paid twice. So neither the order of logs nor the amount counts, which fee-on-transfer tokens log differently.
 *
 * @param parameters.fromBlock Where the search for a used nonce begins. Default: 10,000 blocks back.
 * @returns The outcome, the transaction that settled it, by Permit2 what it moved, and the time of the block that was read: of two nodes behind one URL one may lag
 * behind, so the time from one and an unused nonce from the other would prove nothing.
 * @throws {Refusal} NETWORK
 */
export async function authorizationFate(
  client: Client<Transport, Chain | undefined>,
  {
    token,
    authorization,
    fromBlock,
  }: { token: Address; authorization: SignedAuthorization; fromBlock?: bigint | undefined },
): Promise<SettledFate & { chainTime: number }> {
  const { from, nonce, method } = authorization;
  const block = await getBlock(client, { blockTag: "latest" });
  const chainTime = Number(block.timestamp);
  const blockNumber = block.number;
  if (!(await isUsed())) return { fate: "unused", chainTime };
  const latest = blockNumber < SEARCHED_BLOCKS ? 0n : blockNumber - SEARCHED_BLOCKS + 1n;
  const search = { token, authorization, fromBlock: fromBlock ?? latest, blockNumber };
  if (method === "erc7710") return { ...(await redemptionFate(client, search)), chainTime };
  const outcome = await (method ? permit2Fate : fateOfUsed)(client, search).catch(
    () => ({ fate: "used" }) as const,
  );
  return { ...outcome, chainTime };

  async function isUsed(): Promise<boolean> {
    if (method === "erc7710") return isRedeemed(client, authorization, blockNumber);
    const asked = { token, account: from, nonces: [nonce], blockNumber };
    if (!method) return (await authorizationStates(client, asked))[0] === true;
    const [word = 0n] = await nonceWords(client, asked);
    return ((word >> BigInt.asUintN(8, BigInt(nonce))) & 1n) === 1n;
  }
}

/** An outcome, and what settled. */
export type SettledFate = {
  fate: AuthorizationFate;
  transaction?: Hash;
  /** By Permit2: what moved, in token base units. By upto it may be less than was signed. */
  moved?: bigint;
};

/** Where the use of a nonce is searched. */
export type FateSearch = {
  token: Address;
  authorization: SignedAuthorization;
  fromBlock: bigint;
  blockNumber: bigint;
};

async function fateOfUsed(
  client: Client<Transport, Chain | undefined>,
  parameters: FateSearch,
): Promise<SettledFate> {
  const { token, authorization, fromBlock, blockNumber } = parameters;
  const range = { fromBlock, toBlock: blockNumber, mostBlocks: SEARCHED_BLOCKS };
  const [log] = await readLogs(client, range, {
    address: [token],
    topics: [
      [authorizationUsed, authorizationCanceled],
      pad(authorization.from).toLowerCase() as Hex,
      authorization.nonce,
    ],
  });
  if (!log) return { fate: "used" };
  if (log.topics[0] === authorizationCanceled) return { fate: "void" };
  const hash = log.transactionHash;
  const [{ to, input }, { logs }] = await Promise.all([
    getTransaction(client, { hash }),
    getTransactionReceipt(client, { hash }),
  ]);
  const isPaid = parseEventLogs({ abi: tokenAbi, eventName: "Transfer", logs }).some(
    (log) =>
      isAddressEqual(log.address, token) &&
      isAddressEqual(log.args.from, authorization.from) &&
      isAddressEqual(log.args.to, authorization.to),
  );
  if (!isPaid) return { fate: "void" };
  const signed = encodeAbiParameters(words, [
    authorization.from,
    authorization.to,
    BigInt(authorization.value),
    BigInt(authorization.validAfter),
    BigInt(authorization.validBefore),
    authorization.nonce,
  ]).slice(2);
  if (input.toLowerCase().includes(signed)) return { fate: "settled", transaction: hash };
  const isDirect =
    to !== null && isAddressEqual(to, token) && settlements.includes(input.slice(0, 10) as Hex);
  const isAnother =
    isDirect &&
    input
      .slice(10, 10 + WORDS)
      .toLowerCase()
      .endsWith(authorization.nonce.slice(2).toLowerCase());
  return { fate: isAnother ? "void" : "used" };
}
