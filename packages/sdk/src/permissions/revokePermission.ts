import { type Hex, isAddressEqual, isHex } from "viem";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { decodePermissionContext } from "../encoding/permissionContext.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { GRANT_VERSION, type Grant } from "../grant/Grant.ts";
import { getChainId } from "../internal/chainActions.ts";
import { grantDigest } from "../session/grantDigest.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Session } from "../session/Session.ts";
import type { CarriedSession } from "../session/unpackSession.ts";
import type { GrantingAccount } from "./GrantingAccount.ts";
import { invalidParams, ProviderRpcError, RPC_ERROR } from "./ProviderRpcError.ts";
import { sessionStandings } from "./sessionStandings.ts";

/** Longer than the context of any session. */
const MOST_CONTEXT = 2 ** 18;

/** How often the chain is asked about a revocation that it should have. */
const MOST_READS = 10;

/**
 * Has the account revoke the session of a permission context. One that can no longer be used is left as it is.
 *
 * @param params As `wallet_revokeExecutionPermission` got them.
 * @param revoke Asks the owner, and returns once the revocation is mined.
 * @throws {ProviderRpcError}
 */
export async function revokePermission(
  granting: GrantingAccount,
  params: unknown,
  revoke: (grant: Grant) => Promise<unknown>,
): Promise<void> {
  const grant = await readGrant(granting, readContext(params));
  const { session } = grant;
  const read = async () => {
    const [standing] = await sessionStandings(granting.client, granting, [
      { id: hashSession(session), session },
    ]);
    return standing;
  };
  const before = await read();
  if (before?.state === "UNKNOWN" && !(await isGranted(granting, grant))) throw unknownContext();
  if (!before?.isAlive) return;
  await revoke(grant);
  // Nodes behind one address lag behind one another.
  for (let reads = 1; (await read())?.isAlive; reads++) {
    if (reads === MOST_READS)
      throw new ProviderRpcError("The revocation is not on the chain.", { code: RPC_ERROR.failed });
    await new Promise((resolve) => setTimeout(resolve, granting.client.pollingInterval));
  }
}

/** The context in an object, as the standard has it, or in a list with that object, as JSON-RPC clients send it. */
function readContext(params: unknown): Hex {
  try {
    const given = Array.isArray(params) && params.length === 1 ? params[0] : params;
    const { permissionContext } = given as { permissionContext: unknown };
    if (
      typeof permissionContext === "string" &&
      permissionContext.length <= MOST_CONTEXT &&
      isHex(permissionContext)
    )
      return permissionContext;
  } catch {
    // The site's own getter or proxy.
  }
  throw unknownContext();
}

async function readGrant(
  { client, account, accountKind, module }: GrantingAccount,
  context: Hex,
): Promise<Grant> {
  const { session, signature, signed } = decode(context);
  // What is for one execution only was not handed out by this provider.
  if (signed || !isWhole(session) || !isAddressEqual(session.account, account)) throw unknownContext();
  const chainId = await getChainId(client);
  return { version: GRANT_VERSION, chainId, module, accountKind, session, signature };
}

function decode(context: Hex) {
  try {
    return decodePermissionContext(context);
  } catch {
    throw unknownContext();
  }
}

const isWhole = (session: CarriedSession): session is Session =>
  typeof session.actions !== "string" && session.budgets.every((budget) => typeof budget !== "string");

/** Whether the account has signed a session that the chain does not know yet. */
async function isGranted({ client, accountKind }: GrantingAccount, grant: Grant): Promise<boolean> {
  const { session, module, signature } = grant;
  if (signature === "0x") return false;
  const refusal = await accountAdapterOf(accountKind).grantRefusal(client, {
    account: session.account,
    module,
    digest: grantDigest(session, grant),
    signature,
  });
  return refusal === undefined;
}

const unknownContext = () =>
  invalidParams(
    new InvalidInput({
      code: "INVALID_CONTEXT",
      shortMessage: "The permission context is not one that the account has granted.",
      metaMessages: ["Pass the context as the wallet returned it."],
    }),
  );
