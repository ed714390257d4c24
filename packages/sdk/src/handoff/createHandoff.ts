import { type Address, bytesToHex, type Chain, type Client, type Transport } from "viem";
import { safeSessionModuleAddress } from "../addresses/safeSessionModuleAddress.ts";
import { getBlock, getChainId } from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { createSession } from "../propose/createSession.ts";
import { readDecimals } from "../propose/readDecimals.ts";
import type { SessionRequest } from "../propose/SessionRequest.ts";
import { signedPaymentKinds } from "../propose/signedPaymentKinds.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { handoffOf } from "./handoffOf.ts";

/** An agent's request, in human-readable form. */
export type HandoffParameters = Omit<SessionRequest, "account" | "from"> & {
  /** The granting account, if the agent knows it. Default: the owner chooses. */
  account?: SessionRequest["account"];
  /** The agent's name, 1 to 64 characters. */
  name: string;
  /** The agent's reason, at most 500 characters. */
  justification?: string;
  /** Where the agent waits for the answer, on its own machine. */
  callback?: string;
};

/**
 * Creates the request for a session: reads the chain's id and time, and the decimals of unknown tokens. The
 * session starts when it is granted; `until` as a duration counts from now. Checks whether tokens can be paid by signature, as
 * {@link proposeSession} does.
 *
 * @throws {InvalidInput} As {@link createSession}; INVALID_LIMIT if a token cannot be paid by signature.
 */
export async function createHandoff(
  client: Client<Transport, Chain | undefined>,
  parameters: HandoffParameters,
): Promise<HandoffRequest> {
  const { name, justification, callback, account, ...request } = parameters;
  const [chainId, block] = await Promise.all([getChainId(client), getBlock(client, { blockTag: "latest" })]);
  // If the granting account is unknown, a placeholder lets everything else be checked now.
  const granting = account === undefined ? nobody() : parseAddress(account, "account");
  const module = safeSessionModuleAddress();
  const session = createSession(
    { ...request, account: granting },
    {
      chainId,
      module,
      now: Number(block.timestamp),
      epoch: 0n,
      decimals: await readDecimals(client, request.budgets, chainId),
      kinds: await signedPaymentKinds(client, {
        budgets: request.budgets,
        account: granting,
        module,
        chainId,
      }),
    },
  );
  return handoffOf(session, {
    name,
    chainId,
    isAdjustmentAllowed: true,
    ...(account === undefined ? {} : { from: granting }),
    ...(justification === undefined ? {} : { justification }),
    ...(callback === undefined ? {} : { callback }),
  });
}

/** An address that no one controls. */
const nobody = (): Address => bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(20)));
