import { ERC7579_ACCOUNTS, type Erc7579AccountName } from "./BenchErc7579Account.ts";
import type { GasFigures } from "./measureGas.ts";
import { ACTUAL_GAS_USED, READER } from "./rows.ts";

/** What a row may cost at most, and what it should come to. */
export type Target = {
  row: string;
  /** The row whose gas is taken off first; none: the whole transaction counts. */
  over?: string;
  /** In gas. */
  most: number;
  /** In gas: not promised. */
  stretch: number;
};

/** How a row stands against its target. */
export type Standing = Target & { gas: number };

const ACCEPT_ALL = "accept-all/transferWithAuthorization";
/** What ExtensibleFallbackHandler costs more than a handler made for one question. */
const EXTENSIBLE = 12_000;
const x402 = (version: string, row: string, most: number): Target => ({
  row: `safe-${version}/x402/${row}`,
  over: ACCEPT_ALL,
  most,
  stretch: most - 10_000,
});

/** A session's userOp over the owner's own, by the whole transaction and by what the EntryPoint charges. */
const userOp = (account: Erc7579AccountName): Target[] =>
  ["", ACTUAL_GAS_USED].map((figure) => ({
    row: `erc7579/${account}/userOp/next${figure}`,
    over: `erc7579/${account}/owner-userOp/next${figure}`,
    most: 35_000,
    stretch: 25_000,
  }));

/** By the whole transaction. */
const whole = (row: string, most: number, stretch = most): Target => ({ row, most, stretch });

/** What Latchkey is to stay below. The stretch of `pay/next` is the price of the cheapest peer with a daily limit alone. */
export const targets: readonly Target[] = [
  whole("safe-1.4.1/pay/next", 80_000, 78_242),
  whole("safe-1.4.1/pay/first-with-grant", 121_500),
  whole("safe-1.4.1/execute/next", 84_500, 78_242),
  whole("safe-1.4.1/execute/first-with-grant", 126_500),
  whole("safe-1.4.1/enable", 89_000),
  whole("safe-1.4.1/redeem/next", 89_500),
  whole("safe-1.4.1/redeem/x402/next", 102_500),
  whole("safe-1.4.1/x402/opener/5", 138_700),
  whole("safe-1.4.1/x402/with-grant/5", 161_000),
  whole("safe-1.4.1/wide/execute/next", 89_000),
  whole("safe-1.4.1/permit2/first", 136_000),
  whole("safe-1.4.1/permit2/next", 118_500),
  whole("safe-1.4.1/permit2/upto/first", 138_000),
  whole("erc7579/oz/permit2/first", 122_500),
  whole("erc7579/oz/permit2/next", 105_000),
  whole("safe-1.5.0/execute/next", 88_000, 78_242),
  whole("erc7579/oz/userOp/next", 124_500),
  whole("erc7579/oz/userOp/first-with-grant", 180_000),
  whole(READER, 2_150, 2_000),
  x402("1.4.1", "opener/1", 42_000),
  x402("1.4.1", "opener/5", 58_000),
  x402("1.4.1", "follower/5", 62_000),
  x402("1.5.0", "opener/1", 42_000 + EXTENSIBLE),
  x402("1.5.0", "opener/5", 58_000 + EXTENSIBLE),
  x402("1.5.0", "follower/5", 62_000 + EXTENSIBLE),
  ...ERC7579_ACCOUNTS.flatMap(userOp),
];

/**
 * @throws If a row of a target was not measured.
 */
export const standings = (figures: GasFigures): Standing[] =>
  targets.map((target) => {
    const of = (name: string): number => {
      const gas = figures[name];
      if (gas === undefined) throw new Error(`${name} was not measured`);
      return gas;
    };
    return { ...target, gas: of(target.row) - (target.over ? of(target.over) : 0) };
  });
