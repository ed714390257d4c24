import type { EntryPoint, TestChain, UserOpOutcome } from "@latchkey/devchain";
import { type Address, custom, type Hex, hexToBigInt, keccak256, numberToHex, toBytes } from "viem";
import { createBundlerClient, type SmartAccount, toPackedUserOperation } from "viem/account-abstraction";

/** A bundler of the tests, and what it saw. */
export type InProcessBundler = {
  transport: ReturnType<typeof custom>;
  /** The userOps that it was sent, as JSON-RPC has them. */
  sent: Record<string, Hex>[];
  /** How those ended that were included. */
  outcomes: UserOpOutcome[];
};

const quantities = [
  "nonce",
  "callGasLimit",
  "verificationGasLimit",
  "preVerificationGas",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
  "paymasterVerificationGasLimit",
  "paymasterPostOpGasLimit",
] as const;

/**
 * As much of a bundler as a client needs to send userOps: each is included at once, alone. It looks at no rule of
 * ERC-7562, and its estimates are constants that leave out what validation needs.
 */
export function inProcessBundler(testChain: TestChain, entryPoint: EntryPoint): InProcessBundler {
  const bundler: InProcessBundler = {
    sent: [],
    outcomes: [],
    transport: custom({
      async request({ method, params }: { method: string; params?: readonly unknown[] }) {
        if (method === "eth_chainId") return numberToHex(testChain.chainId);
        if (method === "eth_supportedEntryPoints") return [entryPoint.address];
        const [userOp, at] = params as [Record<string, Hex>, Address];
        if (at?.toLowerCase() !== entryPoint.address.toLowerCase()) throw new Error(`no EntryPoint at ${at}`);
        if (method === "eth_estimateUserOperationGas")
          return {
            callGasLimit: numberToHex(2_000_000n),
            preVerificationGas: numberToHex(60_000n),
            verificationGasLimit: numberToHex(1n),
            ...(userOp.paymaster
              ? {
                  paymasterVerificationGasLimit: numberToHex(200_000n),
                  paymasterPostOpGasLimit: numberToHex(50_000n),
                }
              : {}),
          };
        if (method !== "eth_sendUserOperation") throw new Error(`the bundler does not know ${method}`);
        bundler.sent.push(userOp);
        const read = Object.fromEntries(
          quantities.map((name) => [name, userOp[name] && hexToBigInt(userOp[name])]),
        );
        const packed = toPackedUserOperation({ ...userOp, ...read } as never);
        bundler.outcomes.push(await entryPoint.handle(packed));
        return keccak256(toBytes(JSON.stringify(userOp)));
      },
    }),
  };
  return bundler;
}

/** What gas costs here, in wei. */
export const FEES = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n };

/** viem's bundler client, which sends by such a bundler. */
export const bundlerClientOf = <account extends SmartAccount>(
  testChain: TestChain,
  bundler: InProcessBundler,
  account: account,
) =>
  createBundlerClient({
    account,
    client: testChain.client,
    transport: bundler.transport,
    userOperation: {
      estimateFeesPerGas: async () => FEES,
    },
  });
