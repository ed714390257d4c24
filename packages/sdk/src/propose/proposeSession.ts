import type { Address, Chain, Client, Transport } from "viem";
import { getBlock, getChainId, getCode, readContract } from "viem/actions";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { GRANT_VERSION, type Proposal } from "../grant/Grant.ts";
import { safeSessionModuleAddress } from "../safeSessionModuleAddress.ts";
import { tokenDecimals } from "../tokenDecimals.ts";
import { parseAddress } from "../units/parseAddress.ts";
import { budgetTokens } from "./budgetTokens.ts";
import { createSession } from "./createSession.ts";
import type { SessionRequest } from "./SessionRequest.ts";

/**
 * Turns what an owner is asked to allow into a proposal to sign: reads the chain's id and time, the account's epoch,
 * and the decimals of tokens that are not known. Signs and sends nothing.
 *
 * @param client Any viem client of the chain.
 * @param request What the key may do, in whole tokens and plain spans of time. `module`: the session module; default:
 * the canonical SafeSessionModule.
 * @throws {InvalidInput} With what to do about it: see {@link createSession}; UNKNOWN_MODULE if the module is not on
 * this chain; UNKNOWN_TOKEN if a token does not tell its decimals.
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
  request: SessionRequest & { module?: Address },
): Promise<Proposal> {
  const account = parseAddress(request.account, "account");
  const module =
    request.module === undefined ? await safeSessionModuleAddress() : parseAddress(request.module, "module");
  const [chainId, block, code] = await Promise.all([
    getChainId(client),
    getBlock(client, { blockTag: "latest" }),
    getCode(client, { address: module }),
  ]);
  if (code === undefined || code === "0x")
    throw new InvalidInput({
      code: "UNKNOWN_MODULE",
      shortMessage: `There is no contract at ${module} on chain ${chainId}.`,
      metaMessages: ["Pass the address of a SafeSessionModule as module, or deploy it there first."],
      details: { module, chainId },
    });
  const [epoch, decimals] = await Promise.all([
    readContract(client, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
    readDecimals(client, request, chainId),
  ]);
  const session = createSession(request, { chainId, module, now: Number(block.timestamp), epoch, decimals });
  return { version: GRANT_VERSION, chainId, module, accountKind: "safe", session };
}

/** By token, in lower case: what each token says of itself, where the request does not know better. */
async function readDecimals(
  client: Client<Transport, Chain | undefined>,
  request: SessionRequest,
  chainId: number,
): Promise<{ [token: string]: number }> {
  const asked = budgetTokens(request.budgets, chainId).filter(({ kind }) => kind !== "native");
  const read = asked.map(
    async ({ token, path }) => [token.toLowerCase(), await tokenDecimals(client, token, path)] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}
