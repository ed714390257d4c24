import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  pad,
  size,
  slice,
  zeroAddress,
} from "viem";
import type { Call } from "#sdk/session/Session.ts";
import type { Target } from "../model/SessionModel.ts";
import { tokenAbi } from "./tokenAbi.ts";

/** A contract that takes tokens by an approval that it was given, and gives tokens of its own. */
export const exchange: Address = "0xe8c4a00000000000000000000000000000000e8c";

/** The selector that its calldata begins with; the code does not look at it. */
export const EXCHANGE: Hex = "0xe8c4a1e5";

/** Where the amount that it takes stands in its calldata, for a rule. */
export const TAKE_OFFSET = 36 + 4 + 64;

/**
 * Copies its calldata to memory, calls the token with the 100 bytes from 36 on (a transferFrom), then with the
 * 68 bytes from 136 on (a transfer), and reverts unless both calls went well.
 */
export const EXCHANGE_CODE: Hex = concat([
  "0x365f5f37", // calldatacopy(0, 0, calldatasize())
  "0x5f5f606460245f6004355af1", // call(gas(), calldataload(4), 0, 36, 100, 0, 0)
  "0x5f5f604460885f6004355af1", // call(gas(), calldataload(4), 0, 136, 68, 0, 0)
  "0x16602357", // if and(first, second) jump to the end
  "0x5f5ffd", // revert(0, 0)
  "0x5b00", // the end
]);

/** What the exchange is asked to do: take from the account for somebody, and give to the account. */
export type Trade = { token: Address; from: Address; to: Address; take: bigint; give: bigint };

/** A call of the exchange; `value` in wei stays with it. A trade of the token 0 does nothing. */
export const exchangeCall = ({ token, from, to, take, give }: Trade, value: bigint): Call => ({
  target: exchange,
  value,
  data: concat([
    EXCHANGE,
    pad(token),
    encodeFunctionData({ abi: tokenAbi, functionName: "transferFrom", args: [from, to, take] }),
    encodeFunctionData({ abi: tokenAbi, functionName: "transfer", args: [from, give] }),
  ]),
});

/** What the exchange does to the ledger. */
export const exchangeModel: Target = (ledger, { data }) => {
  if (size(data) === 0) return true;
  if (size(data) !== 204) return false;
  const token = slice(data, 16, 36);
  if (isAddressEqual(token, zeroAddress)) return true;
  const [from, to, take, give] = [
    slice(data, 52, 72),
    slice(data, 84, 104),
    BigInt(slice(data, 104, 136)),
    BigInt(slice(data, 172, 204)),
  ];
  return ledger.pull(token, exchange, from, to, take) && ledger.move(token, exchange, from, give);
};
