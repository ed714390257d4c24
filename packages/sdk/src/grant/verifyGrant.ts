import { type Address, type Chain, type Client, erc20Abi, type Hex, type Transport } from "viem";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { accountKindRefusal } from "../accounts/accountKindRefusal.ts";
import { errorText, type MessageCode } from "../errors/errorText.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { Refusal, type RefusalCode, type RefusalDetails } from "../errors/Refusal.ts";
import { readableValues } from "../errors/readableValues.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { getBlock, getCode, readContract } from "../internal/chainActions.ts";
import { parseHex } from "../internal/parseHex.ts";
import { checkSession } from "../session/checkSession.ts";
import { grantDigest } from "../session/grantDigest.ts";
import { hashSession } from "../session/hashSession.ts";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import { PERMIT2 } from "../session/permit2.ts";
import type { Session } from "../session/Session.ts";
import { readStateAndPause } from "../session/sessionState.ts";
import type { Grant } from "./Grant.ts";
import { requireGrantChain } from "./requireGrantChain.ts";
import { sessionIn } from "./sessionIn.ts";

/** Whether a grant is valid now; if not, the first reason found. NOT_YET_VALID is the last: nothing else is wrong. */
export type GrantVerdict = { valid: true } | { valid: false; reason: Refusal };

/**
 * Checks on the chain whether an account accepts a grant, as the module does: a Safe must accept its owners'
 * signatures, and reject an empty one; for an ERC-7579 account the grant must start with the granter of the installation, and
 * its ERC-1271 function must accept it. Also checks whether the session can be used: shape, window, epoch, state, module, and whether the
 * account has approved Permit2 if that pays for it.
 *
 * @param client Any viem client of the grant's chain.
 * @returns The result, with a typed reason.
 * @throws {Refusal} NETWORK if the node cannot be reached, so that there is no result; UNKNOWN if the contract at
 * the grant's `module` is not a session module.
 */
export async function verifyGrant(
  client: Client<Transport, Chain | undefined>,
  grant: Grant,
): Promise<GrantVerdict> {
  try {
    await requireGrantChain(client, grant);
  } catch (error) {
    if (error instanceof InvalidGrant) return { valid: false, reason: error };
    throw error;
  }
  let session: Session;
  try {
    session = sessionIn(grant);
    checkSession(session, grant.module);
    parseHex(grant.signature, "signature");
  } catch (error) {
    if (error instanceof Refusal) return { valid: false, reason: error };
    throw error;
  }
  const { account } = session;
  const no = (
    code: RefusalCode,
    shortMessage: string,
    metaMessage: string,
    details: RefusalDetails = {},
  ): GrantVerdict => ({
    valid: false,
    reason: new Refusal({ code, shortMessage, metaMessages: [metaMessage], details }),
  });

  const [block, accountCode, moduleCode] = await Promise.all([
    getBlock(client, { blockTag: "latest" }),
    getCode(client, { address: account }),
    getCode(client, { address: grant.module }),
  ]);
  if (isNothing(moduleCode))
    return no(
      "UNKNOWN_MODULE",
      `There is no contract at ${grant.module}.`,
      "Ask for a grant with a deployed module.",
    );
  if (isNothing(accountCode))
    return no(
      "NOT_GRANTED",
      `The account ${account} is not deployed.`,
      "Deploy the account, then use the grant.",
    );
  const kindRefusal = await accountKindRefusal(client, grant);
  if (kindRefusal) return { valid: false, reason: kindRefusal };
  const adapter = accountAdapterOf(grant.accountKind);
  const [{ state, paused }, epoch, moduleRefusal] = await Promise.all([
    readStateAndPause(client, { module: grant.module, id: hashSession(session), account }),
    readContract(client, {
      address: grant.module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
    adapter.moduleRefusal(client, { account, module: grant.module }),
  ]);
  const now = Number(block.timestamp);
  if (state === "REVOKED") return refused("REVOKED");
  if (paused) return refused("PAUSED");
  if (epoch !== session.epoch) return refused("WRONG_EPOCH", { epoch: session.epoch, current: epoch });
  if (now >= session.validUntil) return refused("EXPIRED", { validUntil: session.validUntil });
  if (moduleRefusal) return { valid: false, reason: moduleRefusal };
  const notApproved = await unapprovedToken(client, session);
  if (notApproved)
    return no(
      "APPROVAL",
      `The account has not approved ${notApproved} to Permit2, which pays for the session's signed payments.`,
      "Have the account approve it: enableSession does, in the batch that enables the session.",
      { token: notApproved },
    );
  // Last: a caller may accept a grant for this reason alone.
  const valid: GrantVerdict =
    now < session.validAfter ? refused("NOT_YET_VALID", { validAfter: session.validAfter }) : { valid: true };
  if (state === "ENABLED") return valid;
  if (grant.signature === "0x")
    return no("NOT_GRANTED", "The grant has no signature.", "Have the owner sign it, or enable the session.");

  const reason = await adapter.grantRefusal(client, {
    account,
    module: grant.module,
    digest: grantDigest(session, grant),
    signature: grant.signature,
  });
  return reason ? { valid: false, reason } : valid;
}

/** A token that Permit2 shall pay, and may take nothing of. */
async function unapprovedToken(
  client: Client<Transport, Chain | undefined>,
  { account, budgets }: Session,
): Promise<Address | undefined> {
  const tokens = budgets.filter(isPaidByPermit2).map(({ token }) => token);
  const allowances = await Promise.all(
    tokens.map((address) =>
      readContract(client, { address, abi: erc20Abi, functionName: "allowance", args: [account, PERMIT2] }),
    ),
  );
  return tokens.find((_, index) => allowances[index] === 0n);
}

/** In the catalogue's words. */
const refused = (code: MessageCode, details: RefusalDetails = {}): GrantVerdict => ({
  valid: false,
  reason: new Refusal({ ...errorText(code, readableValues(details)), details }),
});

const isNothing = (code: Hex | undefined) => code === undefined || code === "0x";
