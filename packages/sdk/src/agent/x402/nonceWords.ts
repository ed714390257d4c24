import {
  AbiDecodingZeroDataError,
  type Address,
  type Chain,
  type Client,
  type Hex,
  numberToHex,
  pad,
  parseAbi,
  type Transport,
} from "viem";
import type { AggregatingClient } from "../../internal/aggregatingClient.ts";
import { asking } from "../../internal/chainActions.ts";
import { PERMIT2 } from "../../session/permit2.ts";
import { readEach } from "./readEach.ts";

const permit2Abi = parseAbi(["function nonceBitmap(address owner, uint256 word) view returns (uint256)"]);
/** The selector of nonceBitmap(address,uint256). */
const SELECTOR = "0x4fe02b44";

/** Which nonces of which account, 32 bytes each. */
type NoncesAsked = { account: Address; nonces: readonly Hex[]; blockNumber?: bigint };

/** The word that a nonce lies in. */
const wordOf = (nonce: Hex): bigint => BigInt(nonce) >> 8n;

/**
 * Reads from Permit2 the words that nonces of an account lie in: a bit for each of 256 nonces that is used.
 *
 * @param parameters.blockNumber At which block. Default: the latest.
 * @returns One word per nonce, in order.
 * @throws {Refusal} NETWORK; UNKNOWN if the chain has no Permit2.
 */
export const nonceWords = (
  client: Client<Transport, Chain | undefined>,
  { account, nonces, blockNumber }: NoncesAsked,
): Promise<readonly bigint[]> =>
  readEach(
    client,
    nonces.map((nonce) => ({
      address: PERMIT2,
      abi: permit2Abi,
      functionName: "nonceBitmap",
      args: [account, wordOf(nonce)],
    })),
    blockNumber,
  );

/**
 * The same as {@link nonceWords}, in one request with whatever else a client is asked at the same time.
 *
 * @throws {Refusal} NETWORK; UNKNOWN if the chain has no Permit2.
 */
export const wordsTogether = /* @__PURE__ */ asking(
  (client: AggregatingClient, asked: Omit<NoncesAsked, "blockNumber">): Promise<readonly bigint[]> => {
    const question = `${SELECTOR}${pad(asked.account).slice(2)}` as const;
    return client.calls(
      PERMIT2,
      asked.nonces.map((nonce) => `${question}${numberToHex(wordOf(nonce), { size: 32 }).slice(2)}` as const),
      readWord,
      () => nonceWords(client.alone, asked),
    );
  },
);

const readWord = (data: Hex): bigint => {
  // No code returns nothing, which must not pass for a word without a used nonce.
  if (data.length !== 66) throw new AbiDecodingZeroDataError();
  return BigInt(data);
};
