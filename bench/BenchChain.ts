import {
  installSafe,
  installUsdc,
  installX402Proxies,
  openTestChain,
  type SafeContracts,
  type TestChain,
  type Usdc,
} from "@latchkey/devchain";
import { artifacts, network } from "hardhat";
import { type Abi, type Address, getContractAddress, type Hex, keccak256, toBytes } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";

/** The second at which the chain begins: fixed, so that every figure is the same on every run. */
export const GENESIS = Date.UTC(2026, 0, 1) / 1000;

/** x402's spenders of Permit2 transfers. Their code is in no package: stand-ins of ours call Permit2 as they do. */
export const X402_EXACT: Address = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
export const X402_UPTO: Address = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";

/** What each payment moves: 1 USDC, in base units. */
export const ONE_USDC = 1_000_000n;

/** What a row measures may want: the chain, all that stands on it, and the people of the bench. */
export type BenchChain = {
  testChain: TestChain;
  usdc: Usdc;
  safe: SafeContracts;
  /** SafeSessionModule. */
  module: Address;
  moduleAbi: Abi;
  /** SafeSessionHandler. */
  handler: Address;
  /** SessionLens. */
  lens: Address;
  /** ERC7579SessionModule. */
  erc7579Module: Address;
  erc7579ModuleAbi: Abi;
  /** Validates for its owner and executes for an ERC-7579 account, and checks nothing. */
  uncheckedErc7579Module: Address;
  uncheckedErc7579ModuleAbi: Abi;
  /** A Safe module that checks nothing. */
  uncheckedModule: Address;
  uncheckedModuleAbi: Abi;
  /** A shop that pulls what it was approved. It holds USDC already. */
  puller: Address;
  pullerAbi: Abi;
  /** Answers yes to every ERC-1271 question, in 14 bytes of code. It holds USDC. */
  acceptAll: Address;
  /** The key of all sessions. */
  key: PrivateKeyAccount;
  /** Owns the Safes that no passkey owns. */
  owner: PrivateKeyAccount;
  /** An ordinary account that holds USDC. */
  holder: PrivateKeyAccount;
  /** Sends what others have signed. */
  relayer: Address;
  /** Is paid. It holds USDC already. */
  recipient: Address;
  close(): Promise<void>;
};

/** The code of a wallet that answers 0x1626ba7e to whatever it is asked. */
const ACCEPT_ALL_CODE: Hex = "0x631626ba7e60e01b5f5260205ff3";

/** Somebody of the bench: the same name is the same key. */
const person = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`latchkey bench ${name}`)));

/**
 * The chain that every figure is measured on: Hardhat's, hermetic even where a fork is configured, with genuine
 * USDC and genuine Safe contracts, and with Latchkey's contracts as they are compiled now.
 *
 * Nothing on it depends on the clock, on chance, or on the contracts' code: their addresses come from a deployer
 * and its nonce. So a figure changes only where the gas changes, never by a zero byte more in some hash.
 */
export async function openBenchChain(): Promise<BenchChain> {
  const connection = await network.create({
    network: "ethereum",
    override: {
      initialDate: new Date(GENESIS * 1000),
      forking: undefined,
      // The npm builds of some ERC-7579 accounts are larger than a contract on a live chain may be.
      allowUnlimitedContractSize: true,
    },
  });
  const testChain = await openTestChain(connection.provider);
  const usdc = await installUsdc(testChain, { chain: "ethereum" });
  const safe = await installSafe(testChain);
  await installX402Proxies(testChain);

  const deployer = person("deployer").address;
  await testChain.impersonate(deployer);
  await testChain.setBalance(deployer, 10n ** 24n);
  let nonce = 0n;
  const deploy = async (name: string): Promise<{ address: Address; abi: Abi }> => {
    const { bytecode, abi } = await artifacts.readArtifact(name);
    const address = getContractAddress({ from: deployer, nonce: nonce++ });
    await connection.provider.request({
      method: "eth_sendTransaction",
      params: [{ from: deployer, data: bytecode }],
    });
    if (!(await testChain.client.getCode({ address }))) throw new Error(`${name} was not deployed`);
    return { address, abi: abi as Abi };
  };
  const module = await deploy("SafeSessionModule");
  const handler = await deploy("SafeSessionHandler");
  const uncheckedModule = await deploy("UncheckedModule");
  const puller = await deploy("AllowancePuller");
  const erc7579Module = await deploy("ERC7579SessionModule");
  const uncheckedErc7579Module = await deploy("UncheckedErc7579Module");
  const lens = await deploy("SessionLens");

  const acceptAll = person("accept-all wallet").address;
  await testChain.setCode(acceptAll, ACCEPT_ALL_CODE);
  const chain: BenchChain = {
    testChain,
    usdc,
    safe,
    module: module.address,
    moduleAbi: module.abi,
    handler: handler.address,
    lens: lens.address,
    erc7579Module: erc7579Module.address,
    erc7579ModuleAbi: erc7579Module.abi,
    uncheckedErc7579Module: uncheckedErc7579Module.address,
    uncheckedErc7579ModuleAbi: uncheckedErc7579Module.abi,
    uncheckedModule: uncheckedModule.address,
    uncheckedModuleAbi: uncheckedModule.abi,
    puller: puller.address,
    pullerAbi: puller.abi,
    acceptAll,
    key: person("key"),
    owner: person("owner"),
    holder: person("holder"),
    relayer: person("relayer").address,
    recipient: person("recipient").address,
    close: () => connection.close(),
  };
  await usdc.mint(chain.recipient, 5n * ONE_USDC);
  await usdc.mint(chain.puller, 5n * ONE_USDC);
  await usdc.mint(chain.holder.address, 1000n * ONE_USDC);
  await usdc.mint(acceptAll, 1000n * ONE_USDC);
  return chain;
}
