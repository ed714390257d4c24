import type { EncodedCall } from "@latchkey/sdk";
import { type Address, isAddressEqual } from "viem";
import type { SentCall } from "../store/Saved.ts";
import { predictSafe } from "../tap/predictSafe.ts";
import { type SafeAction, safeAction } from "../tap/safeAction.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import type { SafeStanding } from "./readSafe.ts";

/** What the passkey is to sign so that an account takes something back: ready before the click. */
export type StopPlan = {
  action: SafeAction;
  /** What creates the account, if it does not exist yet: it has to be sent first. */
  before: readonly SentCall[];
};

/** Why nothing can be stopped from here. */
export type StopObstacle =
  /** The chain has not said where the account stands. */
  | { kind: "asking" }
  | { kind: "failure"; failure: PageFailure }
  | { kind: "unknownPasskey" }
  | { kind: "otherKind" };

/**
 * Prepares the account's call, so that the click has nothing left to wait for.
 *
 * @param signer The owner that stands for the passkey: Safe's shared signer on that chain.
 * @param call Of the session module, by `encodeRevoke` or `encodeRevokeAll`.
 * @param safe As the chain said it last.
 */
export function planStop(
  { account, accountKind, chainId, owner }: ManagedAccount,
  signer: Address,
  call: EncodedCall,
  safe: SafeStanding | undefined,
): StopPlan | StopObstacle {
  if (accountKind !== "safe") return { kind: "otherKind" };
  if (!owner) return { kind: "unknownPasskey" };
  if (!safe) return { kind: "asking" };
  if (safe.threshold !== 1n)
    return {
      kind: "failure",
      failure: new PageFailure("THRESHOLD_ABOVE_ONE", { threshold: String(safe.threshold) }),
    };
  if (!safe.isOwner) return { kind: "failure", failure: new PageFailure("OWNER_NOT_PASSKEY", { account }) };
  const { passkey: id, x, y } = owner;
  const passkey = { id, publicKey: { x: BigInt(x), y: BigInt(y) } };
  const before: SentCall[] = [];
  if (!safe.deployed) {
    // Computed anew: what was kept may come from a file, and is nothing that a reader's wallet should send unseen.
    const { address, creation } = predictSafe(passkey.publicKey, signer);
    if (!isAddressEqual(address, account))
      return { kind: "failure", failure: new PageFailure("NO_ACCOUNT_THERE", { account }) };
    before.push({ ...creation, value: "0x0" });
  }
  return {
    action: safeAction({ address: account, chainId, signer, passkey, nonce: safe.nonce }, [call]),
    before,
  };
}
