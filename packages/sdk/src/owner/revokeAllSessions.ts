import type { Address, Hash } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { encodeRevokeAll } from "../encoding/encodeRevokeAll.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import type { BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
import type { WithPermit2 } from "./permit2/withPermit2.ts";
import { sendAsAccount } from "./sendAsAccount.ts";

/** The account whose sessions are revoked, itself or any of its grants. */
export type SessionsToRevoke = WithPermit2 & AccountOfSessions;

type AccountOfSessions =
  | { grant: Grant | Proposal; account?: never; accountKind?: never; module?: never }
  | {
      grant?: never;
      account: Address;
      accountKind: AccountKind;
      /** The session module whose sessions are revoked; another module's stay valid. */
      module: Address;
    };

/**
 * Revokes every session and every unused grant of an account in a module, also forgotten ones.
 * Use it if an unknown key may have leaked, and after the account's owners have changed. The right to grant
 * stays: see {@link encodeRevokeAll}.
 *
 * @param client Of a Safe or Safe7579: a wallet client that pays the gas, anyone's. With `send`: any client of the chain.
 * @param parameters.grant Any grant of the account; or name `account`, `accountKind` and `module`.
 * @param parameters.permit2 From {@link permit2Calls}: also lowers the account's approval of Permit2, as far as sessions have raised it: see
 * {@link revokeSession}.
 * @param parameters.send How an account of another kind acts: see {@link revokeSession}.
 * @returns The transaction's hash (or what `send` returned). The sessions stay usable until it is mined: wait for the receipt.
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
  const { permit2, ...sender } = parameters;
  return sendAsAccount(client, {
    ...sender,
    account,
    accountKind,
    calls: [encodeRevokeAll({ module }), ...(permit2?.calls ?? [])],
  });
}
