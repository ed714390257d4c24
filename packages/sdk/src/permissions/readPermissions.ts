import { type Address, isAddressEqual, numberToHex } from "viem";
import { isRefusal } from "../errors/isRefusal.ts";
import { invalidRequest } from "../handoff/invalidRequest.ts";
import { type JoinedPermissions, joinPermissions } from "../handoff/joinPermissions.ts";
import type { PermissionRequest } from "../handoff/PermissionRequest.ts";
import { LATCHKEY_SESSION, permissionTypes } from "../handoff/permissionTypes.ts";
import { permissionsSchema } from "../handoff/requestSchema.ts";
import { schemaFaults } from "../handoff/schemaFaults.ts";
import { invalidParams, ProviderRpcError, RPC_ERROR } from "./ProviderRpcError.ts";
import { plainCopy } from "./plainCopy.ts";

/** The types of permission that {@link permissionProvider} grants. */
export const GRANTED_TYPES = Object.keys(permissionTypes).filter((type) => type !== LATCHKEY_SESSION);

/** What `wallet_getSupportedExecutionPermissions` answers. */
export const supportedPermissions = (chainId: number) =>
  Object.fromEntries(
    GRANTED_TYPES.map((type) => [
      type,
      { chainIds: [numberToHex(chainId)], ruleTypes: ["expiry", "redeemer", "payee"] },
    ]),
  );

/** Most permissions of one request: an owner should see all of them at once. */
export const MOST_PERMISSIONS = 8;

/** In characters. */
const MOST_JUSTIFICATION = 1_000;

/** A site's reason, in its own words: a claim. */
export type Justification = {
  /** At most 1,000 characters, never blank. */
  text: string;
  /** Whether the site wrote more; the text then ends with an ellipsis. */
  isCut: boolean;
};

/** A permission as it was requested. */
export type ReadPermission = {
  /** Without its justification. */
  permission: PermissionRequest;
  justification: Justification | undefined;
  /** What becomes its session. */
  joined: JoinedPermissions;
};

/**
 * Reads what `wallet_requestExecutionPermissions` got: all of it or nothing.
 *
 * @throws {ProviderRpcError}
 */
export function readPermissions(
  params: unknown,
  { account, chainId }: { account: Address; chainId: number },
): ReadPermission[] {
  const read = parsePermissions(params);
  if (read.some(({ joined }) => joined.chainId !== chainId))
    throw new ProviderRpcError(`The account grants permissions on chain ${chainId} only.`, {
      code: RPC_ERROR.foreignChain,
    });
  if (read.some(({ permission }) => permission.from && !isAddressEqual(permission.from, account)))
    throw new ProviderRpcError("The permissions are requested from another account.", {
      code: RPC_ERROR.foreignAccount,
    });
  return read;
}

function parsePermissions(params: unknown): ReadPermission[] {
  try {
    if (!Array.isArray(params)) throw invalidRequest("The request is not a list of permissions.");
    const { length } = params;
    if (length > MOST_PERMISSIONS)
      throw new ProviderRpcError(`A request has at most ${MOST_PERMISSIONS} permissions.`, {
        code: RPC_ERROR.tooMany,
        data: { most: MOST_PERMISSIONS },
      });
    const texts: (Justification | undefined)[] = [];
    const plain = Array.from({ length }, (_, index) => {
      const copy = plainCopy(params[index]);
      texts.push(takeJustification(copy));
      return copy;
    });
    const { data, error } = permissionsSchema.safeParse(plain);
    if (!data) throw invalidRequest("The request is malformed.", schemaFaults(error));
    return data.map((permission, index) => {
      if (!GRANTED_TYPES.includes(permission.permission.type))
        throw invalidRequest(`Permission ${index + 1} has an unknown type.`);
      const joined = joinPermissions({ nonce: "0x", permissions: [permission] }, index);
      return { permission, justification: texts[index], joined };
    });
  } catch (error) {
    if (error instanceof ProviderRpcError) throw error;
    // Anything else comes from the site's own getters and proxies.
    throw invalidParams(isRefusal(error) ? error : invalidRequest("The request cannot be read."));
  }
}

/** Takes a permission's justification out of it: it decides nothing, and may be longer than a schema allows. */
function takeJustification(permission: unknown): Justification | undefined {
  const data = memberOf(memberOf(permission, "permission"), "data");
  const text = memberOf(data, "justification");
  if (text === undefined) return undefined;
  delete (data as { justification?: unknown }).justification;
  if (text === null) return undefined;
  if (typeof text !== "string") throw invalidRequest("A justification is not a string.");
  const characters = [...text.replace(/\p{Surrogate}/gu, "\ufffd")];
  const isCut = characters.length > MOST_JUSTIFICATION;
  const shown = isCut ? [...characters.slice(0, MOST_JUSTIFICATION - 1), "…"] : characters;
  return text.trim() === "" ? undefined : { text: shown.join(""), isCut };
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
