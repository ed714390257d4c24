import type { Grant } from "@latchkey/sdk";
import { type Hex, isAddressEqual, numberToHex } from "viem";
import type { AccountState } from "../tap/AccountState.ts";
import type { NewPasskey } from "../tap/createPasskey.ts";
import { MOST_SAVED, type SavedAccount, type SavedChange, type SentCall } from "./Saved.ts";
import { updateSaved } from "./store.ts";

const nowInSeconds = () => Math.floor(Date.now() / 1000);

/** Saves a new passkey. This comes first: whatever fails later, the user can continue with it. */
export function rememberPasskey({ id, publicKey, rpId }: NewPasskey): void {
  const passkey = {
    id,
    x: numberToHex(publicKey.x, { size: 32 }),
    y: numberToHex(publicKey.y, { size: 32 }),
    rpId,
    createdAt: nowInSeconds(),
  };
  updateSaved((saved) => ({ ...saved, passkeys: [...saved.passkeys, passkey].slice(-MOST_SAVED.passkeys) }));
}

/**
 * Saves an account owned by one of the user's passkeys, replacing an existing entry.
 *
 * @param passkey The credential's id, once it is proven to be the owner.
 */
export function rememberAccount(account: Omit<SavedAccount, "addedAt">): void {
  updateSaved((saved) => {
    const isSame = (other: SavedAccount) =>
      other.chainId === account.chainId && isAddressEqual(other.address, account.address);
    const before = saved.accounts.find(isSame);
    return {
      ...saved,
      accounts: [
        ...saved.accounts.filter((other) => !isSame(other)).slice(1 - MOST_SAVED.accounts),
        { ...before, ...account, addedAt: nowInSeconds() },
      ],
    };
  });
}

/** Converts an account read from the chain for storage. @param passkey The id of its credential. */
export const accountToSave = (state: AccountState, passkey: Hex): Omit<SavedAccount, "addedAt"> => ({
  chainId: state.chainId,
  address: state.address,
  passkey,
  x: numberToHex(state.passkey.publicKey.x, { size: 32 }),
  y: numberToHex(state.passkey.publicKey.y, { size: 32 }),
});

/** Saves what was allowed, for the Manage screen and for later changes. */
export function rememberGrant(granted: {
  name: string;
  nonce: Hex;
  grant: Grant;
  fromBlock: bigint;
  transactions: readonly SentCall[];
}): void {
  const { name, nonce, grant, transactions } = granted;
  updateSaved((saved) => ({
    ...saved,
    grants: [
      ...saved.grants.slice(1 - MOST_SAVED.grants),
      {
        name,
        nonce,
        grant,
        grantedAt: nowInSeconds(),
        fromBlock: granted.fromBlock.toString(),
        transactions: [...transactions],
      },
    ],
  }));
}

/** Identifies a change: there is at most one of each. */
export type ChangeName = Pick<SavedChange, "chainId" | "account" | "module" | "session">;

/** Whether two changes have the same subject. Both would use the same nonce, so only one could execute. */
export const isOfSame = (one: ChangeName, other: ChangeName): boolean =>
  one.chainId === other.chainId &&
  one.account === other.account &&
  one.module === other.module &&
  one.session === other.session;

/** Saves a signed change until it is on chain, replacing an earlier one. */
export const rememberChange = (change: SavedChange): void =>
  updateSaved((saved) => ({
    ...saved,
    changes: [...saved.changes.filter((one) => !isOfSame(one, change)), change].slice(-MOST_SAVED.changes),
  }));

/** Removes a change that is on chain or no longer valid. */
export const forgetChange = (name: ChangeName): void =>
  updateSaved((saved) => ({ ...saved, changes: saved.changes.filter((one) => !isOfSame(one, name)) }));
