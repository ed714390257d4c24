import { type Address, getAddress, isAddressEqual, keccak256, slice, zeroAddress } from "viem";
import * as z from "zod/mini";
import { Refusal } from "../errors/Refusal.ts";
import { checkSession } from "../session/checkSession.ts";
import { ANYONE, type Session } from "../session/Session.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import type { PermissionRequest } from "./PermissionRequest.ts";
import { type AskedPermission, LATCHKEY_SESSION, NO_PAYEE, permissionTypes } from "./permissionTypes.ts";
import { schemaFaults } from "./schemaFaults.ts";
import { addressSchema, wholeSchema } from "./schemas.ts";

/** All permissions of a request as one session, for any account and any start. */
export type JoinedPermissions = {
  chainId: number;
  key: Address;
  /** The granting account, if the request names one. */
  from: Address | undefined;
  /** First second of validity (Unix time), if the request names one. */
  startTime: number | undefined;
  /** First second after it. */
  validUntil: number;
  /** @throws {InvalidInput} INVALID_REQUEST: the session would be malformed. */
  session(parameters: { account: Address; validAfter: number; epoch: bigint; salt: bigint }): Session;
};

const ruleSchemas = {
  expiry: z.strictObject({ timestamp: wholeSchema(2 ** 47) }),
  payee: z.strictObject({ addresses: z.array(addressSchema).check(z.minLength(1), z.maxLength(32)) }),
  redeemer: z.strictObject({ addresses: z.array(addressSchema).check(z.minLength(1), z.maxLength(32)) }),
};

/**
 * Joins the permissions of a request into one session: one budget per token, all actions. Nothing is added to the request,
 * and nothing omitted: what one session cannot express exactly is rejected.
 *
 * @param request Its nonce stands for the account, if the permissions name none.
 * @param first Number of the first permission in messages, from 0.
 * @throws {InvalidInput} INVALID_REQUEST
 */
export function joinPermissions(
  request: Pick<HandoffRequest, "nonce" | "permissions">,
  first = 0,
): JoinedPermissions {
  const asked = request.permissions.map((permission, index) => readPermission(permission, first + index));
  const only = <value>(what: string, values: readonly value[]): value => {
    const [first, ...others] = new Set(values);
    if (others.length > 0)
      throw invalidRequest(`The request's permissions differ in ${what}, so they cannot be one session.`);
    return first as value;
  };
  const chainId = Number(
    only(
      "their chain",
      asked.map(({ permission }) => BigInt(permission.chainId)),
    ),
  );
  const key = only(
    "their key",
    asked.map(({ permission }) => getAddress(permission.to)),
  );
  const from = only(
    "their account",
    asked.map(({ permission }) => permission.from && getAddress(permission.from)),
  );
  const validUntil = only(
    "their end",
    asked.map((one) => one.validUntil),
  );
  const startTime = only(
    "their start",
    asked.map(({ startTime }) => startTime),
  );
  const sessions = asked.filter(({ permission }) => permission.permission.type === LATCHKEY_SESSION);
  if (sessions.length > 1) throw invalidRequest("The request asks for two sessions at once.");

  const joined: JoinedPermissions = {
    chainId,
    key,
    from,
    startTime,
    validUntil,
    session({ account, validAfter, epoch, salt }) {
      const span = validUntil - validAfter;
      const session: Session = {
        account,
        key,
        validAfter,
        validUntil,
        epoch,
        salt,
        gasAllowance: sessions[0]?.gasAllowance ?? 0n,
        paymaster: sessions[0]?.paymaster ?? zeroAddress,
        budgets: asked.flatMap((one) => one.budgets({ span, recipients: one.recipients })),
        actions: asked.flatMap(({ actions }) => actions),
      };
      try {
        checkSession(session);
      } catch (error) {
        if (error instanceof Refusal)
          throw invalidRequest(`The request cannot become a session: ${error.shortMessage}`);
        throw error;
      }
      return session;
    },
  };
  const start = startTime ?? Math.max(validUntil - 1, 0);
  // With a placeholder account: this finds what is wrong for any account.
  const nobody = from ?? getAddress(slice(keccak256(request.nonce), 12));
  const { budgets, actions } = joined.session({ account: nobody, validAfter: start, epoch: 0n, salt: 0n });
  if (budgets.length === 0 && actions.length === 0) throw invalidRequest("The request asks for nothing.");
  return joined;
}

type ReadPermission = AskedPermission & {
  permission: PermissionRequest;
  validUntil: number;
  recipients: readonly Address[];
};

function readPermission(permission: PermissionRequest, index: number): ReadPermission {
  const { type, data } = permission.permission;
  const schema = Object.hasOwn(permissionTypes, type) ? permissionTypes[type] : undefined;
  if (!schema) throw invalidRequest(`Permission ${index + 1} has an unknown type.`);
  const parsed = schema.safeParse(data);
  if (!parsed.success)
    throw invalidRequest(`Permission ${index + 1} is malformed.`, schemaFaults(parsed.error));
  const rules = readRules(permission, index);
  if (rules.expiry === undefined) throw invalidRequest(`Permission ${index + 1} does not expire.`);
  const { redeemer, payee } = rules;
  if (redeemer && !redeemer.addresses.every((address) => isAddressEqual(address, permission.to)))
    throw invalidRequest(`Permission ${index + 1} names other redeemers: only its key can use it.`);
  if (payee && !parsed.data.takesPayee)
    throw invalidRequest(
      `Permission ${index + 1} has a payee rule, but its budgets already name recipients.`,
    );
  const recipients = payee?.addresses.map((address) => getAddress(address));
  if (recipients?.some((address) => isAddressEqual(address, ANYONE)))
    throw invalidRequest(`Permission ${index + 1} has the address that means "anyone" as a payee.`);
  return {
    ...parsed.data,
    permission,
    validUntil: rules.expiry.timestamp,
    recipients: recipients ? [...new Set(recipients)] : NO_PAYEE,
  };
}

type Rules = { [name in keyof typeof ruleSchemas]?: z.output<(typeof ruleSchemas)[name]> };

function readRules(permission: PermissionRequest, index: number): Rules {
  const rules: Record<string, unknown> = {};
  for (const { type, data } of permission.rules ?? []) {
    if (!Object.hasOwn(ruleSchemas, type))
      throw invalidRequest(`Permission ${index + 1} has an unknown rule.`);
    if (Object.hasOwn(rules, type)) throw invalidRequest(`Permission ${index + 1} has a rule twice.`);
    const parsed = ruleSchemas[type as keyof typeof ruleSchemas].safeParse(data);
    if (!parsed.success)
      throw invalidRequest(`A rule of permission ${index + 1} is malformed.`, schemaFaults(parsed.error));
    rules[type] = parsed.data;
  }
  return rules as Rules;
}
