import type { Address, Chain, Client, Transport } from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { readAccountKind } from "../accounts/readAccountKind.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
import { GRANT_VERSION, type Proposal } from "../grant/Grant.ts";
import { answerOf } from "../internal/answerOf.ts";
import { getBlock, getChainId, getCode, readContract } from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { createSession } from "./createSession.ts";
import { readDecimals } from "./readDecimals.ts";
import type { SessionRequest } from "./SessionRequest.ts";
import { signedPaymentKinds } from "./signedPaymentKinds.ts";

/**
 * Turns what an owner is asked to allow into a proposal to sign: reads the chain's id and time, the account's epoch,
 * and the decimals of unknown tokens. Checks whether a token that is to be paid by signatures (x402) supports
 * it, unless it is a USDC that this SDK knows, and whether Permit2 and x402's proxies are on this chain if it is to be paid by
 * these: such a budget also needs the account's approval, which {@link enableSession} sends. Signs and sends nothing.
 *
 * Does not check whether the account exists and has the module, as both may come later: {@link verifyGrant} does.
 *
 * @param client Any viem client of the chain.
 * @param request What the key may do, in whole tokens and durations. `module`: the session module; default:
 * the canonical one for the kind of account. `accountKind`: the account's kind; default: a Safe, unless
 * `module` is the one for ERC-7579 accounts, in which case it is read from the account. Pass it for an account that is not
 * deployed yet, and for one whose id is unknown.
 * @throws {InvalidInput} With what to do about it: see {@link createSession}; UNKNOWN_MODULE if the module is not on
 * this chain; UNKNOWN_TOKEN if a token does not return its decimals; INVALID_LIMIT if it cannot be paid by signatures and
 * the budget does not have `x402: false`; INVALID_ADDRESS if the key is a contract; UNSUPPORTED_ACCOUNT if the account's kind is not
 * known, or not supported by the module.
 * @throws {Refusal} NETWORK
 *
 * @example
 * const proposal = await proposeSession(client, {
 *   account: safe,
 *   key: agent,
 *   budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
 *   until: "7d",
 * });
 */
export async function proposeSession(
  client: Client<Transport, Chain | undefined>,
  request: SessionRequest & { module?: Address; accountKind?: AccountKind },
): Promise<Proposal> {
  const account = parseAddress(request.account, "account");
  const module =
    request.module !== undefined
      ? parseAddress(request.module, "module")
      : deterministicAddresses[accountAdapterOf(request.accountKind ?? "safe").module];
  const key = parseAddress(request.key, "key");
  const [chainId, block, code, keyCode = "0x"] = await Promise.all([
    getChainId(client),
    getBlock(client, { blockTag: "latest" }),
    getCode(client, { address: module }),
    getCode(client, { address: key }),
  ]);
  if (code === undefined || code === "0x")
    throw new InvalidInput({
      code: "UNKNOWN_MODULE",
      shortMessage: `There is no contract at ${module} on chain ${chainId}.`,
      metaMessages: ["Pass the address of the deployed session module as module, or deploy it there first."],
      details: { module, chainId },
    });
  // An EOA that delegates by EIP-7702 still signs with its key.
  if (keyCode !== "0x" && !keyCode.startsWith("0xef0100"))
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage: `The key ${key} is a contract, which cannot sign.`,
      metaMessages: ["Pass the address of the agent's own key, not of its smart account."],
      details: { key },
    });
  const [accountKind, epoch, decimals] = await Promise.all([
    // The canonical modules are known to support the kind that they are chosen for.
    request.module === undefined
      ? (request.accountKind ?? "safe")
      : readAccountKind(client, { account, module, named: request.accountKind }),
    readEpoch(client, { account, module }),
    readDecimals(client, request.budgets, chainId),
  ]);
  const kinds = await signedPaymentKinds(client, { budgets: request.budgets, account, module, chainId });
  const now = Number(block.timestamp);
  const from =
    request.from ??
    new Date(1000 * (accountAdapterOf(accountKind).sendsUserOps ? now - BUNDLER_SECONDS : now));
  const session = createSession({ ...request, from }, { chainId, module, now, epoch, decimals, kinds });
  return loggable({ version: GRANT_VERSION, chainId, module, accountKind, session });
}

async function readEpoch(
  client: Client<Transport, Chain | undefined>,
  { account, module }: { account: Address; module: Address },
): Promise<bigint> {
  const epoch = await answerOf(
    readContract(client, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
  );
  if (epoch !== undefined) return epoch;
  throw new InvalidInput({
    code: "UNKNOWN_MODULE",
    shortMessage: `The contract at ${module} is not a session module.`,
    metaMessages: ["Omit module to use the canonical one for the kind of account."],
    details: { module },
  });
}

/**
 * A session that sends userOps starts this many seconds ago: EntryPoints from 0.8 on reject one in its first second,
 * and bundlers one in its first seconds, by their own clock.
 */
const BUNDLER_SECONDS = 60;
