import type { Address, Chain, Client, Hex, Transport } from "viem";
import { readContract } from "viem/actions";
import { sessionModuleAbi } from "./generated/abis/sessionModuleAbi.ts";

/** What a session is to its account. One with a grant that nobody has used yet is UNKNOWN. */
export type SessionState = "UNKNOWN" | "ENABLED" | "REVOKED";

const states = ["UNKNOWN", "ENABLED", "REVOKED"] as const;

/** Reads what a session is to its account. */
export async function sessionState(
  client: Client<Transport, Chain | undefined>,
  session: { module: Address; id: Hex; account: Address },
): Promise<SessionState> {
  const state = await readContract(client, {
    address: session.module,
    abi: sessionModuleAbi,
    functionName: "stateOf",
    args: [session.id, session.account],
  });
  return states[state] ?? "UNKNOWN";
}
