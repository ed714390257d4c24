import { type OpenAgent, openAgent } from "@latchkey/sdk/node";
import { type Connection, type ConnectParameters, connect } from "./connection.ts";
import { requireSession, withAdvice } from "./sessionGrant.ts";

/** A session that can be used, and its node. */
export type OpenSession = Connection & { agent: OpenAgent };

type Hooks = Pick<Parameters<typeof openAgent>[0], "fetch" | "onPaid" | "onWaiting" | "signal">;

/**
 * Opens a session that can be used. Also settles an answer of the owner that waits for it.
 *
 * @param hooks Makes what the paying functions are told, once the node is known.
 * @throws {CommandError} NO_NODE, NOT_GRANTED, EXPIRED, REVOKED, WRONG_EPOCH
 * @throws {Refusal} As openAgent.
 */
export async function openSession(
  parameters: ConnectParameters,
  hooks: (connection: Connection) => Hooks = () => ({}),
): Promise<OpenSession> {
  const { folder: dir } = parameters;
  // First: without a session, a missing node is not what is wrong.
  await requireSession(dir);
  const connection = await connect(parameters);
  try {
    const agent = await openAgent({ ...hooks(connection), dir, client: connection.client });
    return { ...connection, agent };
  } catch (error) {
    throw withAdvice(error);
  }
}
