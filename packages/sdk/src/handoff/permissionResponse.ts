import { type Address, type Hex, isAddressEqual, maxUint128, numberToHex, zeroAddress } from "viem";
import { encodePermissionContext } from "../encoding/permissionContext.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { ANYONE, type Budget, type Session } from "../session/Session.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { latchkeySessionData } from "./latchkeySessionData.ts";
import type { PermissionRequest } from "./PermissionRequest.ts";
import { LATCHKEY_SESSION, permissionTypes } from "./permissionTypes.ts";
import { permissionsSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

/** ERC-7715's answer to a {@link PermissionRequest}: the permission as granted, and how it is redeemed (ERC-7710). */
export type PermissionResponse = PermissionRequest & {
  /** The granting account. */
  from: Address;
  /** What the delegation manager's `redeemDelegations` takes. */
  context: Hex;
  /** What must be deployed first: nothing, as the account is. */
  dependencies: readonly { factory: Address; factoryData: Hex }[];
  /** The session module. */
  delegationManager: Address;
};

/**
 * The answer to one permission of a request: what its session allows, in the request's own form. Amounts, recipients, start and
 * end are the session's, which an owner may have lowered.
 *
 * An answer never says more than the session allows: where an owner lowered only the limit per payment, which the six
 * token types cannot express, that limit is the answer's amount.
 *
 * @param permission As requested.
 * @param grant Of the session that the permission became, alone or joined with others of its request. Not verified: see {@link verifyGrant}.
 * @throws {InvalidGrant} INVALID_GRANT: the grant is for another chain, account, key or token.
 * @throws {InvalidInput} INVALID_REQUEST: the permission is malformed or its type is not supported; MALFORMED_SESSION; INVALID_ADDRESS; INVALID_INPUT.
 */
export function permissionResponse(permission: PermissionRequest, grant: Grant): PermissionResponse {
  const asked = readPermission(permission);
  const session = sessionIn(grant);
  const { chainId, from, to } = asked;
  if (
    Number(chainId) !== grant.chainId ||
    !isAddressEqual(to, session.key) ||
    (from !== undefined && !isAddressEqual(from, session.account))
  )
    throw foreign("The grant is for another chain, account or key than the permission.");
  return {
    chainId,
    from: session.account,
    to,
    permission: { ...asked.permission, data: grantedData(asked.permission, session) },
    rules: grantedRules(asked, session),
    context: encodePermissionContext({ grant }),
    dependencies: [],
    delegationManager: parseAddress(grant.module, "module"),
  };
}

function readPermission(permission: PermissionRequest): PermissionRequest {
  const { data, error } = permissionsSchema.safeParse([permission]);
  const [asked] = data ?? [];
  if (!asked) throw invalidRequest("The permission is malformed.", error && schemaFaults(error));
  const { type, data: details } = asked.permission;
  const schema = Object.hasOwn(permissionTypes, type) ? permissionTypes[type] : undefined;
  if (!schema) throw invalidRequest("The permission has an unknown type.");
  const parsed = schema.safeParse(details);
  if (!parsed.success) throw invalidRequest("The permission is malformed.", schemaFaults(parsed.error));
  return asked;
}

type Permission = PermissionRequest["permission"];

function grantedData({ type, data }: Permission, session: Session): Record<string, unknown> {
  if (type === LATCHKEY_SESSION) return { ...data, ...latchkeySessionData(session) };
  const budget = budgetOf({ type, data }, session);
  // Never above the limit per period.
  const most = budget.perTransaction;
  const amount = numberToHex(most);
  const { validAfter: startTime } = session;
  if (type.endsWith("-allowance")) return { ...data, allowanceAmount: amount, startTime };
  if (type.endsWith("-periodic"))
    return { ...data, periodAmount: amount, periodDuration: budget.period, startTime };
  return {
    ...data,
    initialAmount: numberToHex(budget.initial),
    // The largest budget stands for a stream without a maximum.
    ...(most === maxUint128 ? {} : { maxAmount: amount }),
    amountPerSecond: numberToHex(budget.perSecond),
    startTime,
  };
}

/** The budget of the permission's token. */
function budgetOf({ type, data }: Pick<Permission, "type" | "data">, { budgets }: Session): Budget {
  const wanted = type.startsWith("native-") ? zeroAddress : (data.tokenAddress as Address);
  const budget = budgets.find(({ token }) => isAddressEqual(token, wanted));
  if (budget) return budget;
  throw foreign("The granted session has no budget for the permission's token.");
}

function grantedRules({ permission, rules = [] }: PermissionRequest, session: Session) {
  const recipients =
    permission.type === LATCHKEY_SESSION ? [ANYONE] : budgetOf(permission, session).recipients;
  return [
    ...rules.filter(({ type }) => type !== "expiry" && type !== "payee"),
    { type: "expiry", data: { timestamp: session.validUntil } },
    ...(recipients.some((one) => isAddressEqual(one, ANYONE))
      ? []
      : [{ type: "payee", data: { addresses: [...recipients] } }]),
  ];
}

const foreign = (shortMessage: string) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: ["Pass the grant of the session that the permission became."],
  });
