import type { Address, Hash } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { encodeRevokeAll } from "../encoding/encodeRevokeAll.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import { sendAsAccount } from "./sendAsAccount.ts";

/** Whose sessions end: those of an account, named by itself or by any of its grants. */
export type SessionsToRevoke =
  | { grant: Grant | Proposal; account?: never; accountKind?: never; module?: never }
  | {
      grant?: never;
      account: Address;
      accountKind: AccountKind;
      /** The session module whose sessions end; another module's live on. */
      module: Address;
    };

/**
 * Ends every session and every unused grant that an account ever gave by a module, also those that nobody remembers.
 * For when a key may have leaked and it is not known which, and after the account's owners have changed. Who may grant
 * stays: see {@link encodeRevokeAll}.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant Any grant of the account; or name `account`, `accountKind` and `module`.
 * @param parameters.send How an account of another kind acts: see {@link revokeSession}.
 * @returns The transaction's hash (or what `send` gave). The sessions work until that is mined: wait for the receipt.
 * @throws {Refusal} WRONG_CHAIN, where a grant is given; UNSUPPORTED_ACCOUNT; see {@link executeAsSafe}.
 */
export async function revokeAllSessions(
  client: PayingClient,
  parameters: SessionsToRevoke & BySafeOwners,
): Promise<Hash>;
export async function revokeAllSessions(
  client: ReadingClient,
  parameters: SessionsToRevoke & BySending,
): Promise<Hash>;
export async function revokeAllSessions(
  client: PayingClient | ReadingClient,
  parameters: SessionsToRevoke & (BySafeOwners | BySending),
): Promise<Hash> {
  const { grant } = parameters;
  if (grant) await requireGrantChain(client, grant);
  const { account, accountKind, module } = grant
    ? { account: sessionIn(grant).account, accountKind: grant.accountKind, module: grant.module }
    : parameters;
  return sendAsAccount(client, {
    ...parameters,
    account,
    accountKind,
    calls: [encodeRevokeAll({ module })],
  });
}
