import { RELAYER } from "@latchkey/devchain";
import type { SafeCall } from "@latchkey/sdk";
import { safeSignatures } from "@latchkey/sdk/encoding";
import {
  concat,
  encodeFunctionData,
  encodePacked,
  hashTypedData,
  parseAbi,
  size,
  type TransactionReceipt,
  zeroAddress,
} from "viem";
import type { SafeAccount } from "./safeAccount.ts";

const execAbi = parseAbi([
  "function nonce() view returns (uint256)",
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
  "function multiSend(bytes transactions) payable",
]);

const safeTxTypes = {
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

/**
 * Makes a Safe perform calls as itself, all or none, on one signature of its owner. The same transaction that
 * protocol-kit builds, in three requests: for tests that do it often.
 * @throws With the Safe's own code (GS013: one of the calls failed).
 */
export async function asSafe(
  { testChain, safe, version, address, owner }: SafeAccount,
  calls: readonly SafeCall[],
): Promise<TransactionReceipt> {
  const [only, ...others] = calls;
  if (!only) throw new Error("nothing to do as the Safe");
  const { to, value, data, operation } =
    others.length === 0
      ? { ...only, operation: 0 }
      : {
          to: safe[version].multiSendCallOnly,
          value: 0n,
          data: encodeFunctionData({
            abi: execAbi,
            functionName: "multiSend",
            args: [
              concat(
                calls.map((call) =>
                  encodePacked(
                    ["uint8", "address", "uint256", "uint256", "bytes"],
                    [0, call.to, call.value, BigInt(size(call.data)), call.data],
                  ),
                ),
              ),
            ],
          }),
          operation: 1,
        };
  const nonce = await testChain.client.readContract({ address, abi: execAbi, functionName: "nonce" });
  const hash = hashTypedData({
    domain: { chainId: testChain.chainId, verifyingContract: address },
    types: safeTxTypes,
    primaryType: "SafeTx",
    message: {
      to,
      value,
      data,
      operation,
      safeTxGas: 0n,
      baseGas: 0n,
      gasPrice: 0n,
      gasToken: zeroAddress,
      refundReceiver: zeroAddress,
      nonce,
    },
  });
  const signatures = safeSignatures([
    { signer: owner.address, signature: await owner.sign(hash), isContract: owner.isContract },
  ]);
  return testChain.send({
    from: RELAYER,
    to: address,
    data: encodeFunctionData({
      abi: execAbi,
      functionName: "execTransaction",
      args: [to, value, data, operation, 0n, 0n, 0n, zeroAddress, zeroAddress, signatures],
    }),
  });
}
