import {
  type Address,
  concat,
  type Hex,
  maxUint128,
  numberToHex,
  parseSignature,
  serializeCompactSignature,
  serializeSignature,
  toBytes,
  toHex,
} from "viem";
import { ANYONE, type Budget, type Session } from "#sdk/session/Session.ts";
import { outsider } from "./actors.ts";
import type { Corruption, DoorPlan, OpPlan } from "./scenario.ts";

/** The order of secp256k1: s and this less s are signatures of the same hash. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The session with one thing changed that makes it a better one for its key. */
export function lying(session: Session, lie: OpPlan["lie"], usdc: Address): Session {
  const withBudget = (change: (budget: Budget) => Partial<Budget>): Session => ({
    ...session,
    budgets: session.budgets.map((budget) =>
      budget.token.toLowerCase() === usdc.toLowerCase() ? { ...budget, ...change(budget) } : budget,
    ),
  });
  switch (lie) {
    case "none":
      return session;
    case "perTransaction":
      return withBudget(({ perPeriod }) => ({ perTransaction: perPeriod + 1n, perPeriod: perPeriod + 1n }));
    case "perPeriod":
      return withBudget(({ perPeriod }) => ({ perPeriod: perPeriod * 2n }));
    case "period":
      return withBudget(() => ({ period: 1 }));
    case "recipients":
      return withBudget(({ recipients }) => ({ recipients: [outsider, ...recipients] }));
    case "validUntil":
      return { ...session, validUntil: session.validUntil + 1_000_000 };
    case "gasAllowance":
      return { ...session, gasAllowance: maxUint128 };
    case "paymaster":
      return { ...session, paymaster: ANYONE };
    case "salt":
      return { ...session, salt: session.salt ^ 1n };
  }
}

/** The payload as it arrives where it was spoilt on the way. */
export function corrupted(payload: Hex, corruption: Corruption): Hex {
  if (corruption === "truncated") return payload.slice(0, -2) as Hex;
  if (corruption === "extended") return concat([payload, "0x00"]);
  const bytes = toBytes(payload);
  const at = Math.floor((bytes.length * corruption.at) / 1000);
  bytes[at] = (bytes[at] ?? 0) ^ corruption.by;
  return toHex(bytes);
}

/** A signature in a form that is not to be accepted, where the plan wants one. */
export function deform(signature: Hex, form: Extract<DoorPlan, { signature: string }>["signature"]): Hex {
  const { r, s, yParity } = parseSignature(signature);
  if (form === "compact")
    return serializeCompactSignature({
      r,
      yParityAndS: numberToHex(BigInt(s) | (BigInt(yParity ?? 0) << 255n), { size: 32 }),
    });
  if (form !== "with high s") return signature;
  const high = numberToHex(ORDER - BigInt(s), { size: 32 });
  return serializeSignature({ r, s: high, yParity: yParity === 0 ? 1 : 0 });
}
