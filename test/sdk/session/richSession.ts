import type { Session } from "@latchkey/sdk";
import { getAddress, pad, toHex } from "viem";

export const address = (n: number) => getAddress(toHex(n, { size: 20 }));
const value = (n: bigint) => pad(toHex(n), { size: 32 });

/** A session that has every field of the packed form in its longest way: three budgets, one of them a stream. */
export const richSession: Session = {
  account: address(0xa1),
  key: address(0xa2),
  validAfter: 1_800_000_000,
  validUntil: 1_800_604_800,
  epoch: 3n,
  salt: 0x0102n,
  gasAllowance: 0x0a0b0cn,
  paymaster: address(0xa3),
  budgets: [
    {
      token: address(0xb1),
      perTransaction: 1_000_000n,
      perPeriod: 20_000_000n,
      period: 86_400,
      initial: 0n,
      perSecond: 0n,
      signatures: 1,
      sizes: 5,
      recipients: [address(0xc1), address(0xc2)],
    },
    {
      token: address(0),
      perTransaction: 5n,
      perPeriod: 7n,
      period: 60,
      initial: 2n,
      perSecond: 1n,
      signatures: 0,
      sizes: 0,
      recipients: ["0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF"],
    },
    {
      token: address(0xb3),
      perTransaction: 5n,
      perPeriod: 7n,
      period: 60,
      initial: 0n,
      perSecond: 0n,
      signatures: 0,
      sizes: 0,
      recipients: [address(0xc3)],
    },
  ],
  actions: [
    {
      target: address(0xd1),
      selector: "0x12345678",
      rules: [
        { offset: 4, op: 3, value: value(500n) },
        { offset: 0x0124, op: 0, value: value(0n) },
      ],
    },
    { target: address(0xd2), selector: "0x00000000", rules: [] },
  ],
};
