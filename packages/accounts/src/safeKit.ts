import { RELAYER, type SafeContracts, type SafeVersion, type TestChain } from "@latchkey/devchain";
import type { SafeCall, SafeCreation } from "@latchkey/sdk";
import protocolKit from "@safe-global/protocol-kit";
import type { TransactionReceipt } from "viem";
import type { SafeAccount } from "./safeAccount.ts";

// TypeScript reads the package's CommonJS types, Node its ES module: the `default` inside the default import
// that the types speak of is not there when it runs.
const Safe = protocolKit as unknown as typeof protocolKit.default;

/** A Safe as protocol-kit knows it. */
export type SafeKit = Awaited<ReturnType<typeof Safe.init>>;

/** What protocol-kit would deploy: the address, and the transaction that creates the Safe there. */
export async function predictSafe(
  testChain: TestChain,
  safe: SafeContracts,
  {
    version,
    config,
    saltNonce,
  }: {
    version: SafeVersion;
    /** As {@link SafeCreation}; only the owners and the threshold are needed. */
    config: Pick<SafeCreation, "owners" | "threshold"> & Partial<SafeCreation>;
    saltNonce: bigint;
  },
) {
  const kit = await Safe.init({
    provider: testChain.provider,
    contractNetworks: safe.contractNetworks(version),
    predictedSafe: {
      safeAccountConfig: config,
      safeDeploymentConfig: { safeVersion: version, saltNonce: saltNonce.toString() },
    },
  });
  const { to, data } = await kit.createSafeDeploymentTransaction();
  return { address: await kit.getAddress(), to, data };
}

/** protocol-kit, connected to a Safe and to its owner. */
export const openSafeKit = ({ testChain, safe, version, address, owner }: SafeAccount): Promise<SafeKit> =>
  Safe.init({
    provider: testChain.provider,
    contractNetworks: safe.contractNetworks(version),
    safeAddress: address,
    signer: owner.signer,
  });

/**
 * Makes a Safe perform calls the way an app does: protocol-kit builds one transaction of them and has the owner
 * sign it, once. A relayer sends it, since a passkey cannot.
 * @throws With the Safe's own code (GS013: one of the calls failed).
 */
export async function executeByKit(
  account: SafeAccount,
  calls: readonly SafeCall[],
): Promise<TransactionReceipt> {
  const kit = await openSafeKit(account);
  const transaction = await kit.createTransaction({
    transactions: calls.map(({ to, value, data }) => ({ to, value: value.toString(), data })),
    onlyCalls: true,
  });
  const signed = await kit.signTransaction(transaction);
  const data = (await kit.getEncodedTransaction(signed)) as `0x${string}`;
  return account.testChain.send({ from: RELAYER, to: account.address, data });
}
