import type { ChainReader } from "@latchkey/devchain";
import { type Address, getAddress, type Hash, hexToBytes, numberToHex } from "viem";
import type { BenchChain } from "./BenchChain.ts";
import type { BenchErc7579Account } from "./BenchErc7579Account.ts";
import type { BenchSafe } from "./BenchSafe.ts";
import { type Frame, gasFrames, type StructLog } from "./gasFrames.ts";
import type { Measured } from "./measureGas.ts";

/** Whose affair a contract is. */
export type Party =
  | "token"
  | "Safe"
  | "account"
  | "EntryPoint"
  | "handler"
  | "module"
  | "precompile"
  | "other";

/** A transaction taken apart. `base + calldata.gas + root.total + rest` is its gasUsed. */
export type Trace = {
  base: number;
  calldata: { gas: number; bytes: number; zeros: number };
  root: Frame;
  /** What was given back for storage that was cleared, negative; or what the floor price of calldata adds. */
  rest: number;
  nameOf(code: Address): string;
  partyOf(code: Address): Party;
};

/** What every transaction costs. */
const BASE = 21_000;
/** Of calldata, a byte that is zero, and one that is not. */
const ZERO_BYTE = 4;
const BYTE = 16;

const precompile = (number: number): Address => numberToHex(number, { size: 20 });

function knownContracts(
  { usdc, safe, ...chain }: BenchChain,
  benchSafe: BenchSafe | undefined,
  erc7579: BenchErc7579Account | undefined,
): [Address | undefined, string, Party][] {
  return [
    [usdc.address, "USDC proxy", "token"],
    [usdc.implementation, "FiatTokenV2_2", "token"],
    [usdc.signatureChecker, "SignatureChecker", "token"],
    [benchSafe?.address, "Safe proxy", "Safe"],
    [safe["1.4.1"].safe, "Safe 1.4.1", "Safe"],
    [safe["1.5.0"].safe, "Safe 1.5.0", "Safe"],
    [safe.passkey.sharedSigner, "SafeWebAuthnSharedSigner", "Safe"],
    [safe["1.5.0"].extensibleFallbackHandler, "ExtensibleFallbackHandler", "handler"],
    [chain.handler, "SafeSessionHandler", "handler"],
    [chain.module, "SafeSessionModule", "module"],
    [chain.uncheckedModule, "UncheckedModule", "module"],
    [chain.erc7579Module, "ERC7579SessionModule", "module"],
    [erc7579?.address, "account", "account"],
    [erc7579?.entryPoint, "EntryPoint 0.7", "EntryPoint"],
    ...(erc7579?.contracts ?? []).map(([address, name]): [Address, string, Party] => [
      address,
      name,
      "account",
    ]),
    [chain.puller, "AllowancePuller", "other"],
    [chain.acceptAll, "accept-all wallet", "other"],
    [precompile(1), "ecrecover", "precompile"],
    [precompile(2), "sha256", "precompile"],
    [precompile(4), "identity", "precompile"],
    [precompile(0x100), "P256VERIFY", "precompile"],
  ];
}

/**
 * What each instruction of a transaction cost.
 * @param options.stack Whether the stacks are wanted, without which {@link gasFrames} knows no callee. Default: yes; it
 * takes four times as long.
 */
export async function structLogsOf(
  client: ChainReader,
  hash: Hash,
  { stack = true }: { stack?: boolean } = {},
): Promise<StructLog[]> {
  const request = client.request as (args: { method: string; params: unknown[] }) => Promise<unknown>;
  const { structLogs } = (await request({
    method: "debug_traceTransaction",
    params: [hash, { disableStorage: true, disableMemory: true, disableStack: !stack }],
  })) as { structLogs: StructLog[] };
  return structLogs;
}

/** Takes a measured transaction apart. The chain must still stand where the transaction left it. */
export async function traceTransaction({ gas, hash, chain, safe, erc7579 }: Measured): Promise<Trace> {
  const { client } = chain.testChain;
  const transaction = await client.getTransaction({ hash });
  const root = gasFrames(await structLogsOf(client, hash), transaction.to as Address);

  const bytes = hexToBytes(transaction.input);
  const zeros = bytes.filter((byte) => byte === 0).length;
  const calldata = { gas: ZERO_BYTE * zeros + BYTE * (bytes.length - zeros), bytes: bytes.length, zeros };
  const known = new Map(
    knownContracts(chain, safe, erc7579).flatMap(([address, name, party]) =>
      address ? [[getAddress(address), { name, party }] as const] : [],
    ),
  );
  return {
    base: BASE,
    calldata,
    root,
    rest: gas - BASE - calldata.gas - root.total,
    nameOf: (code) => known.get(getAddress(code))?.name ?? code,
    partyOf: (code) => known.get(getAddress(code))?.party ?? "other",
  };
}
