import type { EncodedCall } from "@latchkey/sdk";
import { safeTransaction } from "@latchkey/sdk/encoding";
import { type Address, type Hex, isAddressEqual, numberToHex } from "viem";
import type { SavedChange } from "../store/Saved.ts";
import { predictSafe } from "../tap/predictSafe.ts";
import { type SafeAction, safeAction } from "../tap/safeAction.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import type { SafeStanding } from "./readSafe.ts";

/** What the passkey signs to change a session, prepared before the click. */
export type ChangePlan = {
  action: SafeAction;
  /** The Safe's nonce that it is signed for. */
  nonce: bigint;
  /** The account's epoch, which changes once everything is stopped. */
  epoch: bigint;
};

/** Why no change can be made from here. */
export type ChangeObstacle =
  /** The account's state has not been read yet. */
  | { kind: "asking" }
  | { kind: "failure"; failure: PageFailure }
  | { kind: "unknownPasskey" }
  | { kind: "otherKind" };

/**
 * Prepares the account's call, so that the click handler has nothing to await.
 *
 * @param signer The owner that represents the passkey: Safe's shared signer on that chain.
 * @param call The session module's call, from `encodeChange`.
 * @param safe As last read from the chain.
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

/** A transaction as JSON, complete enough for anyone to send. */
export type SignedTransaction = { chainId: Hex; to: Address; data: Hex; value: "0x0" };

/**
 * The transactions for a signed change, in order: the account's creation, omitted once it exists, and the account's own
 * transaction. All of it is recomputed: saved calldata should not be sent without checking.
 *
 * @param signer The owner that represents the passkey.
 * @param call The session module's call, as for {@link planChange}.
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

/** The account's creation, if it is one that this page creates for a passkey. */
function creationOf({ account, owner }: Pick<ManagedAccount, "account" | "owner">, signer: Address) {
  if (!owner) return undefined;
  const { address, creation } = predictSafe({ x: BigInt(owner.x), y: BigInt(owner.y) }, signer);
  return isAddressEqual(address, account) ? creation : undefined;
}
