import {
  type Address,
  type Chain,
  type Client,
  encodeAbiParameters,
  type Hash,
  type Hex,
  isAddressEqual,
  pad,
  parseAbiParameters,
  slice,
  type Transport,
} from "viem";
import { type MinedLog, readLogs } from "../../internal/readLogs.ts";
import { PERMIT2, X402_PROXIES } from "../../session/permit2.ts";
import type { FateSearch, SettledFate, SignedAuthorization } from "./authorizationFate.ts";
import { eachTransaction, MOST_LOOKED_AT } from "./eachTransaction.ts";

/** The topic of Transfer(address indexed from, address indexed to, uint256 value). */
const transfer: Hex = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
/** The topic of UnorderedNonceInvalidation(address indexed owner, uint256 word, uint256 mask). */
const invalidation: Hex = "0x3704902f963766a4e561bbaab6e6cdc1b1dd12f6e9e99648da8843b3f46b918d";

/** Most blocks of one search for logs. */
const MOST_BLOCKS = 10_000n;

/** Hex digits of a word, and of a function's selector with 0x. */
const WORD = 64;
const HEAD = 10;
/** At which word of the arguments the permit begins, by the selectors of x402's two proxies. */
const PERMIT_AT: Readonly<Record<Hex, number>> = {
  // settle, by exact and by upto
  "0x13cd3b53": 0,
  "0xff11e7b4": 0,
  // settleWithPermit
  "0xfa340378": 5,
  "0x016c1748": 5,
};

/**
 * Finds out how Permit2's nonce was used. Permit2 tells nobody of a transfer, so it is found by the token's own logs: one
 * of the account's transfers is in a transaction whose calldata has every word that the key signed for.
 *
 * Another payment can only be shown to have used the nonce if it was settled by x402's proxy directly, or if the owner has
 * invalidated the nonce, and every transfer to the payee is another's.
 */
export async function permit2Fate(
  client: Client<Transport, Chain | undefined>,
  { token, authorization, fromBlock, blockNumber }: FateSearch,
): Promise<SettledFate> {
  const { from, to, nonce } = authorization;
  const range = { fromBlock, toBlock: blockNumber, mostBlocks: MOST_BLOCKS };
  const logs = await readLogs(client, range, {
    address: [token, PERMIT2],
    topics: [[transfer, invalidation], pad(from).toLowerCase() as Hex],
  });
  const isInvalidated = logs.some((log) => isInvalidationOf(log, BigInt(nonce)));
  const paid = new Map<Hash, boolean>();
  for (const log of logs.toReversed()) {
    if (!isAddressEqual(log.address, token) || log.topics[0] !== transfer) continue;
    const isPayee = isAddressEqual(slice(log.topics[2] as Hex, 12), to);
    paid.set(log.transactionHash, isPayee || paid.get(log.transactionHash) === true);
  }
  // The payee's own first, the latest first.
  const hashes = [...paid.keys()].sort((a, b) => Number(paid.get(b)) - Number(paid.get(a)));
  let isExplained = hashes.length <= MOST_LOOKED_AT;
  for await (const { hash: transaction, to: called, input } of eachTransaction(client, hashes)) {
    const moved = paid.get(transaction) ? movedBy(input, token, authorization) : undefined;
    if (moved !== undefined) return { fate: "settled", transaction, moved };
    const direct = called ? directNonce(called, input) : undefined;
    if (direct === BigInt(nonce)) return { fate: "void" };
    if (direct === undefined && paid.get(transaction)) isExplained = false;
  }
  return { fate: isInvalidated && isExplained ? "void" : "used" };
}

function isInvalidationOf(log: MinedLog, nonce: bigint): boolean {
  if (!isAddressEqual(log.address, PERMIT2) || log.topics[0] !== invalidation) return false;
  const [word, mask] = [slice(log.data, 0, 32), slice(log.data, 32, 64)].map(BigInt) as [bigint, bigint];
  return word === nonce >> 8n && ((mask >> BigInt.asUintN(8, nonce)) & 1n) === 1n;
}

const permitWords = parseAbiParameters("address token, uint256 amount, uint256 nonce, uint256 deadline");
const exactWords = parseAbiParameters("address owner, address to, uint256 validAfter");
const uptoWords = parseAbiParameters("address owner, address to, address facilitator, uint256 validAfter");

/** What a transaction moves by the settlement of this payment, if its calldata has one, however deep. */
function movedBy(input: Hex, token: Address, payment: SignedAuthorization): bigint | undefined {
  const { from, to, facilitator = from } = payment;
  const value = BigInt(payment.value);
  const validAfter = BigInt(payment.validAfter);
  const permit = encodeAbiParameters(permitWords, [
    token,
    value,
    BigInt(payment.nonce),
    BigInt(payment.validBefore),
  ]).slice(2);
  const isExact = payment.method === "permit2-exact";
  const rest = (
    isExact
      ? encodeAbiParameters(exactWords, [from, to, validAfter])
      : encodeAbiParameters(uptoWords, [from, to, facilitator, validAfter])
  ).slice(2);
  const digits = input.toLowerCase();
  for (let at = digits.indexOf(permit); at >= 0; at = digits.indexOf(permit, at + 1)) {
    const next = at + permit.length;
    // By upto the amount stands between them.
    const after = next + (isExact ? 0 : WORD);
    if (!digits.startsWith(rest, after)) continue;
    return isExact ? value : BigInt(`0x${digits.slice(next, after)}`);
  }
  return undefined;
}

/** The nonce of a settlement that one of x402's proxies was called for directly. */
function directNonce(called: Address, input: Hex): bigint | undefined {
  if (!Object.values(X402_PROXIES).some((proxy) => isAddressEqual(proxy, called))) return undefined;
  const permitAt = PERMIT_AT[input.slice(0, HEAD).toLowerCase() as Hex];
  if (permitAt === undefined) return undefined;
  const at = HEAD + (permitAt + 2) * WORD;
  const digits = input.slice(at, at + WORD);
  return digits.length === WORD ? BigInt(`0x${digits}`) : undefined;
}
