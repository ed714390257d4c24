import type { Address, Chain, Client, Hex, Transport } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { readContract } from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";

/** The state of a session. One with an unused grant is UNKNOWN. */
export type SessionState = "UNKNOWN" | "ENABLED" | "REVOKED";

const states = ["UNKNOWN", "ENABLED", "REVOKED"] as const;

/**
 * Reads the state of a session.
 *
 * @param client Any viem client of the chain.
 * @param session.id Of the session: {@link hashSession}.
 * @throws {Refusal} INVALID_ADDRESS; INVALID_INPUT; NETWORK; UNKNOWN if there is no session module at `module`.
 */
export const sessionState = async (
  client: Client<Transport, Chain | undefined>,
  session: { module: Address; id: Hex; account: Address },
): Promise<SessionState> => (await readStateAndPause(client, session)).state;

/** The same, and whether the account has paused it. */
export async function readStateAndPause(
  client: Client<Transport, Chain | undefined>,
  session: { module: Address; id: Hex; account: Address },
): Promise<{ state: SessionState; paused: boolean }> {
  const [state, paused] = await readContract(client, {
    address: parseAddress(session.module, "module"),
    abi: sessionModuleAbi,
    functionName: "stateOf",
    args: [parseHex(session.id, "id", 32), parseAddress(session.account, "account")],
  });
  return { state: states[state] ?? "UNKNOWN", paused };
}
