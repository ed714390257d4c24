import { type Grant, readBalanceFloors, safeSessionModuleAddress, verifyGrant } from "@latchkey/sdk";
import type { ReplacedGrant } from "@latchkey/sdk/handoff";
import { isAddressEqual, zeroAddress } from "viem";
import type { ChainSettings } from "../chain/ChainSettings.ts";
import type { ChainClient } from "../chain/chainClient.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import { vouchedTokens } from "./readTokens.ts";

/** The permission that a request replaces. */
export type Replaced = {
  old: Grant;
  /** Whether the chain says that the account allows it: only then is it shown beside the new one. */
  standing: "allowed" | "paused" | "over" | "unknown";
  /** What the account holds, so that nothing the old one pays from now on goes unnoticed. */
  floors: Awaited<ReturnType<typeof readBalanceFloors>>;
};

/**
 * Reads from the chain what a request wants replaced: an agent may claim any limits as its present ones.
 *
 * @throws {PageFailure} MALFORMED_REQUEST; {@link Refusal} NETWORK.
 */
export async function readReplaced(
  client: ChainClient,
  settings: ChainSettings,
  claimed: ReplacedGrant | undefined,
): Promise<Replaced | undefined> {
  if (!claimed) return undefined;
  const old: Grant = { ...claimed, accountKind: "safe" };
  if (!isAddressEqual(old.module, safeSessionModuleAddress()))
    throw new PageFailure("MALFORMED_REQUEST", { reason: "it replaces a session of another module" });
  const verdict = await verifyGrant(client, old);
  const code = verdict.valid ? "NOT_YET_VALID" : verdict.reason.code;
  if (!["NOT_YET_VALID", "PAUSED"].includes(code))
    return {
      old,
      standing: ["REVOKED", "EXPIRED", "WRONG_EPOCH"].includes(code) ? "over" : "unknown",
      floors: [],
    };
  // A guard is a transfer of the account to itself, which another token could charge for.
  const guarded = [zeroAddress, ...vouchedTokens(settings).map(({ token }) => token)];
  const { account, budgets } = old.session;
  const floors = await readBalanceFloors(client, {
    session: {
      account,
      budgets: budgets.filter(({ token }) => guarded.some((one) => isAddressEqual(one, token))),
    },
  });
  return { old, standing: code === "PAUSED" ? "paused" : "allowed", floors };
}
