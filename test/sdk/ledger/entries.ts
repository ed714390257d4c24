import type { LedgerEntry } from "@latchkey/sdk";
import { getAddress, pad, toHex } from "viem";

/** An x402 payment of twenty cents that is open, with whatever is to be different. */
export const entry = (id: string, other: Partial<LedgerEntry> = {}): LedgerEntry => ({
  id,
  kind: "x402",
  status: "open",
  at: "2026-11-30T10:00:00.000Z",
  what: "https://shop.example/weather",
  chainId: 8453,
  account: getAddress(toHex(0xacc0, { size: 20 })),
  session: pad("0x5e"),
  budget: 0,
  to: getAddress(toHex(0x5409, { size: 20 })),
  token: getAddress(toHex(0x705e, { size: 20 })),
  symbol: "USDC",
  decimals: 6,
  amount: "0.2",
  units: "200000",
  ...other,
});
