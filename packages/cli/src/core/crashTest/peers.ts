import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ExactEvmScheme } from "@x402/evm/exact/client";
import type { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { installedPackage } from "./installedPackage.ts";

/** Coinbase's ledger of what was spent. */
export type SpendStore = {
  load(): Promise<SpendEntry[]>;
  append(entry: SpendEntry): Promise<void>;
  removeEntry(entry: SpendEntry): Promise<void>;
};

/** One payment in it. */
export type SpendEntry = { atomicAmount: bigint; asset: string; network: string; payTo: string; at: number };

/** As much of Coinbase's settings as the crash test uses. */
export type Guardrails = {
  maxAmountPerPayment: { atomic: bigint; asset: string };
  maxCumulativeSpend: { atomic: bigint; asset: string };
  maxCumulativeSpendWindow: string;
  allowedNetworks: readonly string[];
  allowedPayees: readonly string[];
  allowedAssets?: readonly string[];
  store?: SpendStore;
};

/** The stock client of x402. */
export type X402 = {
  wrapFetchWithPayment: typeof wrapFetchWithPayment;
  x402Client: typeof x402Client;
  ExactEvmScheme: typeof ExactEvmScheme;
};

/** The packages that the session is compared with, as the user's folder has them. */
export type Peers = {
  x402?: X402;
  applySpendControls?: (client: x402Client, controls: Guardrails) => unknown;
  versions: Record<string, string>;
};

/** What x402's client is made of. */
export const X402_PACKAGES = ["@x402/fetch", "@x402/evm"] as const;

/** Coinbase's package with the guardrails. */
export const GUARDRAILS_PACKAGE = "@coinbase/cdp-sdk";

/**
 * Loads the packages under comparison from a folder, unmodified.
 *
 * Coinbase's guardrails come from their own file beside the package's entry for x402: the entry itself loads wallets of
 * Solana and a client of Coinbase's service, which a test without a network has no use for.
 */
export function loadPeers(folder: string): Peers {
  const require = createRequire(join(folder, "package.json"));
  const versions: Record<string, string> = {};
  const find = (name: string, entry = name) => {
    const found = installedPackage(folder, entry);
    if (found) versions[name] = found.version;
    return found;
  };
  // The spend controls are in the core, which comes with the other two.
  find("@x402/core", "@x402/core/client");
  const [fetching, evm] = [find("@x402/fetch"), find("@x402/evm", "@x402/evm/exact/client")];
  const guardrails = find(GUARDRAILS_PACKAGE, `${GUARDRAILS_PACKAGE}/x402`);
  return {
    versions,
    ...(fetching && evm ? { x402: { ...require(fetching.path), ...require(evm.path) } as X402 } : {}),
    ...(guardrails
      ? {
          applySpendControls: require(join(dirname(guardrails.path), "guardrails/apply.js"))
            .applySpendControls,
        }
      : {}),
  };
}
