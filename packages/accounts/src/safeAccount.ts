import {
  type Passkey,
  RELAYER,
  type SafeContracts,
  type SafeVersion,
  type TestChain,
} from "@latchkey/devchain";
import {
  type SafeSignatureRail,
  safeCreation,
  safeFallbackHandler,
  safeInstallation,
  safeRemoval,
} from "@latchkey/sdk";
import { hashSafeMessage, safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import { type Address, getAddress, type Hex, keccak256, toBytes } from "viem";
import { asSafe } from "./asSafe.ts";
import { predictSafe } from "./safeKit.ts";
import { type SafeOwner, sharedSignerOwner } from "./safeOwner.ts";

/** Ends a Safe's list of modules, and begins it. */
const SENTINEL_MODULE: Address = "0x0000000000000000000000000000000000000001";

/** A deployed Safe that one owner speaks for. */
export type SafeAccount = {
  testChain: TestChain;
  safe: SafeContracts;
  version: SafeVersion;
  address: Address;
  owner: SafeOwner;
};

/** Latchkey's contracts, as a Safe installs them. */
export type Latchkey = {
  module: Address;
  /** SafeSessionHandler, for Safes up to 1.4.1. */
  handler: Address;
};

type Chain = { testChain: TestChain; safe: SafeContracts };

/** How a Safe of the version asks the module about signatures of these tokens. */
export const signatureRail = (
  safe: SafeContracts,
  version: SafeVersion,
  { handler }: Pick<Latchkey, "handler">,
  domainSeparators: readonly Hex[],
): SafeSignatureRail =>
  version === "1.5.0"
    ? { version, handler: safe["1.5.0"].extensibleFallbackHandler, domainSeparators }
    : { version, handler };

/** Deploys what protocol-kit predicts. */
async function deploy(
  { testChain, safe }: Chain,
  version: SafeVersion,
  owner: SafeOwner,
  config: Parameters<typeof predictSafe>[2]["config"],
  saltNonce: bigint,
): Promise<SafeAccount> {
  const { address, to, data } = await predictSafe(testChain, safe, { version, config, saltNonce });
  await testChain.send({ from: RELAYER, to: getAddress(to), data: data as Hex });
  if (!(await testChain.client.getCode({ address: getAddress(address) }))) {
    throw new Error(`the Safe is not at ${address}, as protocol-kit had predicted`);
  }
  return { testChain, safe, version, address: getAddress(address), owner };
}

/**
 * A Safe that knows nothing of Latchkey, with Safe's own compatibility handler: what people already have.
 * @param parameters.salt Any text: tells Safes of the same owner apart.
 */
export const createSafe = (
  chain: Chain,
  { version, owner, salt = "" }: { version: SafeVersion; owner: SafeOwner; salt?: string },
): Promise<SafeAccount> =>
  deploy(
    chain,
    version,
    owner,
    { owners: [owner.address], threshold: 1 },
    BigInt(keccak256(toBytes(`salt ${salt}`))),
  );

/**
 * A new Safe that a passkey owns by the shared signer, and that has Latchkey installed: all in the one transaction
 * that creates it.
 */
export function createPasskeySafe(
  chain: Chain,
  {
    version,
    passkey,
    latchkey,
    domainSeparators,
    permit2 = [],
    salt = "",
  }: {
    version: SafeVersion;
    passkey: Passkey;
    latchkey: Latchkey;
    /** Of the tokens that sessions may sign for. */
    domainSeparators: readonly Hex[];
    /** What it approves to Permit2. */
    permit2?: readonly { token: Address; amount: bigint }[];
    salt?: string;
  },
): Promise<SafeAccount> {
  const { safe } = chain;
  const config = safeCreation({
    ...signatureRail(safe, version, latchkey, domainSeparators),
    module: latchkey.module,
    passkey: passkey.publicKey,
    sharedSigner: safe.passkey.sharedSigner,
    permit2,
  });
  return deploy(
    chain,
    version,
    sharedSignerOwner(safe, passkey),
    config,
    BigInt(keccak256(toBytes(`salt ${salt}`))),
  );
}

/** Installs Latchkey on a Safe in one batch, on one signature of its owner. */
export const installOnSafe = (account: SafeAccount, latchkey: Latchkey, domainSeparators: readonly Hex[]) =>
  asSafe(
    account,
    safeInstallation({
      ...signatureRail(account.safe, account.version, latchkey, domainSeparators),
      safe: account.address,
      module: latchkey.module,
    }),
  );

/** The modules of a Safe, latest first. */
export async function modulesOf({
  testChain,
  address,
}: Pick<SafeAccount, "testChain" | "address">): Promise<readonly Address[]> {
  const [modules] = await testChain.client.readContract({
    address,
    abi: safeAbi,
    functionName: "getModulesPaginated",
    args: [SENTINEL_MODULE, 100n],
  });
  return modules;
}

/** Removes Latchkey from a Safe in one batch, on one signature of its owner. */
export const removeFromSafe = async (
  account: SafeAccount,
  latchkey: Latchkey,
  domainSeparators: readonly Hex[],
) =>
  asSafe(
    account,
    safeRemoval({
      ...signatureRail(account.safe, account.version, latchkey, domainSeparators),
      safe: account.address,
      module: latchkey.module,
      modules: await modulesOf(account),
      fallbackHandler: await safeFallbackHandler(account.testChain.client, account.address),
    }),
  );

/**
 * The owner's signature over a digest that the Safe is asked about, in the Safe's own form: a grant, if the digest
 * is a session's. A passkey makes one assertion.
 */
export async function signAsSafe(account: SafeAccount, digest: Hex): Promise<Hex> {
  const { testChain, address, owner } = account;
  const hash = hashSafeMessage({ safe: address, chainId: testChain.chainId, digest });
  const signature = await owner.sign(hash);
  return safeSignatures([{ signer: owner.address, signature, isContract: owner.isContract }]);
}
