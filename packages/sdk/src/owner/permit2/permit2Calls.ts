import {
  type Address,
  type Chain,
  type Client,
  encodeFunctionData,
  erc20Abi,
  isAddressEqual,
  type Transport,
} from "viem";
import type { AccountKind } from "../../accounts/AccountKind.ts";
import { accountAdapterOf } from "../../accounts/accountAdapterOf.ts";
import { isRefusal } from "../../errors/isRefusal.ts";
import { loggable } from "../../errors/json.ts";
import { Refusal } from "../../errors/Refusal.ts";
import type { Grant, Proposal } from "../../grant/Grant.ts";
import { requireGrantChain } from "../../grant/requireGrantChain.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { listSessions } from "../../history/listSessions.ts";
import { sharedAggregatingClient } from "../../internal/aggregatingClient.ts";
import { answerOf } from "../../internal/answerOf.ts";
import { call, getChainId, readContract } from "../../internal/chainActions.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { resolveBlockRange } from "../../internal/readLogs.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";
import { hashSession } from "../../session/hashSession.ts";
import { isPaidByPermit2 } from "../../session/paymentMethods.ts";
import { PERMIT2, permit2DomainSeparator } from "../../session/permit2.ts";
import { permit2Abi } from "../../session/permit2Abi.ts";
import { permit2Need } from "../../session/permit2Need.ts";
import type { Session } from "../../session/Session.ts";
import { permit2Spenders } from "./permit2Spenders.ts";
import { type Permit2Search, type Permit2Standing, readAllowance } from "./permit2Standing.ts";

/** What becomes of an account's approval of Permit2, of one token. */
export type Permit2Change = Permit2Standing & {
  /** The allowance afterwards. Where it stays above `needed`, sessions have not raised it so far, and do not lower it. */
  becomes: bigint;
};

/** Which sessions a batch enables and revokes. */
export type Permit2Occasion =
  | { enabling: Proposal | Grant; revoking?: Proposal | Grant }
  | { enabling?: never; revoking: Proposal | Grant }
  /** Every session of the account in the module; also where the module is removed. */
  | { enabling?: never; revoking: "all"; account: Address; accountKind: AccountKind; module: Address };

/** Calls of a batch for Permit2, and what they bring about. */
export type Permit2Plan = { calls: readonly EncodedCall[]; changes: readonly Permit2Change[] };

/**
 * The calls, beside enabling and revoking, with which an account keeps its approval of Permit2 to what its sessions need:
 *
 * - where a session is enabled, at least what all live sessions could still spend by Permit2 until they end. A larger
 *   approval stays. Allowances that others have in Permit2 are locked down, and on a Safe 1.5.0 the module becomes the
 *   verifier of Permit2's domain;
 * - where sessions are revoked, no more than the remaining ones need, unless the approval is larger than sessions can have
 *   made it: then it stays. If the token rejects the change, as while it is paused, the call is left out, so that the
 *   sessions can be revoked all the same.
 *
 * Pass the result to {@link enableSession}, {@link replaceSession}, {@link revokeSession} or {@link revokeAllSessions} as
 * `permit2`. In other batches, add the calls after `encodeEnable` or the calls of `safeRemoval` and `erc7579Removal`.
 *
 * @param client Any viem client of the chain.
 * @throws {Refusal} WRONG_CHAIN; INVALID_RANGE; MODULE_NOT_ENABLED: a Safe has another verifier of Permit2's domain; TOKEN_CALL_FAILED:
 * the token does not approve; NETWORK
 */
export async function permit2Calls(
  client: Client<Transport, Chain | undefined>,
  parameters: Permit2Occasion & Permit2Search,
): Promise<Permit2Plan> {
  const { enabling, revoking } = parameters;
  for (const one of [enabling, revoking])
    if (one !== undefined && one !== "all") await requireGrantChain(client, one);
  const enabled = enabling && sessionIn(enabling);
  const revoked = revoking !== undefined && revoking !== "all" ? sessionIn(revoking) : undefined;
  const of = accountOf(parameters);
  const account = parseAddress(of.account, "account");
  const module = parseAddress(of.module, "module");
  const together = sharedAggregatingClient(client);
  const [listed, range] = await Promise.all([
    listSessions(client, { ...searchIn(parameters), account, module }),
    resolveBlockRange(client, parameters),
  ]);
  const known = new Map(listed.map(({ id, session }) => [id, session]));
  const live = new Map(
    revoking === "all" ? [] : listed.flatMap(({ id, session, alive }) => (alive ? [[id, session]] : [])),
  );
  if (revoked) known.set(hashSession(revoked), revoked);
  if (revoked) live.delete(hashSession(revoked));
  if (enabled) live.set(hashSession(enabled), enabled);
  const tokens = permit2Tokens(
    [...(revoking === "all" ? known.values() : []), revoked, enabled].filter((one) => one !== undefined),
  );
  if (tokens.length === 0) return { calls: [], changes: [] };

  const [standings, spenders, verifier] = await Promise.all([
    Promise.all(
      tokens.map((token) =>
        readAllowance(together, {
          account,
          token,
          live: [...live].map(([id, session]) => ({ id, session })),
        }),
      ),
    ),
    permit2Spenders(together, range, { account, tokens: enabled ? permit2Tokens([enabled]) : [] }),
    enabled
      ? accountAdapterOf(of.accountKind).domainCalls(client, {
          account,
          module,
          domainSeparator: permit2DomainSeparator(await getChainId(client)),
        })
      : [],
  ]);
  const changes = standings.map((standing): Permit2Change => {
    const { token, allowance, needed, missing } = standing;
    // What sessions can have raised it to, expired and revoked ones included.
    const most = [...known.values()].reduce((sum, session) => sum + wholeNeed(session, token), 0n);
    const isOurs = revoking !== undefined && allowance <= most && allowance > needed;
    return {
      ...standing,
      spenders: spenders.filter((one) => isAddressEqual(one.token, token)),
      becomes: (enabled && missing > 0n) || isOurs ? needed : allowance,
    };
  });
  const approvals = await Promise.all(changes.map((change) => approve(client, account, change)));
  return loggable({
    calls: [...lockdown(spenders), ...verifier, ...approvals.flatMap(({ calls }) => calls)],
    changes: changes.map((change, index) => ({ ...change, becomes: approvals[index]?.becomes ?? 0n })),
  });
}

/** Whose batch it is. */
function accountOf(occasion: Permit2Occasion): {
  account: Address;
  accountKind: AccountKind;
  module: Address;
} {
  if (occasion.revoking === "all") return occasion;
  const carrier = (occasion.enabling ?? occasion.revoking) as Proposal;
  return {
    account: sessionIn(carrier).account,
    accountKind: carrier.accountKind,
    module: carrier.module,
  };
}

/** The part of the parameters that a search takes. */
const searchIn = ({ fromBlock, toBlock, mostBlocks, grants }: Permit2Search): Permit2Search => ({
  fromBlock,
  ...(toBlock === undefined ? {} : { toBlock }),
  ...(mostBlocks === undefined ? {} : { mostBlocks }),
  ...(grants === undefined ? {} : { grants }),
});

/** The tokens that Permit2 pays for sessions, each once. */
const permit2Tokens = (sessions: readonly Session[]): Address[] =>
  sessions
    .flatMap(({ budgets }) => budgets.filter(isPaidByPermit2))
    .map(({ token }) => token)
    .filter((token, at, all) => all.findIndex((other) => isAddressEqual(other, token)) === at);

const wholeNeed = (session: Session, token: Address): bigint =>
  session.budgets
    .filter((budget) => isPaidByPermit2(budget) && isAddressEqual(budget.token, token))
    .reduce((sum, budget) => sum + permit2Need(session, budget), 0n);

const lockdown = (spenders: Permit2Standing["spenders"]): EncodedCall[] =>
  spenders.length === 0
    ? []
    : [
        {
          to: PERMIT2,
          value: 0n,
          data: encodeFunctionData({
            abi: permit2Abi,
            functionName: "lockdown",
            args: [spenders.map(({ token, spender }) => ({ token, spender }))],
          }),
        },
      ];

/** The calls that change the allowance, by way of 0 if the token wants that. */
async function approve(
  client: Client<Transport, Chain | undefined>,
  account: Address,
  { token, allowance, becomes: wanted }: Permit2Change,
): Promise<{ calls: EncodedCall[]; becomes: bigint }> {
  const unchanged = { calls: [], becomes: allowance };
  if (wanted === allowance) return unchanged;
  const approval = (amount: bigint): EncodedCall => ({
    to: token,
    value: 0n,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [PERMIT2, amount] }),
  });
  const accepts = (amount: bigint) => succeeds(client, account, approval(amount));
  if (await accepts(wanted)) return { calls: [approval(wanted)], becomes: wanted };
  const byZero = allowance > 0n && wanted > 0n && (await accepts(0n));
  // An allowance of some tokens has fewer bits than an amount, but enough for all that there is.
  const supply = wanted < FEW_BITS ? undefined : await supplyOf(client, token);
  const becomes = supply !== undefined && supply < wanted ? supply : wanted;
  if (becomes <= allowance && wanted > allowance) return unchanged;
  if (byZero) return { calls: [approval(0n), approval(becomes)], becomes };
  if (becomes !== wanted && (await accepts(becomes))) return { calls: [approval(becomes)], becomes };
  if (wanted < allowance) return unchanged;
  throw new Refusal({
    code: "TOKEN_CALL_FAILED",
    shortMessage: `The token ${token} does not let ${account} approve Permit2.`,
    metaMessages: ["Nothing was signed. Check whether the token is paused or blocks the account."],
    details: { token },
  });
}

/** Tokens whose allowances do not have 256 bits have 96, as COMP and UNI. */
const FEW_BITS = 1n << 96n;

const supplyOf = (
  client: Client<Transport, Chain | undefined>,
  token: Address,
): Promise<bigint | undefined> =>
  answerOf(readContract(client, { address: token, abi: erc20Abi, functionName: "totalSupply" }));

/** Whether the token would approve. A batch does not look at what it returns. */
async function succeeds(
  client: Client<Transport, Chain | undefined>,
  account: Address,
  approval: EncodedCall,
): Promise<boolean> {
  try {
    const { data = "0x" } = await call(client, { account, to: approval.to, data: approval.data });
    return data === "0x" || BigInt(data) === 1n;
  } catch (error) {
    if (isRefusal(error, "NETWORK")) throw error;
    return false;
  }
}
