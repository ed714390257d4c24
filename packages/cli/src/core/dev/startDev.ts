import type { ServedPage } from "@latchkey/devchain";
import { usdcAddress } from "@latchkey/sdk";
import { safeSessionModuleAddress } from "@latchkey/sdk/addresses";
import { createPublicClient, http } from "viem";
import { CommandError } from "../CommandError.ts";
import { EXIT, type ExitCode } from "../exitCodes.ts";
import { UsageError } from "../UsageError.ts";
import { type Dev, removeDev, requireNoDev, writeDev } from "./devFile.ts";
import { openFaucetServer } from "./faucetServer.ts";
import { type Devchain, loadDevchain } from "./loadDevchain.ts";

/** What the shop sells, by name, in dollars. The last one is more than the limit that the help suggests. */
const PRICES = {
  "weather-report": "0.05",
  "stock-quote": "0.10",
  "web-search": "0.25",
  "data-set": "0.75",
  "market-study": "2.50",
} as const;

/** A chain of its own, as far from any real one as Hardhat's. */
const CHAIN_ID = 31_337;
/** Seconds between two blocks: a chain whose clock stands still would show times that are over as still to come. */
const BLOCK_TIME = 2;

/** What {@link startDev} takes. */
export type StartDevParameters = {
  /** In which `@latchkey/devchain` is installed. */
  folder: string;
  /** Where `dev.json` is written. */
  home: string;
  /** Of the page; 0: a free one. */
  port: number;
  /** Of the chain. With `rpc`: which one the node must have. */
  chainId?: number | undefined;
  /** A node that runs already: then only the page is served, for its chain. */
  rpc?: string | undefined;
};

/** What is served, until it is closed. */
export type RunningDev = {
  dev: Dev;
  /** Whether the chain has Latchkey's contracts. */
  hasModule: boolean;
  close(): Promise<void>;
};

/** By the development chain's codes. */
const EXIT_OF: Readonly<Record<string, ExitCode>> = {
  INVALID_OPTION: EXIT.usage,
  PORT_TAKEN: EXIT.usage,
  NO_ANVIL: EXIT.network,
  NOT_STARTED: EXIT.network,
  NO_PAGE: EXIT.network,
};

/** What to do, where the message does not say it. */
const ADVICE: Readonly<Record<string, string>> = {
  PORT_TAKEN: "Pass another --port; 0 takes a free one.",
  NO_ANVIL: "Pass --rpc with a node that you run yourself, or install it.",
  NO_PAGE: "npm install @latchkey/devchain",
};

/**
 * Starts a chain with USDC, Safe, Latchkey, a shop and a faucet, and serves the page for it; or for an existing chain, the
 * page alone. `dev.json` in the home folder tells the other commands.
 *
 * @throws {CommandError} NO_DEVCHAIN, DEV_RUNS, PORT_TAKEN, NO_ANVIL, NOT_STARTED or NO_PAGE.
 * @throws {UsageError} The page cannot use that node.
 */
export async function startDev(parameters: StartDevParameters): Promise<RunningDev> {
  const { folder, home, rpc } = parameters;
  if (rpc !== undefined) requireUsableRpc(rpc);
  await requireNoDev(home);
  const devchain = await loadDevchain(folder);
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    const started = await (rpc === undefined
      ? serveOwnChain(devchain, parameters, closing)
      : serveExistingChain(devchain, { ...parameters, rpc }, closing));
    await writeDev(home, started.dev);
    closing.unshift(() => removeDev(home, process.pid));
    return { ...started, close };
  } catch (error) {
    await close();
    throw error instanceof devchain.DevChainError ? commandErrorOf(error) : error;
  }
}

type Closing = (() => Promise<void>)[];
type Started = Omit<RunningDev, "close">;

async function serveOwnChain(
  { startDevChain }: Devchain,
  { port, chainId = CHAIN_ID }: StartDevParameters,
  closing: Closing,
): Promise<Started> {
  const chain = await startDevChain({
    chainId,
    blockTime: BLOCK_TIME,
    shop: Object.fromEntries(Object.entries(PRICES).map(([name, price]) => [name, { price }])),
  });
  closing.unshift(() => chain.close());
  const page = await chain.servePage({ port });
  const faucet = await openFaucetServer(chain.faucet);
  closing.unshift(() => faucet.close());
  const { shop } = chain;
  return {
    dev: {
      rpc: chain.url,
      page: page.url,
      chainId,
      usdc: chain.usdc.address,
      module: chain.latchkey.module,
      shop: {
        address: shop.address,
        urls: Object.fromEntries(Object.keys(PRICES).map((name) => [name, shop.url(name)])),
        prices: PRICES,
      },
      faucet: faucet.url,
      pid: process.pid,
    },
    hasModule: true,
  };
}

async function serveExistingChain(
  { servePage, USDC }: Devchain,
  { port, rpc, chainId: wanted }: StartDevParameters & { rpc: string },
  closing: Closing,
): Promise<Started> {
  const client = createPublicClient({ transport: http(rpc, { retryCount: 1, timeout: 10_000 }) });
  const chainId = await client.getChainId();
  if (wanted !== undefined && wanted !== chainId)
    throw new UsageError(`the node's chain is ${chainId}, and --chain-id says ${wanted}`);
  const isThere = async (address: `0x${string}`) => (await client.getCode({ address })) !== undefined;
  const module = safeSessionModuleAddress();
  // Where a development chain of this package has it.
  const developmentUsdc = USDC.ethereum.address.proxy;
  const usdc = usdcAddress(chainId) ?? ((await isThere(developmentUsdc)) ? developmentUsdc : undefined);
  const ofUsdc = usdc === undefined ? {} : { usdc };
  const page: ServedPage = await servePage({
    port,
    config: { chains: [{ id: chainId, name: `Chain ${chainId}`, rpc, ...ofUsdc }] },
  });
  closing.unshift(() => page.close());
  return {
    dev: { rpc, page: page.url, chainId, ...ofUsdc, module, pid: process.pid },
    hasModule: await isThere(module),
  };
}

/** @throws {UsageError} The page's policy does not let it speak to that node. */
function requireUsableRpc(rpc: string): void {
  const { protocol, hostname, username, password } = URL.canParse(rpc)
    ? new URL(rpc)
    : { protocol: "", hostname: "", username: "", password: "" };
  const isLocal = protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname);
  if ((protocol !== "https:" && !isLocal) || username !== "" || password !== "")
    throw new UsageError(
      "--rpc takes a URL that starts with https://, or http:// on this machine, without a user name",
    );
}

function commandErrorOf(error: InstanceType<Devchain["DevChainError"]>): CommandError {
  const { code, message } = error;
  const advice = ADVICE[code];
  return new CommandError({
    code,
    exitCode: EXIT_OF[code] ?? EXIT.unexpected,
    message,
    whatToDo: advice === undefined ? [] : [advice],
    cause: error,
  });
}
