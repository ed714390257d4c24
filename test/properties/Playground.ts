import { installX402Proxies, type TestChain, type Usdc } from "@latchkey/devchain";
import {
  type Abi,
  type Address,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  type Log,
  multicall3Abi,
  pad,
  toHex,
  zeroAddress,
} from "viem";
import { decodeAggregate3, encodeAggregate3 } from "#sdk/internal/aggregate3.ts";
import { MULTICALL3, setMulticall3 } from "../environment/multicall3.ts";
import type { Charge } from "../model/SessionModel.ts";
import type { TokenDomain } from "../model/typedData.ts";
import { agents, owner, relayer, stranger } from "./actors.ts";
import { EXCHANGE_CODE, exchange } from "./exchange.ts";
import type { PlayedAccount } from "./PlayedAccount.ts";
import { print } from "./print.ts";

/** How a transaction ended: with the charges that it logged, or with what it reverted with. */
export type Ending = { charges: Charge[]; logs: Log[] } | { revert: Hex };

/** An error of the module's interface, decoded. */
export type ChainError = { name: string; args: readonly unknown[] };

/** A question to the chain: which contract, and what. */
export type Question = { to: Address; data: Hex };

/** The magic value of ERC-1271, as it is returned. */
const YES = pad("0x1626ba7e", { dir: "right", size: 32 });

/** Plenty for every call here, and below what one transaction may have. */
const GAS = toHex(8_000_000);

/** What a playground is made of. */
export type PlaygroundParts = {
  accounts: readonly PlayedAccount[];
  module: Address;
  moduleAbi: Abi;
  usdc: Usdc;
  testChain: TestChain;
};

/**
 * The chain on which a module is played with: genuine USDC and Permit2, real accounts, stand-ins for x402's spenders of
 * Permit2 transfers, the module.
 * Gas is free, so that no ether moves but by the calls themselves. It speaks to the node directly: a client's
 * waiting and estimating would cost more than the calls do.
 */
export class Playground {
  readonly accounts: readonly PlayedAccount[];
  readonly module: Address;
  readonly moduleAbi: Abi;
  readonly usdc: TokenDomain & { address: Address };
  readonly chainId: number;
  readonly #request: (method: string, params?: unknown[]) => Promise<unknown>;

  private constructor({ accounts, module, moduleAbi, usdc, testChain }: PlaygroundParts) {
    this.accounts = accounts;
    this.module = module;
    this.moduleAbi = moduleAbi;
    this.usdc = { ...usdc.domain, address: usdc.address };
    this.chainId = testChain.chainId;
    this.#request = (method, params = []) => testChain.provider.request({ method, params });
  }

  /** From now on gas is free. */
  static async open(parts: PlaygroundParts): Promise<Playground> {
    const { accounts, testChain } = parts;
    await testChain.setCode(exchange, EXCHANGE_CODE);
    await setMulticall3(testChain);
    await installX402Proxies(testChain);
    const entryPoints = accounts.flatMap(({ modular }) => (modular ? [modular.entryPoint] : []));
    for (const who of [
      ...accounts.map(({ address }) => address),
      ...entryPoints,
      ...agents.map(({ address }) => address),
      ...[owner, relayer, stranger].map(({ address }) => address),
    ])
      await testChain.impersonate(who);
    const ground = new Playground(parts);
    await ground.#request("hardhat_setNextBlockBaseFeePerGas", ["0x0"]);
    await ground.#request("hardhat_mine");
    return ground;
  }

  /** In wei. */
  setBalance(who: Address, balance: bigint): Promise<unknown> {
    return this.#request("hardhat_setBalance", [who, toHex(balance)]);
  }

  setStorageAt(contract: Address, slot: Hex, word: bigint): Promise<unknown> {
    return this.#request("hardhat_setStorageAt", [contract, toHex(BigInt(slot)), pad(toHex(word))]);
  }

  /** The second of the latest block. */
  async now(): Promise<bigint> {
    const { timestamp } = (await this.#request("eth_getBlockByNumber", ["latest", false])) as {
      timestamp: Hex;
    };
    return BigInt(timestamp);
  }

  /** Remembers the chain as it is. */
  takeSnapshot(): Promise<string> {
    return this.#request("evm_snapshot") as Promise<string>;
  }

  /** Goes back to a snapshot, which is gone by that. */
  restore(snapshot: string): Promise<unknown> {
    return this.#request("evm_revert", [snapshot]);
  }

  /** Sends a transaction in the second `time`, which must be later than the latest block's. */
  async send(time: bigint, from: Address, to: Address, data: Hex, value = 0n): Promise<Ending> {
    await this.#request("evm_setNextBlockTimestamp", [toHex(time)]);
    let hash: Hex;
    try {
      const transaction = { from, to, data, value: toHex(value), gas: GAS, gasPrice: "0x0" };
      hash = (await this.#request("eth_sendTransaction", [transaction])) as Hex;
    } catch (error) {
      return { revert: revertOf(error) };
    }
    const { logs } = (await this.#request("eth_getTransactionReceipt", [hash])) as { logs: Log[] };
    const spent = this.eventsIn(logs, "Spent") as Charge[];
    return { charges: spent.map(({ token, period, amount }) => ({ token, period, amount })), logs };
  }

  /** Mines an empty block in the second `time`. */
  async mine(time: bigint): Promise<void> {
    await this.#request("evm_setNextBlockTimestamp", [toHex(time)]);
    await this.#request("evm_mine");
  }

  /** Asks all questions of the latest block, in one call of Multicall3. @throws If one of them reverts. */
  async ask(questions: readonly Question[]): Promise<Hex[]> {
    const asked = { to: MULTICALL3, data: encodeAggregate3(questions) };
    const answers = decodeAggregate3((await this.#request("eth_call", [asked, "latest"])) as Hex);
    return answers.map(({ success, data }, index) => {
      if (!success) throw new Error(`${print(questions[index])} reverted with ${data}`);
      return data;
    });
  }

  /** The question what ether somebody has, in wei. */
  etherOf(holder: Address): Question {
    return {
      to: MULTICALL3,
      data: encodeFunctionData({ abi: multicall3Abi, functionName: "getEthBalance", args: [holder] }),
    };
  }

  /** What a transaction would return, or revert with, after the latest block. Nothing comes of it. */
  async call(from: Address, to: Address, data: Hex): Promise<{ answer: Hex } | { revert: Hex }> {
    try {
      return { answer: (await this.#request("eth_call", [{ from, to, data }, "latest"])) as Hex };
    } catch (error) {
      return { revert: revertOf(error) };
    }
  }

  /** Whether an ERC-1271 question is answered with yes; a revert is a no. */
  async saysYes({ from = zeroAddress, to, data }: Question & { from?: Address }): Promise<boolean> {
    const answer = await this.call(from, to, data);
    return "answer" in answer && answer.answer === YES;
  }

  /** Encodes a call of the module. */
  encode(functionName: string, args: readonly unknown[]): Hex {
    return encodeFunctionData({ abi: this.moduleAbi, functionName, args });
  }

  /** Decodes what a function of the module returned. */
  decode(functionName: string, answer: Hex): unknown {
    return decodeFunctionResult({ abi: this.moduleAbi, functionName, data: answer });
  }

  /** Which of the module's errors the bytes are; undefined: none of them. */
  errorIn(revert: Hex): ChainError | undefined {
    try {
      const { errorName, args = [] } = decodeErrorResult({ abi: this.moduleAbi, data: revert });
      return { name: errorName, args };
    } catch {
      return undefined;
    }
  }

  /** The arguments of each event of that name that the module logged. */
  eventsIn(logs: readonly Log[], name: string): unknown[] {
    return logs.flatMap((log) => {
      if (log.address.toLowerCase() !== this.module.toLowerCase()) return [];
      const { eventName, args } = decodeEventLog({ abi: this.moduleAbi, data: log.data, topics: log.topics });
      return eventName === name ? [args] : [];
    });
  }
}

/** What a refused transaction reverted with, out of the node's error. @throws Any other error. */
function revertOf(error: unknown): Hex {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { data } = cause as { data?: Hex | { data?: Hex } };
    const revert = typeof data === "object" ? data.data : data;
    if (typeof revert === "string" && revert.startsWith("0x")) return revert;
  }
  throw error;
}
