import type { LocalAccount } from "viem";
import { createHandoff, type HandoffParameters } from "./createHandoff.ts";
import { type HandoffOptions, openHandoff, type SessionHandoff } from "./openHandoff.ts";

/** Parameters of {@link requestSession}. */
export type SessionHandoffParameters = Omit<HandoffParameters, "key" | "callback"> &
  HandoffOptions & {
    /** The session's key. It also sends the transactions of the answer, unless `sender` does. */
    key: LocalAccount;
    /** Pays the gas of the answer's transactions. Default: the key. */
    sender?: LocalAccount;
  };

/**
 * Requests a session from an owner with a link to a page: no server in between, and the owner may be on another machine. Open the
 * link, or show it with its codes ({@link printHandoff}), then await `answer`.
 *
 * The answer arrives through a callback on this machine, or {@link SessionHandoff.receive}. It is checked before it is
 * accepted ({@link parseHandoffAnswer}; then the grant is verified on the chain, or the first transaction simulated), then
 * settled ({@link settleHandoff}).
 *
 * @throws {InvalidInput} The request is not valid: a missing limit, no end, no page…
 *
 * @example
 * const handoff = await requestSession({ client, key, page, name: "Research Bot",
 *   budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } }, until: "7d", output: process.stderr });
 * const grant = await handoff.answer;
 */
export async function requestSession(parameters: SessionHandoffParameters): Promise<SessionHandoff> {
  const {
    client,
    key,
    sender = key,
    page,
    callback,
    modules,
    signal,
    output,
    keepAnswer,
    ...asked
  } = parameters;
  return openHandoff((at) => createHandoff(client, { ...asked, key, ...at }), {
    client,
    sender,
    page,
    ...(callback === undefined ? {} : { callback }),
    ...(modules && { modules }),
    ...(signal && { signal }),
    ...(output && { output }),
    ...(keepAnswer && { keepAnswer }),
  });
}
