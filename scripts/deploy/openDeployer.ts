import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { createWalletClient, http, isHex, type LocalAccount, size } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { askOnErrorOutput } from "./askOnErrorOutput.ts";
import { DeployError } from "./DeployError.ts";
import { DEPLOYER_KEY, LIVE_NETWORKS, type LiveNetwork, rpcUrlVariable } from "./liveNetworks.ts";
import type { DeployClient } from "./planDeployment.ts";

/** How a chain is selected: by a configured name, by a URL, or both, which must match. */
export type ChainChoice = { network?: string | undefined; rpcUrl?: string | undefined };

/** A chain to talk to, and the id that it has to have; undefined: whichever answers. */
export type ChosenChain = { rpcUrl: string; chainId: number | undefined };

/**
 * The chain that was chosen. A name's RPC URL comes from Hardhat's keystore or the environment;
 * `LATCHKEY_RPC_URL` in the environment stands for `--rpc-url` where nothing is named.
 *
 * @param open The Hardhat to ask; default: the one that all share. Each asks for the keystore's password once.
 * @throws {@link DeployError} `NO_NETWORK`, `NO_RPC_URL`.
 */
export async function chooseChain(
  { network, rpcUrl }: ChainChoice,
  open: (network: string) => Promise<HardhatRuntimeEnvironment> = sharedHardhat,
): Promise<ChosenChain> {
  if (network === undefined) {
    const url = rpcUrl ?? process.env.LATCHKEY_RPC_URL;
    if (url) return { rpcUrl: url, chainId: undefined };
    throw new DeployError("NO_NETWORK", "Select a chain: --network NAME or --rpc-url URL.");
  }
  if (!Object.hasOwn(LIVE_NETWORKS, network))
    throw new DeployError(
      "NO_NETWORK",
      `There is no network ${network}. Use --network with one of ${Object.keys(LIVE_NETWORKS).join(", ")}, or ` +
        "--rpc-url URL for any other.",
    );
  const chainId = LIVE_NETWORKS[network as LiveNetwork];
  if (rpcUrl) return { rpcUrl, chainId };
  const variable = rpcUrlVariable(network);
  const hre = await open(network);
  const config = hre.config.networks[network];
  const url = config?.type === "http" ? await config.url.getUrl().catch(missing) : undefined;
  if (!url)
    throw new DeployError(
      "NO_RPC_URL",
      `There is no RPC URL for ${network}: run \`npx hardhat keystore set ${variable}\`, or set ${variable} in the ` +
        "environment, to an http or https URL. If it is in the keystore, the password was wrong, or there was no " +
        "terminal to ask for it.",
    );
  return { rpcUrl: url, chainId };
}

/**
 * The deployer's key, from Hardhat's keystore or the environment.
 *
 * @throws {@link DeployError} `NO_KEY`.
 */
export async function readDeployer(): Promise<LocalAccount> {
  // The environment is enough for most: loading Hardhat takes a second, and may ask for a password.
  const key = process.env[DEPLOYER_KEY] ?? (await keyFromHardhat());
  const remedy = `run \`npx hardhat keystore set ${DEPLOYER_KEY}\`, or set ${DEPLOYER_KEY} in the environment.`;
  if (!key)
    throw new DeployError(
      "NO_KEY",
      `The deployer's key is missing: ${remedy} If it is in the keystore, the password was wrong, or there was no ` +
        "terminal to ask for it.",
    );
  if (!isHex(key) || size(key) !== 32)
    throw new DeployError("NO_KEY", `The deployer's key must be 0x and 64 hex characters: ${remedy}`);
  try {
    return privateKeyToAccount(key);
  } catch {
    // The message of the library would quote the key.
    throw new DeployError("NO_KEY", `${DEPLOYER_KEY} is not a valid secp256k1 private key.`);
  }
}

/** A client that deploys on a chain. */
export const openDeployer = (account: LocalAccount, rpcUrl: string): DeployClient =>
  createWalletClient({ account, transport: http(rpcUrl) });

async function keyFromHardhat(): Promise<string | undefined> {
  const [hre, { configVariable }] = await Promise.all([sharedHardhat(), import("hardhat/config")]);
  return hre.hooks
    .runHandlerChain("configurationVariables", "fetchValue", [configVariable(DEPLOYER_KEY)], async () => {
      throw new Error("it is not set");
    })
    .catch(missing);
}

let hardhat: Promise<HardhatRuntimeEnvironment> | undefined;

/** The Hardhat of the process. Loading it takes a second. */
function sharedHardhat(): Promise<HardhatRuntimeEnvironment> {
  hardhat ??= import("hardhat").then(({ default: hre }) => {
    askOnErrorOutput(hre);
    return hre;
  });
  return hardhat;
}

/** Hardhat's error for a variable that is not set or malformed has no more information than ours. */
const missing = () => undefined;
