import { setTimeout } from "node:timers/promises";
import type { Address, Hash } from "viem";
import type { openHardhat, Recompiled } from "./recompile.ts";

/** Who publishes verified sources. */
export const PROVIDERS = ["etherscan", "sourcify"] as const;
/** One of {@link PROVIDERS}. */
export type Provider = (typeof PROVIDERS)[number];

/** What was deployed, as a verifier is told. */
export type Publication = Recompiled & { address: Address; chainId: number; transaction: Hash | null };

/**
 * Has a verifier publish the sources of a contract; nothing is done where it has them already. The verification task of
 * hardhat-verify 3.1 is of no use for that: it reads the compiler's version out of the metadata behind the code, which
 * this code does not have, and refuses. Its client of Etherscan does not.
 *
 * @param hre Of the network that the contract is on.
 * @throws If the verifier refuses or cannot be reached.
 */
export async function publishSources(
  hre: Awaited<ReturnType<typeof openHardhat>>,
  provider: Provider,
  publication: Publication,
): Promise<void> {
  if (provider === "sourcify") return publishOnSourcify(hre.config.verify.sourcify.apiUrl, publication);
  const { address, contract, compilerVersion, standardJson } = publication;
  const connection = await hre.network.create();
  try {
    const { etherscan } = connection.verification;
    if (await etherscan.isVerified(address)) return;
    const guid = await etherscan.verify({
      contractAddress: address,
      compilerInput: standardJson as unknown as Parameters<typeof etherscan.verify>[0]["compilerInput"],
      contractName: contract,
      compilerVersion: `v${compilerVersion}`,
      constructorArguments: "",
    });
    const { success, message } = await etherscan.pollVerificationStatus(guid, address, contract);
    if (!success) throw new Error(message);
  } finally {
    await connection.close();
  }
}

/** By its API of version 2. */
async function publishOnSourcify(
  api = "https://sourcify.dev/server",
  publication: Publication,
): Promise<void> {
  const { address, chainId, compilerVersion, contract, standardJson, transaction } = publication;
  const known = await fetch(`${api}/v2/contract/${chainId}/${address}`);
  if (known.ok && (await known.json()).match !== null) return;
  const sent = await fetch(`${api}/v2/verify/${chainId}/${address}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      stdJsonInput: standardJson,
      contractIdentifier: contract,
      compilerVersion: `v${compilerVersion}`,
      ...(transaction ? { creationTransactionHash: transaction } : {}),
    }),
  });
  const { verificationId, message } = await sent.json();
  if (!sent.ok) throw new Error(message ?? `it answers with ${sent.status}`);
  for (let attempt = 0; attempt < 60; attempt++) {
    const job = await (await fetch(`${api}/v2/verify/${verificationId}`)).json();
    if (job.isJobCompleted) {
      if (job.error) throw new Error(job.error.message);
      return;
    }
    await setTimeout(3000);
  }
  throw new Error(`it is still at it: look at ${api}/v2/verify/${verificationId} later`);
}
