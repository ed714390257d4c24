import { setTimeout } from "node:timers/promises";
import type { Address, Hash } from "viem";
import type { openHardhat, Recompiled } from "./recompile.ts";

/** Who publishes verified sources. */
export const PROVIDERS = ["etherscan", "sourcify"] as const;
/** One of {@link PROVIDERS}. */
export type Provider = (typeof PROVIDERS)[number];

/** What was deployed, as a verifier is told. */
export type Publication = Recompiled & { address: Address; chainId: number; transaction: Hash | null };

type Hardhat = Awaited<ReturnType<typeof openHardhat>>;

/** How often a verifier is asked again, and after how many milliseconds. */
const attempts = 60;
const pause = 3000;

/**
 * Has a verifier publish the sources of a contract; nothing is done where it has them already. The verification task of
 * hardhat-verify 3.1 is of no use for that: it reads the compiler's version out of the metadata behind the code, which
 * this code does not have, and refuses. Its client of Etherscan does not.
 *
 * @param hre Of the network that the contract is on.
 * @throws If the verifier refuses or cannot be reached.
 */
export async function publishSources(
  hre: Hardhat,
  provider: Provider,
  publication: Publication,
): Promise<void> {
  if (provider === "sourcify") return publishOnSourcify(hre.config.verify.sourcify.apiUrl, publication);
  const connection = await hre.network.create();
  try {
    await publishOnEtherscan(connection.verification.etherscan, publication);
  } finally {
    await connection.close();
  }
}

type Etherscan = Awaited<ReturnType<Hardhat["network"]["create"]>>["verification"]["etherscan"];

async function publishOnEtherscan(
  etherscan: Etherscan,
  { address, contract, compilerVersion, standardJson }: Publication,
): Promise<void> {
  if (await etherscan.isVerified(address)) return;
  const submission = {
    contractAddress: address,
    compilerInput: standardJson as unknown as Parameters<Etherscan["verify"]>[0]["compilerInput"],
    contractName: contract,
    compilerVersion: `v${compilerVersion}`,
    constructorArguments: "",
  };
  for (let attempt = 1; ; attempt++)
    try {
      const guid = await etherscan.verify(submission);
      const { success, message } = await etherscan.pollVerificationStatus(guid, address, contract);
      if (!success) throw new Error(message);
      return;
    } catch (error) {
      // Somebody else was faster, or it knew the code from another address.
      if (await etherscan.isVerified(address).catch(() => false)) return;
      // The chain has the code, that was compared. Explorers see new contracts some blocks later.
      const isBehind = /does not have bytecode/.test((error as Error).message);
      if (!isBehind || attempt === attempts) throw error;
      await setTimeout(pause);
    }
}

/** By its API of version 2. */
async function publishOnSourcify(
  api = "https://sourcify.dev/server",
  publication: Publication,
): Promise<void> {
  const { address, chainId, compilerVersion, contract, standardJson, transaction } = publication;
  const known = await ask(`${api}/v2/contract/${chainId}/${address}`);
  if (known.ok && known.body.match) return;
  const sent = await ask(`${api}/v2/verify/${chainId}/${address}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      stdJsonInput: standardJson,
      contractIdentifier: contract,
      // Without the letter that Etherscan wants in front.
      compilerVersion,
      ...(transaction ? { creationTransactionHash: transaction } : {}),
    }),
  });
  if (sent.body.customCode === "already_verified") return;
  if (!sent.ok) throw new Error(sent.body.message ?? `Sourcify responded with status ${sent.status}`);
  const job = `${api}/v2/verify/${sent.body.verificationId}`;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { body, ok, status } = await ask(job);
    if (!ok) throw new Error(`Sourcify responded with status ${status}: check ${job} later`);
    if (body.isJobCompleted) {
      if (body.error) throw new Error(body.error.message);
      return;
    }
    await setTimeout(pause);
  }
  throw new Error(`Sourcify is still processing: check ${job} later`);
}

/** What Sourcify's answers have in them, as far as it is used. */
type SourcifyAnswer = {
  match?: string | null;
  verificationId?: string;
  isJobCompleted?: boolean;
  error?: { message: string };
  customCode?: string;
  message?: string;
};

async function ask(
  url: string,
  request?: RequestInit,
): Promise<{ ok: boolean; status: number; body: SourcifyAnswer }> {
  const response = await fetch(url, request).catch((error: Error) => {
    throw new Error(
      `Sourcify cannot be reached: ${(error.cause as Error | undefined)?.message ?? error.message}`,
    );
  });
  // Whatever stands before a service that is down answers with a page.
  const body: SourcifyAnswer = await response.json().catch(() => ({}));
  return { ok: response.ok, status: response.status, body };
}
