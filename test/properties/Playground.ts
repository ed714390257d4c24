import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  type Log,
  pad,
  parseAbi,
  parseAbiParameters,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { installSafe } from "../environment/safe.ts";
import { openTestChain } from "../environment/TestChain.ts";
import { installUsdc } from "../environment/usdc.ts";
import type { Charge } from "../model/SessionModel.ts";
import type { TokenDomain, Transfer } from "../model/typedData.ts";
import { agents, owner, relayer, stranger } from "./actors.ts";
import { EXCHANGE_CODE, exchange } from "./exchange.ts";

/** How a transaction ended: with the charges that it logged, or with what it reverted with. */
export type Ending = { charges: Charge[] } | { revert: Hex };

/** An error of the module's interface, decoded. */
export type ChainError = { name: string; args: readonly unknown[] };

/** A Safe with the module installed, and the handler that asks the module about signatures. */
export type InstalledSafe = { version: "1.4.1" | "1.5.0"; address: Address; handler: Address };

/** A question to the chain: which contract, what, and of whom. */
export type Question = { to: Address; data: Hex };

const safeAbi = parseAbi([
  "function setup(address[] owners, uint256 threshold, address to, bytes data, address handler, address paymentToken, uint256 payment, address paymentReceiver)",
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 salt) returns (address proxy)",
  "function enableModule(address module)",
  "function setFallbackHandler(address handler)",
  "function setSessionModule(address module)",
  "function setDomainVerifier(bytes32 domainSeparator, address verifier)",
]);

const questionAbi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
  "function isValidSignatureFor(address account, bytes32 hash, bytes payload) view returns (bytes4)",
]);

/** The magic value of ERC-1271, as it is returned. */
const YES = pad("0x1626ba7e", { dir: "right", size: 32 });

const TRANSFER_WITH_AUTHORIZATION = keccak256(
  toBytes(
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)",
  ),
);

/** Plenty for every call here, and below what one transaction may have. */
const GAS = toHex(8_000_000);

/**
 * The chain on which the module is played with: genuine USDC, two genuine Safes that share one owner, the module.
 * Gas is free, so that no ether moves but by the calls themselves. It speaks to the node directly: a client's
 * waiting and estimating would cost more than the calls do.
 */
export class Playground {
  readonly safes: readonly InstalledSafe[];
  readonly module: Address;
  readonly moduleAbi: Abi;
  readonly usdc: TokenDomain & { address: Address };
  readonly usdcDomainSeparator: Hex;
  readonly chainId: number;
  readonly #request: (method: string, params?: unknown[]) => Promise<unknown>;

  private constructor(parts: {
    safes: readonly InstalledSafe[];
    module: Address;
    moduleAbi: Abi;
    usdc: Playground["usdc"];
    usdcDomainSeparator: Hex;
    chainId: number;
    request: (method: string, params?: unknown[]) => Promise<unknown>;
  }) {
    this.safes = parts.safes;
    this.module = parts.module;
    this.moduleAbi = parts.moduleAbi;
    this.usdc = parts.usdc;
    this.usdcDomainSeparator = parts.usdcDomainSeparator;
    this.chainId = parts.chainId;
    this.#request = parts.request;
  }

  /** Builds the playground; takes some seconds. */
  static async open(): Promise<Playground> {
    const { provider, viem } = await network.create("ethereum");
    const request = (method: string, params: unknown[] = []) => provider.request({ method, params });
    const testChain = await openTestChain(provider);
    const usdc = await installUsdc(testChain, { chain: "ethereum" });
    const safeContracts = await installSafe(testChain);
    const module = (await viem.deployContract("SafeSessionModule")).address;
    const sessionHandler = (await viem.deployContract("SafeSessionHandler")).address;
    await testChain.setCode(exchange, EXCHANGE_CODE);

    const encode = (functionName: string, args: readonly unknown[]) =>
      encodeFunctionData({ abi: safeAbi, functionName, args } as never);
    const safes: InstalledSafe[] = [];
    for (const version of ["1.4.1", "1.5.0"] as const) {
      const contracts = safeContracts[version];
      const handler = version === "1.4.1" ? sessionHandler : (contracts.extensibleFallbackHandler as Address);
      const initializer = encode("setup", [
        [owner.address],
        1n,
        zeroAddress,
        "0x",
        contracts.compatibilityFallbackHandler,
        zeroAddress,
        0n,
        zeroAddress,
      ]);
      const data = encode("createProxyWithNonce", [contracts.safe, initializer, 0n]);
      const from = owner.address;
      const answer = (await request("eth_call", [
        { from, to: contracts.proxyFactory, data },
        "latest",
      ])) as Hex;
      const address = decodeFunctionResult({
        abi: safeAbi,
        functionName: "createProxyWithNonce",
        data: answer,
      });
      await testChain.send({ from, to: contracts.proxyFactory, data });
      const installation = [
        encode("enableModule", [module]),
        encode("setFallbackHandler", [handler]),
        version === "1.4.1"
          ? encode("setSessionModule", [module])
          : encode("setDomainVerifier", [usdc.domainSeparator, module]),
      ];
      for (const call of installation) await testChain.send({ from: address, to: address, data: call });
      safes.push({ version, address, handler });
    }

    for (const { address } of [...safes, ...agents, owner, relayer, stranger])
      await testChain.impersonate(address);
    await request("hardhat_setNextBlockBaseFeePerGas", ["0x0"]);
    await request("hardhat_mine");
    return new Playground({
      safes,
      module,
      moduleAbi: (await artifacts.readArtifact("SafeSessionModule")).abi as Abi,
      usdc: { ...usdc.domain, address: usdc.address },
      usdcDomainSeparator: usdc.domainSeparator,
      chainId: usdc.chainId,
      request,
    });
  }

  /** Lets a test send from the address. */
  impersonate(who: Address): Promise<unknown> {
    return this.#request("hardhat_impersonateAccount", [who]);
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
    return { charges: logs.flatMap((log) => this.#chargeIn(log)) };
  }

  /** Mines an empty block in the second `time`. */
  async mine(time: bigint): Promise<void> {
    await this.#request("evm_setNextBlockTimestamp", [toHex(time)]);
    await this.#request("evm_mine");
  }

  /** Asks all questions of the latest block. @throws If one of them reverts. */
  ask(questions: readonly Question[]): Promise<Hex[]> {
    return Promise.all(
      questions.map((question) => this.#request("eth_call", [question, "latest"]) as Promise<Hex>),
    );
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
  async saysYes(
    to: Address,
    functionName: "isValidSignature" | "isValidSignatureFor",
    args: readonly unknown[],
  ): Promise<boolean> {
    const data = encodeFunctionData({ abi: questionAbi, functionName, args } as never);
    const answer = await this.call(zeroAddress, to, data);
    return "answer" in answer && answer.answer === YES;
  }

  /** In wei. */
  async balanceOf(who: Address): Promise<bigint> {
    return BigInt((await this.#request("eth_getBalance", [who, "latest"])) as Hex);
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

  /** The ERC-1271 signature that makes a Safe ask the module about a transfer. */
  wrap(safe: InstalledSafe, transfer: Transfer, payload: Hex): Hex {
    if (safe.version === "1.4.1") return payload;
    const { from, to, value, validAfter, validBefore, nonce } = transfer;
    const struct = encodeAbiParameters(
      parseAbiParameters("address, address, uint256, uint256, uint256, bytes32"),
      [from, to, value, validAfter, validBefore, nonce],
    );
    return concat([
      "0x5fd7e97d",
      encodeAbiParameters(parseAbiParameters("bytes32, bytes32, bytes, bytes"), [
        this.usdcDomainSeparator,
        TRANSFER_WITH_AUTHORIZATION,
        struct,
        payload,
      ]),
    ]);
  }

  #chargeIn(log: Log): Charge[] {
    if (log.address.toLowerCase() !== this.module.toLowerCase()) return [];
    const { eventName, args } = decodeEventLog({ abi: this.moduleAbi, data: log.data, topics: log.topics });
    if (eventName !== "Spent") return [];
    const { token, period, amount } = args as unknown as Charge;
    return [{ token, period, amount }];
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
