import {
  type Address,
  concat,
  encodeFunctionData,
  encodePacked,
  type Hex,
  hashTypedData,
  parseAbi,
  size,
  type TypedDataDefinition,
  zeroAddress,
} from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseChainId, parseWhole } from "../../internal/parseWhole.ts";
import { type EncodedCall, encodedCalls } from "../../session/CallRequest.ts";
import { safeAddresses } from "./safeAddresses.ts";

const transactionAbi = parseAbi([
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
  "function multiSend(bytes transactions) payable",
]);

const types = {
  SafeTx: [
    { name: "to", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
    { name: "operation", type: "uint8" },
    { name: "safeTxGas", type: "uint256" },
    { name: "baseGas", type: "uint256" },
    { name: "gasPrice", type: "uint256" },
    { name: "gasToken", type: "address" },
    { name: "refundReceiver", type: "address" },
    { name: "nonce", type: "uint256" },
  ],
} as const;

/** A Safe transaction that its owners have not signed yet. */
export type SafeTransaction = {
  /** What owners sign with a key. */
  typedData: TypedDataDefinition<typeof types, "SafeTx">;
  /** Its hash: a passkey's challenge. */
  hash: Hex;
  /** The call that anyone may send once the owners have signed. @param signatures From `safeSignatures`. */
  encode(signatures: Hex): EncodedCall;
};

/**
 * What a Safe's owners sign so that it makes calls, all or none, with one signature each. Reads no chain:
 * {@link executeAsSafe} does everything in one step.
 *
 * @param parameters.nonce The Safe's `nonce()`: any other transaction of the Safe meanwhile invalidates the signature.
 * @param parameters.multiSendCallOnly Safe's MultiSendCallOnly, for more than one call. Make sure that there is code at
 * that address: a delegatecall to nothing succeeds and does nothing.
 * @throws {InvalidInput} EMPTY_BATCH; INVALID_ADDRESS; INVALID_INPUT
 */
export function safeTransaction({
  safe,
  chainId,
  nonce,
  calls,
  multiSendCallOnly = safeAddresses.multiSendCallOnly,
}: {
  safe: Address;
  chainId: number;
  nonce: bigint;
  calls: readonly EncodedCall[];
  multiSendCallOnly?: Address;
}): SafeTransaction {
  const [only, ...others] = calls?.length > 0 ? encodedCalls(calls) : [];
  if (!only)
    throw new InvalidInput({
      code: "EMPTY_BATCH",
      shortMessage: "The batch contains no calls.",
      metaMessages: ["Pass at least one call."],
    });
  const transaction = {
    ...(others.length === 0
      ? { to: only.to, value: only.value, data: only.data, operation: 0 }
      : {
          to: parseAddress(multiSendCallOnly, "multiSendCallOnly"),
          value: 0n,
          data: batch([only, ...others]),
          operation: 1,
        }),
    safeTxGas: 0n,
    baseGas: 0n,
    gasPrice: 0n,
    gasToken: zeroAddress,
    refundReceiver: zeroAddress,
  } as const;
  const typedData = {
    domain: { chainId: parseChainId(chainId), verifyingContract: parseAddress(safe, "safe") },
    types,
    primaryType: "SafeTx",
    message: loggable({ ...transaction, nonce: parseWhole(nonce, "nonce", 1n << 256n) }),
  } as const;
  return {
    typedData,
    hash: hashTypedData(typedData),
    encode(signatures) {
      const { to, value, data, operation, safeTxGas, baseGas, gasPrice, gasToken, refundReceiver } =
        transaction;
      return loggable({
        to: safe,
        value: 0n,
        data: encodeFunctionData({
          abi: transactionAbi,
          functionName: "execTransaction",
          args: [
            to,
            value,
            data,
            operation,
            safeTxGas,
            baseGas,
            gasPrice,
            gasToken,
            refundReceiver,
            parseHex(signatures, "signatures"),
          ],
        }),
      });
    },
  };
}

const batch = (calls: readonly EncodedCall[]): Hex =>
  encodeFunctionData({
    abi: transactionAbi,
    functionName: "multiSend",
    args: [
      concat(
        calls.map(({ to, value, data }) =>
          encodePacked(
            ["uint8", "address", "uint256", "uint256", "bytes"],
            [0, to, value, BigInt(size(data)), data],
          ),
        ),
      ),
    ],
  });
