import { type Grant, type Session, safeSessionModuleAddress } from "@latchkey/sdk";
import {
  type HandoffAnswer,
  type HandoffRequest,
  type LatchkeySessionData,
  type PermissionRequest,
  requestedSession,
} from "@latchkey/sdk/handoff";
import { type Address, getAddress, keccak256, type LocalAccount, numberToHex, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** A key that a text decides. */
export const keyOf = (seed: string): LocalAccount => privateKeyToAccount(keccak256(toBytes(seed)));
export const addressOf = (seed: string): Address => getAddress(keyOf(seed).address);

export const agent = addressOf("the agent that asks");
export const account = addressOf("the account that grants");
export const shop = addressOf("a shop");
export const otherShop = addressOf("another shop");
export const usdc = addressOf("a token");
export const weth = addressOf("another token");
export const router = addressOf("a router");
export const END = 1_800_000_000;
export const NOW = END - 7 * 86_400;

export const latchkeyData: LatchkeySessionData = {
  budgets: [
    {
      token: usdc,
      perTransaction: "0xf4240",
      perPeriod: "0x1312d00",
      period: 86_400,
      initial: "0x0",
      perSecond: "0x0",
      signatures: 1,
      sizes: 5,
      recipients: [shop, otherShop],
    },
    {
      token: weth,
      perTransaction: "0x64",
      perPeriod: "0x3e8",
      period: 3600,
      initial: "0xa",
      perSecond: "0x2",
      signatures: 0,
      sizes: 0,
      recipients: [shop],
    },
  ],
  actions: [
    {
      target: router,
      selector: "0x12345678",
      rules: [{ offset: 4, op: 3, value: numberToHex(1000, { size: 32 }) }],
    },
  ],
  gasAllowance: "0x3e8",
  paymaster: addressOf("a paymaster"),
  justification: "To buy what you asked for.",
};

/** One permission, of a type, ending at {@link END}. */
export const permission = (
  type: string,
  data: Record<string, unknown>,
  rules: PermissionRequest["rules"] = [],
): PermissionRequest => ({
  chainId: "0x2105",
  to: agent,
  permission: { type, isAdjustmentAllowed: true, data },
  rules: [{ type: "expiry", data: { timestamp: END } }, ...rules],
});

/** A request of an agent for everything that a session can hold. */
export const fullRequest: HandoffRequest = {
  version: 1,
  name: "Research Bot",
  nonce: "0x00112233445566778899aabbccddeeff",
  callback: "http://127.0.0.1:8080/hear_me-1",
  permissions: [permission("latchkey-session", latchkeyData as Record<string, unknown>)],
};

/** A copy of a request, changed. */
export function changed<value>(of: value, change: (copy: value) => void): value {
  const copy = structuredClone(of);
  change(copy);
  return copy;
}

/** A grant of what was asked for, signed by nobody. */
export const grantOf = (session: Session): Grant => ({
  version: 1,
  chainId: 8453,
  module: safeSessionModuleAddress(),
  accountKind: "safe",
  session,
  signature: "0x1234",
});

/** The answer of an owner who changed nothing. */
export const fullAnswer = (request = fullRequest): Extract<HandoffAnswer, { status: "granted" }> => ({
  version: 1,
  nonce: request.nonce,
  status: "granted",
  grant: grantOf(requestedSession(request, { account, now: NOW, salt: 7n })),
  transactions: [],
});
