import type { Address, Chain, Client, Hex, Transport } from "viem";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import { sharedAggregatingClient } from "../internal/aggregatingClient.ts";
import { readContract } from "../internal/chainActions.ts";
import type { Session } from "../session/Session.ts";
import { readStateAndPause, type SessionState } from "../session/sessionState.ts";

/** How the chain sees a session. */
export type Standing = {
  state: SessionState;
  /** Whether it may still be used, now or later. A paused one may be resumed. */
  isAlive: boolean;
};

/** Reads how the chain sees sessions of one account, in one request where the chain has Multicall3. */
export async function sessionStandings(
  client: Client<Transport, Chain | undefined>,
  { account, module }: { account: Address; module: Address },
  sessions: readonly { id: Hex; session: Pick<Session, "epoch" | "validUntil"> }[],
): Promise<Standing[]> {
  const together = sharedAggregatingClient(client);
  const [now, epoch, ...states] = await Promise.all([
    together.chainTime(),
    readContract(together, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
    ...sessions.map(({ id }) => readStateAndPause(together, { module, id, account })),
  ]);
  return states.map(({ state }, index) => {
    const session = sessions[index]?.session;
    const isAlive = state !== "REVOKED" && session?.epoch === epoch && now < session.validUntil;
    return { state, isAlive };
  });
}
