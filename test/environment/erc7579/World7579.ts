import { readFileSync } from "node:fs";
import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import {
  kernelAccount,
  nexusAccount,
  openzeppelinAccount,
  passkeySafe7579Account,
  referenceAccount,
  safe7579Account,
} from "@latchkey/accounts/erc7579/modularAccounts";
import {
  deployCanonically,
  ENTRY_POINT_VERSIONS,
  type EntryPointVersion,
  installEntryPoints,
  installSafe,
  installUsdc,
  openTestChain,
  type TestChain,
  type Usdc,
} from "@latchkey/devchain";
import { artifacts, network } from "hardhat";
import type { Address, Hex } from "viem";
import type { Connection } from "../setUp.ts";
import { kernelEoa, nexusEoa, openzeppelinEoa } from "./delegatedAccounts.ts";
import { installPaymaster, type Paymaster } from "./Paymaster.ts";

/**
 * The accounts of the tests, each with the EntryPoint that it obeys. OpenZeppelin's contracts and the Safe 1.5.0 are
 * owned by passkeys, the others by ordinary keys.
 */
export const MODULAR_ACCOUNTS = [
  "OpenZeppelin AccountERC7579 on EntryPoint 0.7",
  "OpenZeppelin AccountERC7579 on EntryPoint 0.8",
  "OpenZeppelin AccountERC7579 on EntryPoint 0.9.0-rc.1",
  "Nexus 1.0.0",
  "Kernel 3.1",
  "Safe7579 1.0.0 on Safe 1.4.1",
  "Safe7579 1.0.0 on Safe 1.5.0",
  "the reference account",
  "an EOA that runs OpenZeppelin AccountERC7579",
  "an EOA that runs Nexus 1.0.0",
  "an EOA that runs Kernel 3.1",
] as const;
export type ModularAccountName = (typeof MODULAR_ACCOUNTS)[number];

/** A chain with genuine USDC, real EntryPoints with a paymaster each, and a real account of every kind. */
export type World7579 = {
  connection: Connection;
  testChain: TestChain;
  usdc: Usdc;
  /** The deployed ERC7579SessionModule. */
  module: Address;
  accounts: Record<ModularAccountName, ModularAccount>;
  paymasters: Record<EntryPointVersion, Paymaster>;
};

/**
 * Deploys ERC7579SessionModule as it is compiled now. LATCHKEY_CODE names a JSON file of other runtime code to be tested
 * in its place, for example with a rule left out.
 */
export async function installErc7579SessionModule(testChain: TestChain): Promise<Address> {
  const { bytecode } = await artifacts.readArtifact("ERC7579SessionModule");
  const module = await deployCanonically(testChain, "ERC7579SessionModule", bytecode as Hex, {});
  const path = process.env.LATCHKEY_CODE;
  const { ERC7579SessionModule: code } = path ? JSON.parse(readFileSync(path, "utf8")) : {};
  if (code) await testChain.setCode(module, code);
  return module;
}

/**
 * Makes the chain. It takes seconds: once for all tests, with a snapshot restored after each.
 * @param keepsTime Whether blocks may share a second, so that the chain's clock stays with the machine's: a bundler
 * compares the two. Otherwise each block is a second later than the one before.
 */
export async function createWorld7579({ keepsTime = false } = {}): Promise<World7579> {
  const override = { allowBlocksWithSameTimestamp: keepsTime };
  const connection = (await network.create({ network: "erc7579", override })) as Connection;
  const testChain = await openTestChain(connection.provider);
  const usdc = await installUsdc(testChain, { chain: "ethereum" });
  const safe = await installSafe(testChain);
  const entryPoints = await installEntryPoints(testChain);
  const on = (version: EntryPointVersion) => ({ testChain, entryPoint: entryPoints[version] });
  const paymasters: Partial<World7579["paymasters"]> = {};
  for (const version of ENTRY_POINT_VERSIONS) {
    paymasters[version] = await installPaymaster(testChain, entryPoints[version]);
  }
  const accounts: World7579["accounts"] = {
    "OpenZeppelin AccountERC7579 on EntryPoint 0.7": await openzeppelinAccount(on("0.7")),
    "OpenZeppelin AccountERC7579 on EntryPoint 0.8": await openzeppelinAccount(on("0.8")),
    "OpenZeppelin AccountERC7579 on EntryPoint 0.9.0-rc.1": await openzeppelinAccount(on("0.9")),
    "Nexus 1.0.0": await nexusAccount(on("0.7")),
    "Kernel 3.1": await kernelAccount(on("0.7")),
    "Safe7579 1.0.0 on Safe 1.4.1": await safe7579Account(on("0.7"), safe, "1.4.1"),
    "Safe7579 1.0.0 on Safe 1.5.0": await passkeySafe7579Account(on("0.7"), safe, "1.5.0"),
    "the reference account": await referenceAccount(on("0.7")),
    "an EOA that runs OpenZeppelin AccountERC7579": await openzeppelinEoa(on("0.8")),
    "an EOA that runs Nexus 1.0.0": await nexusEoa(on("0.7")),
    "an EOA that runs Kernel 3.1": await kernelEoa(on("0.7")),
  };
  for (const { address } of Object.values(accounts)) {
    await testChain.setBalance(address, 10n ** 18n);
    await usdc.mint(address, 1_000_000_000n);
  }
  const module = await installErc7579SessionModule(testChain);
  return { connection, testChain, usdc, module, accounts, paymasters: paymasters as World7579["paymasters"] };
}
