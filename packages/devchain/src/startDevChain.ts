import { safeAddresses } from "@latchkey/sdk";
import { type Address, type Chain, defineChain, isAddressEqual, parseUnits } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { startAnvil } from "./anvil.ts";
import { createSafe, type DevSafe } from "./createSafe.ts";
import { DevChainError } from "./DevChainError.ts";
import { type EntryPoint, type EntryPointVersion, installEntryPoints } from "./EntryPoint.ts";
import { createFacilitator, type ServedFacilitator, serveFacilitator } from "./facilitator.ts";
import { createFaucet, type Faucet } from "./faucet.ts";
import { installLatchkey, type LatchkeyContracts } from "./latchkey.ts";
import { type Merchant, type Offer, openMerchant } from "./merchant.ts";
import { installSafe, type SafeContracts } from "./safe.ts";
import { type ServedPage, servePage } from "./servePage.ts";
import { openTestChain, type TestChain } from "./TestChain.ts";
import { installUsdc, type Usdc } from "./usdc.ts";
import { installWeth } from "./weth.ts";
import { installX402Proxies } from "./x402Proxies.ts";

/** One thing that the shop sells. */
export type ShopItem = {
  /** In dollars, with at most 6 decimals: "0.05". It is paid in USDC. */
  price: string;
  /**
   * How it is paid. `permit2` and `upto` are for budgets that are paid from by Permit2, `erc7710` for any. Default:
   * `eip3009`.
   */
  by?: "eip3009" | "permit2" | "upto" | "erc7710";
  /** By upto: what is charged, in dollars, at most the price. Default: the price. */
  charge?: string;
};

/** How a development chain is to be. Everything has a default. */
export type DevChainOptions = {
  /** The chain's id. Default: 1, Ethereum's, by which wallets and the SDK know USDC and Safe. With 8453 USDC is Base's. */
  chainId?: number;
  /** Where the node listens, on 127.0.0.1. Default: a free port. */
  port?: number;
  /** Seconds between two blocks, beside those that transactions have at once. Default: none but those. */
  blockTime?: number;
  /** What the shop sells, by name. Default: "weather-report" at $0.05. */
  shop?: Readonly<Record<string, ShopItem>>;
};

/** A shop that is paid by x402, in USDC of the development chain. */
export type DevShop = Merchant & {
  /** Who is paid: the recipient of a session that is to pay here. */
  address: Address;
};

/** A development chain, with all that is on it. */
export type DevChain = {
  /** Its JSON-RPC. */
  url: string;
  chainId: number;
  /** For viem's clients: `createPublicClient({ chain, transport: http() })`. */
  chain: Chain;
  /** Writes the chain's state: code, storage, balances, transactions from any address. */
  testChain: TestChain;
  /** Circle's own USDC, at its address, and those who may mint, pause and blacklist. */
  usdc: Usdc;
  /** WETH9's address. */
  weth: Address;
  /** Safe's own contracts 1.3.0, 1.4.1 and 1.5.0, and those for passkeys. */
  safe: SafeContracts;
  /** Latchkey's contracts. */
  latchkey: LatchkeyContracts;
  /** EntryPoint 0.7 and 0.8 at their addresses, the release candidate of 0.9 at one of its own. */
  entryPoints: Record<EntryPointVersion, EntryPoint>;
  /** Gives the chain's coin and USDC away. */
  faucet: Faucet;
  /** Sells by x402, with the parts that x402 publishes. */
  shop: DevShop;
  /** Settles for the shop, and by HTTP for shops of other processes. */
  facilitator: ServedFacilitator;
  /** A new Safe 1.5.0 with Latchkey installed, which a passkey in software owns. It holds nothing yet. */
  createSafe(): Promise<DevSafe>;
  /**
   * Serves the page where an owner allows agents to spend, for this chain, until the chain is closed.
   * @throws {DevChainError} PORT_TAKEN or NO_PAGE.
   */
  servePage(parameters?: { port?: number; folder?: string }): Promise<ServedPage>;
  /** Stops the page, the shop, the facilitator and the node. */
  close(): Promise<void>;
};

const DEFAULT_SHOP: DevChainOptions["shop"] = { "weather-report": { price: "0.05" } };

const OPTIONS = ["chainId", "port", "blockTime", "shop"];

/** What the shop sells one thing for. */
type Item = { amount: bigint; by: NonNullable<ShopItem["by"]>; charge?: bigint };

const isDollars = (text: unknown): text is string =>
  typeof text === "string" && /^\d{1,9}(\.\d{1,6})?$/.test(text);

const invalid = (message: string) => new DevChainError("INVALID_OPTION", message);

/** @throws {DevChainError} INVALID_OPTION. */
function readOptions(options: DevChainOptions) {
  if (typeof options !== "object" || options === null)
    throw invalid("startDevChain takes an object of options, or nothing.");
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw invalid(`There is no option ${unknown}. There are ${OPTIONS.join(", ")}.`);
  const { chainId = 1, port = 0, blockTime, shop = DEFAULT_SHOP } = options;
  if (!Number.isSafeInteger(chainId) || chainId < 1) throw invalid("chainId is a whole number from 1 on.");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalid("port is a whole number from 0 to 65535.");
  if (blockTime !== undefined && !(typeof blockTime === "number" && blockTime >= 0.1 && blockTime <= 3600))
    throw invalid("blockTime is a number of seconds from 0.1 to 3600.");
  if (typeof shop !== "object" || shop === null || Object.keys(shop).length === 0)
    throw invalid("shop has the items by their names, one at least.");
  const items = Object.entries(shop).map(([name, item]): [string, Item] => {
    if (!/^[\w-]+$/.test(name))
      throw invalid(
        `shop: an item's name has letters, digits, - and _ only, ${JSON.stringify(name)} has others.`,
      );
    const { price, by = "eip3009", charge } = Object(item) as Partial<ShopItem>;
    if (!isDollars(price) || Number(price) === 0)
      throw invalid(`shop: the price of ${name} is an amount of dollars in a string, like "0.05".`);
    if (!["eip3009", "permit2", "upto", "erc7710"].includes(by))
      throw invalid(`shop: ${name} is paid by "eip3009", "permit2", "upto" or "erc7710".`);
    if (charge !== undefined && (by !== "upto" || !isDollars(charge) || Number(charge) > Number(price)))
      throw invalid(`shop: what is charged for ${name} is an amount up to its price, and by upto only.`);
    return [
      name,
      {
        amount: parseUnits(price, 6),
        by,
        ...(charge === undefined ? {} : { charge: parseUnits(charge, 6) }),
      },
    ];
  });
  return { chainId, port, blockTime, items };
}

/**
 * Starts a development chain on this machine: anvil, and on it genuine USDC, WETH, Permit2, Safe and EntryPoint, Latchkey,
 * stand-ins for x402's proxies, a faucet, a shop that is paid by x402, and a facilitator. It takes some seconds, needs no network, and ends with this
 * process if nobody closes it.
 *
 * @throws {DevChainError} INVALID_OPTION, NO_ANVIL, PORT_TAKEN or NOT_STARTED.
 *
 * @example
 * const chain = await startDevChain();
 * const { address, owner } = await chain.createSafe();
 * await chain.faucet.mintUsdc(address, "100");
 */
export async function startDevChain(options: DevChainOptions = {}): Promise<DevChain> {
  const { chainId, port, blockTime, items } = readOptions(options);
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    const anvil = await startAnvil({ chainId, port, blockTime });
    closing.unshift(anvil.close);
    const testChain = await openTestChain(anvil.url);
    const usdc = await installUsdc(testChain);
    const weth = await installWeth(testChain);
    await installX402Proxies(testChain);
    const safe = await installSafe(testChain);
    const latchkey = await installLatchkey(testChain);
    const entryPoints = await installEntryPoints(testChain);
    const settling = await createFacilitator(testChain);
    const facilitator = await serveFacilitator(settling);
    closing.unshift(facilitator.close);
    const address = privateKeyToAddress(generatePrivateKey());
    const offers = items.map(([name, { amount, by, charge }]): [string, Offer] => [
      name,
      {
        amount,
        asset: usdc.address,
        payTo: address,
        scheme: by === "upto" ? "upto" : "exact",
        extra: {
          name: "USD Coin",
          version: "2",
          ...(by === "permit2" || by === "erc7710" ? { assetTransferMethod: by } : {}),
        },
        ...(charge === undefined ? {} : { charge }),
      },
    ]);
    const merchant = await openMerchant(testChain, Object.fromEntries(offers), settling);
    closing.unshift(() => merchant.close());
    const { sharedSigner } = safe.passkey;
    const ofPage = {
      id: chainId,
      name: "Local chain",
      rpc: anvil.url,
      usdc: usdc.address,
      ...(isAddressEqual(sharedSigner, safeAddresses.sharedSigner) ? {} : { sharedSigner }),
    };
    return {
      url: anvil.url,
      chainId,
      chain: defineChain({
        id: chainId,
        name: "Latchkey development chain",
        nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
        rpcUrls: { default: { http: [anvil.url] } },
      }),
      testChain,
      usdc,
      weth,
      safe,
      latchkey,
      entryPoints,
      faucet: createFaucet(testChain, usdc),
      shop: Object.assign(merchant, { address }),
      facilitator,
      createSafe: () => createSafe({ testChain, usdc, safe, latchkey }),
      async servePage(parameters = {}) {
        const page = await servePage({ ...parameters, config: { chains: [ofPage] } });
        closing.unshift(() => page.close());
        return page;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
