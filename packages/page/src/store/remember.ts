import type { Grant } from "@latchkey/sdk";
import { type Hex, isAddressEqual, numberToHex } from "viem";
import type { AccountState } from "../tap/AccountState.ts";
import type { NewPasskey } from "../tap/createPasskey.ts";
import { MOST_SAVED, type SavedAccount, type SavedChange, type SentCall } from "./Saved.ts";
import { updateSaved } from "./store.ts";

const nowInSeconds = () => Math.floor(Date.now() / 1000);

/** Keeps a passkey that was just made. It comes first: whatever fails later, the reader can go on with it. */
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
 * Keeps an account that a passkey of the reader's owns. One that is known already is written anew.
 *
 * @param passkey The credential's id, once it has shown that it is the owner.
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

/** How the store writes an account that was read from the chain. @param passkey The id of its credential. */
export const accountToSave = (state: AccountState, passkey: Hex): Omit<SavedAccount, "addedAt"> => ({
  chainId: state.chainId,
  address: state.address,
  passkey,
  x: numberToHex(state.passkey.publicKey.x, { size: 32 }),
  y: numberToHex(state.passkey.publicKey.y, { size: 32 }),
});

/** Keeps what was allowed, for the Manage screen and for changing it. */
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

/** What a change is of: there is one of each at most. */
export type ChangeName = Pick<SavedChange, "chainId" | "account" | "module" | "session">;

/** Whether two changes are of the same. Two would have the same nonce: one of them would be void. */
export const isOfSame = (one: ChangeName, other: ChangeName): boolean =>
  one.chainId === other.chainId &&
  one.account === other.account &&
  one.module === other.module &&
  one.session === other.session;

/** Keeps a signed change until the chain has it, in the place of one that was signed before. */
export const rememberChange = (change: SavedChange): void =>
  updateSaved((saved) => ({
    ...saved,
    changes: [...saved.changes.filter((one) => !isOfSame(one, change)), change].slice(-MOST_SAVED.changes),
  }));

/** Forgets a change: the chain has it, or it is void. */
export const forgetChange = (name: ChangeName): void =>
  updateSaved((saved) => ({ ...saved, changes: saved.changes.filter((one) => !isOfSame(one, name)) }));
