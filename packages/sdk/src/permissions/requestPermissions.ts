import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { accountKindRefusal } from "../accounts/accountKindRefusal.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { GRANT_VERSION, type Grant, type Proposal } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import { invalidRequest } from "../handoff/invalidRequest.ts";
import { type PermissionResponse, permissionResponse } from "../handoff/permissionResponse.ts";
import { sessionExcess } from "../handoff/sessionExcess.ts";
import { getBlock, getChainId, readContract } from "../internal/chainActions.ts";
import { hasCode } from "../internal/hasCode.ts";
import { parseHex } from "../internal/parseHex.ts";
import { reviewSession } from "../review/reviewSession.ts";
import { randomSalt } from "../session/randomSalt.ts";
import type { Session } from "../session/Session.ts";
import type { GrantingAccount } from "./GrantingAccount.ts";
import type { PermissionToReview } from "./PermissionToReview.ts";
import { declinedByOwner, invalidParams, ProviderRpcError, RPC_ERROR } from "./ProviderRpcError.ts";
import { type ReadPermission, readPermissions } from "./readPermissions.ts";

/** Shows permissions to the owner, and returns their grants in the same order; undefined if the owner declines. */
export type AskOwner = (permissions: readonly PermissionToReview[]) => Promise<readonly Grant[] | undefined>;

/** What was requested, in the provider's own copy, and what the owner is shown of it. */
type Asked = ReadPermission & { session: Session; shown: PermissionToReview };

/**
 * Has the owner grant what a site requests, each permission as a session of its own. All or nothing.
 *
 * @param params As `wallet_requestExecutionPermissions` got them.
 * @param keep Keeps the answers before the site gets them.
 * @throws {ProviderRpcError}
 */
export async function requestPermissions(
  granting: GrantingAccount,
  params: unknown,
  ask: AskOwner,
  keep: (responses: readonly PermissionResponse[]) => Promise<void>,
): Promise<PermissionResponse[]> {
  const chainId = await getChainId(granting.client);
  const read = readPermissions(params, { account: granting.account, chainId });
  const { now, epoch } = await readAccount(granting);
  const asked = await Promise.all(
    read.map((permission) => propose(granting, permission, { chainId, now, epoch })),
  );
  const grants = await ask(asked.map(({ shown }) => shown));
  if (grants === undefined) throw declinedByOwner();
  const granted = await Promise.all(
    asked.map((one, index) => checkGrant(granting, one, grants[index] as Grant)),
  );
  const responses = asked.map((one, index) => answer(one, granted[index] as Grant));
  await keep(responses);
  return responses;
}

/** What all sessions of the account depend on. A site is not told which account it is. */
async function readAccount({ client, account, accountKind, module }: GrantingAccount) {
  const [{ timestamp }, isDeployed, hasModule] = await Promise.all([
    getBlock(client, { blockTag: "latest" }),
    hasCode(client, account),
    hasCode(client, module),
  ]);
  if (!isDeployed) throw unavailable("The account is not deployed. Its owner has to deploy it first.");
  if (!hasModule) throw unavailable("The account's session module is not on this chain.");
  const [kindRefusal, moduleRefusal, epoch] = await Promise.all([
    accountKindRefusal(client, { accountKind, session: { account } }),
    accountAdapterOf(accountKind).moduleRefusal(client, { account, module }),
    readContract(client, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
  ]);
  if (kindRefusal) throw kindRefusal;
  if (moduleRefusal)
    throw unavailable(
      "The account does not have its session module. Its owner has to install it first.",
      moduleRefusal,
    );
  return { now: Number(timestamp), epoch };
}

const unavailable = (message: string, cause?: Refusal) =>
  new ProviderRpcError(message, {
    code: RPC_ERROR.unavailable,
    data: { code: cause?.code ?? "UNSUPPORTED_ACCOUNT" },
    cause,
  });

/** @throws {ProviderRpcError} The chain would reject the session, or the review could not show it. */
async function propose(
  { client, account, accountKind, module }: GrantingAccount,
  read: ReadPermission,
  { chainId, now, epoch }: { chainId: number; now: number; epoch: bigint },
): Promise<Asked> {
  const { permission, justification, joined } = read;
  try {
    if (joined.validUntil <= now) throw invalidRequest("The requested time has passed.");
    const parties = { account, validAfter: joined.startTime ?? now, epoch, salt: randomSalt() };
    const session = joined.session(parties);
    const proposal: Proposal = { version: GRANT_VERSION, chainId, module, accountKind, session };
    const review = await reviewSession(client, proposal);
    return {
      ...read,
      session: sessionIn(proposal),
      shown: { permission: structuredClone(permission), justification, proposal, review },
    };
  } catch (error) {
    if (isRefusal(error) && error.code !== "NETWORK") throw invalidParams(error);
    throw error;
  }
}

/**
 * The grant of what was shown, in the provider's own copy.
 *
 * @throws {InvalidGrant} INVALID_GRANT: more than was shown, or less although nothing may be changed; or as {@link verifyGrant}.
 */
async function checkGrant(
  { client, accountKind, module }: GrantingAccount,
  { session: requested, permission, joined }: Asked,
  given: Grant,
): Promise<Grant> {
  const session = sessionIn(given);
  const signature = parseHex(given.signature, "signature");
  // A signature for another chain or module does not fit these.
  const { chainId } = joined;
  const grant: Grant = { version: GRANT_VERSION, chainId, module, accountKind, session, signature };
  if (session.salt !== requested.salt) throw notAsAsked("The grant is not one of the proposal.");
  const excess = sessionExcess(session, requested);
  if (excess.length > 0)
    throw notAsAsked(
      "The grant allows more than was requested.",
      excess.map(({ path, reason }) => `${path}: ${reason}`),
    );
  const isExact = sessionExcess(requested, session).length === 0;
  if (!isExact && !permission.permission.isAdjustmentAllowed)
    throw notAsAsked("The grant allows less than was requested, and the request allows no changes.");
  const verdict = await verifyGrant(client, grant);
  if (!verdict.valid && verdict.reason.code !== "NOT_YET_VALID") throw verdict.reason;
  return grant;
}

function answer({ permission, justification }: Asked, grant: Grant): PermissionResponse {
  const response = permissionResponse(permission, grant);
  if (!justification) return response;
  const { data, ...rest } = response.permission;
  return { ...response, permission: { ...rest, data: { ...data, justification: justification.text } } };
}

const notAsAsked = (shortMessage: string, faults: readonly string[] = []) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: [
      "Grant the proposals as they were shown, or lower them where the request allows it.",
      ...faults,
    ],
    details: { faults },
  });
