import { type AccountKind, safeSessionModuleAddress } from "@latchkey/sdk";
import type { Address } from "viem";
import type { Saved, SavedAccount, SavedGrant } from "../store/Saved.ts";

/** An account whose sessions are shown together: "Stop everything" ends all of its sessions of one module. */
export type ManagedAccount = {
  /** Identifies the managed account. */
  name: string;
  chainId: number;
  account: Address;
  module: Address;
  accountKind: AccountKind;
  /** How the user's passkey owns it; undefined if this browser only has a grant from it. */
  owner: SavedAccount | undefined;
  /** Grants known to this browser, newest first. */
  grants: readonly SavedGrant[];
  /** The first block that can contain their events; undefined if no grant tells. */
  fromBlock: bigint | undefined;
};

/** Every account with a grant, and every other Safe of the user. */
export function managedAccounts({ accounts, grants }: Pick<Saved, "accounts" | "grants">): ManagedAccount[] {
  const found = new Map<string, ManagedAccount>();
  const ownerOf = (chainId: number, address: Address) =>
    accounts.find((one) => one.chainId === chainId && one.address === address);
  const nameOf = (chainId: number, account: Address, module: Address) => `${chainId} ${account} ${module}`;
  for (const saved of [...grants].sort((a, b) => b.grantedAt - a.grantedAt)) {
    const { chainId, module, accountKind, session } = saved.grant;
    const name = nameOf(chainId, session.account, module);
    const before = found.get(name);
    const fromBlock = BigInt(saved.fromBlock);
    found.set(name, {
      name,
      chainId,
      account: session.account,
      module,
      accountKind,
      owner: ownerOf(chainId, session.account),
      grants: [...(before?.grants ?? []), saved],
      fromBlock:
        before?.fromBlock !== undefined && before.fromBlock < fromBlock ? before.fromBlock : fromBlock,
    });
  }
  const module = safeSessionModuleAddress();
  for (const owner of accounts) {
    const { chainId, address } = owner;
    if ([...found.values()].some((one) => one.chainId === chainId && one.account === address)) continue;
    const name = nameOf(chainId, address, module);
    found.set(name, {
      name,
      chainId,
      account: address,
      module,
      accountKind: "safe",
      owner,
      grants: [],
      fromBlock: undefined,
    });
  }
  return [...found.values()];
}
