import {
  type Address,
  type Chain,
  type Client,
  decodeFunctionData,
  erc20Abi,
  type Hex,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import type { BalanceFloor } from "../encoding/BalanceFloor.ts";
import { decodeError } from "../errors/decodeError.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../grant/Grant.ts";
import { spentMeanwhile } from "../owner/replace/spentMeanwhile.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { sessionState } from "../session/sessionState.ts";
import { executedCalls } from "./executedCalls.ts";
import type { GrantedAnswer } from "./HandoffAnswer.ts";
import { invalidAnswer } from "./invalidAnswer.ts";

/** What an answer's batch does besides enabling the session. */
export type Replacement = {
  /** The ids of the sessions that it revokes. */
  revoked: readonly Hex[];
  /** What the account must still hold, or the batch fails. */
  floors: readonly BalanceFloor[];
};

/** @returns Undefined if the answer's transactions revoke no session. */
export function replacementIn({
  grant,
  transactions,
}: Pick<GrantedAnswer, "grant" | "transactions">): Replacement | undefined {
  const calls = transactions.flatMap((one) => executedCalls(one) ?? []);
  const revoked = calls.flatMap((call) => revokedBy(call, grant.module));
  if (revoked.length === 0) return undefined;
  return { revoked, floors: calls.flatMap((call) => floorOf(call, grant.session.account)) };
}

/**
 * The reason why a replacement failed, where a Safe says only that a call of its batch did.
 *
 * @returns SPENT_MEANWHILE; undefined if the chain did not reject it, or for another reason.
 * @throws {Refusal} NETWORK
 */
export async function replacementRefusal(
  client: Client<Transport, Chain | undefined>,
  { session, chainId }: Grant,
  { floors }: Replacement,
  error: unknown,
): Promise<Refusal | undefined> {
  const { code } = decodeError(error);
  if (["OUTCOME_UNKNOWN", "NETWORK", "NO_GAS"].includes(code)) return undefined;
  return spentMeanwhile(client, { account: session.account, chainId, floors }, error);
}

/** @throws {InvalidGrant} INVALID_ANSWER: one of the sessions is still there. */
export async function requireRevoked(
  client: Client<Transport, Chain | undefined>,
  { module, session: { account } }: Grant,
  revoked: readonly Hex[],
): Promise<void> {
  const states = await Promise.all(revoked.map((id) => sessionState(client, { module, id, account })));
  if (states.some((state) => state !== "REVOKED"))
    throw invalidAnswer("The new session is enabled, and the old one is still valid.");
}

function revokedBy({ to, data }: EncodedCall, module: Address): readonly Hex[] {
  if (!isAddressEqual(to, module)) return [];
  try {
    const { functionName, args } = decodeFunctionData({ abi: sessionModuleAbi, data });
    return functionName === "revoke" ? args : [];
  } catch {
    return [];
  }
}

/** A transfer of the account to itself is a guard: it fails where the account holds less. */
function floorOf({ to, value, data }: EncodedCall, account: Address): BalanceFloor[] {
  if (isAddressEqual(to, account)) return value > 0n ? [{ token: zeroAddress, amount: value }] : [];
  try {
    const { functionName, args } = decodeFunctionData({ abi: erc20Abi, data });
    if (functionName !== "transfer" || !isAddressEqual(args[0], account)) return [];
    return [{ token: to, amount: args[1] }];
  } catch {
    return [];
  }
}
