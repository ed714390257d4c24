import { randomBytes } from "node:crypto";
import type { HandoffRequest, LatchkeySessionData } from "@latchkey/sdk/handoff";
import { type Address, bytesToHex, type Hex, numberToHex, zeroAddress } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { world } from "./fixture.ts";

type Budget = LatchkeySessionData["budgets"][number];

/** What a stranger may write into a link; everything else is as an honest agent has it. */
export type StrangersWords = {
  name?: string;
  chainId?: number;
  from?: Address;
  /** Unix time. */
  until?: number;
  justification?: string;
  budgets?: readonly Partial<Budget>[];
  callback?: string;
  actions?: LatchkeySessionData["actions"];
};

/** An honest request, but for what is named: made by hand, as a stranger would, past the checks of the SDK. */
export function strangersRequest({
  name = "Research Bot",
  chainId = world().chain.id,
  from,
  until = Math.floor(Date.now() / 1000) + 7 * 86_400,
  justification,
  budgets = [{}],
  callback,
  actions = [],
}: StrangersWords = {}): HandoffRequest {
  const { usdc, shop } = world();
  const data: LatchkeySessionData = {
    budgets: budgets.map((budget) => ({
      token: usdc.address,
      perTransaction: numberToHex(1_000_000n),
      perPeriod: numberToHex(20_000_000n),
      period: 86_400,
      initial: "0x0",
      perSecond: "0x0",
      signatures: 1,
      sizes: 5,
      recipients: [shop.address],
      ...budget,
    })),
    actions,
    gasAllowance: "0x0",
    paymaster: zeroAddress,
    ...(justification === undefined ? {} : { justification }),
  };
  return {
    version: 1,
    name,
    nonce: bytesToHex(randomBytes(16)),
    ...(callback ? { callback } : {}),
    permissions: [
      {
        chainId: numberToHex(chainId),
        ...(from ? { from } : {}),
        to: privateKeyToAccount(generatePrivateKey()).address,
        permission: { type: "latchkey-session", isAdjustmentAllowed: true, data },
        rules: [{ type: "expiry", data: { timestamp: until } }],
      },
    ],
  };
}

/** The link with any text as its request. */
export const linkWith = (text: string): string =>
  `${world().page.url}#request=${Buffer.from(text).toString("base64url")}`;

/** The link with a request made by hand. */
export const strangersLink = (words?: StrangersWords): string =>
  linkWith(JSON.stringify(strangersRequest(words)));

/** An address whose first four and last four signs are those of another one, which costs a thief seconds to find. */
export function lookAlike(address: Address): Address {
  const middle = bytesToHex(randomBytes(16)).slice(2);
  return `${address.slice(0, 6)}${middle}${address.slice(-4)}`.toLowerCase() as Hex as Address;
}
