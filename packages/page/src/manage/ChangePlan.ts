import type { EncodedCall } from "@latchkey/sdk";
import { safeTransaction } from "@latchkey/sdk/encoding";
import { type Address, type Hex, isAddressEqual, numberToHex } from "viem";
import type { SavedChange } from "../store/Saved.ts";
import { predictSafe } from "../tap/predictSafe.ts";
import { type SafeAction, safeAction } from "../tap/safeAction.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import type { SafeStanding } from "./readSafe.ts";

/** What the passkey is to sign so that an account changes a session: ready before the click. */
export type ChangePlan = {
  action: SafeAction;
  /** The Safe's, which it is signed for. */
  nonce: bigint;
  /** The account's, which another one takes the place of once everything is stopped. */
  epoch: bigint;
};

/** Why nothing can be changed from here. */
export type ChangeObstacle =
  /** The chain has not said where the account stands. */
  | { kind: "asking" }
  | { kind: "failure"; failure: PageFailure }
  | { kind: "unknownPasskey" }
  | { kind: "otherKind" };

/**
 * Prepares the account's call, so that the click has nothing left to wait for.
 *
 * @param signer The owner that stands for the passkey: Safe's shared signer on that chain.
 * @param call Of the session module, by `encodeChange`.
 * @param safe As the chain said it last.
 */
export function planChange(
  { account, accountKind, chainId, owner }: ManagedAccount,
  signer: Address,
  call: EncodedCall,
  safe: SafeStanding | undefined,
): ChangePlan | ChangeObstacle {
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
  if (!safe.deployed && !creationOf({ account, owner }, signer))
    return { kind: "failure", failure: new PageFailure("NO_ACCOUNT_THERE", { account }) };
  const { nonce, epoch } = safe;
  return { action: safeAction({ address: account, chainId, signer, passkey, nonce }, [call]), nonce, epoch };
}

/** A transaction as JSON, complete enough for anyone to send it. */
export type SignedTransaction = { chainId: Hex; to: Address; data: Hex; value: "0x0" };

/**
 * What has to be sent for a signed change, in order: what creates the account, which is left out once it exists, and the
 * account's own transaction. All of it is computed anew: what was kept is nothing that a wallet should send unseen.
 *
 * @param signer The owner that stands for the passkey.
 * @param call Of the session module, as for {@link planChange}.
 */
export function changeTransactions(
  { nonce, signature }: Pick<SavedChange, "nonce" | "signature">,
  managed: Pick<ManagedAccount, "account" | "chainId" | "owner">,
  signer: Address,
  call: EncodedCall,
): { creation: SignedTransaction | undefined; change: SignedTransaction } {
  const { account, chainId: id } = managed;
  const transaction = safeTransaction({ safe: account, chainId: id, nonce: BigInt(nonce), calls: [call] });
  const signed = ({ to, data }: { to: Address; data: Hex }): SignedTransaction => ({
    chainId: numberToHex(id),
    to,
    data,
    value: "0x0",
  });
  const creation = creationOf(managed, signer);
  return { creation: creation && signed(creation), change: signed(transaction.encode(signature)) };
}

/** What creates the account, if it is one that this page makes for a passkey. */
function creationOf({ account, owner }: Pick<ManagedAccount, "account" | "owner">, signer: Address) {
  if (!owner) return undefined;
  const { address, creation } = predictSafe({ x: BigInt(owner.x), y: BigInt(owner.y) }, signer);
  return isAddressEqual(address, account) ? creation : undefined;
}
