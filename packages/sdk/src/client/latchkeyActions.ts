import type { Account, Chain, Client, Hash, Transport } from "viem";
import { budgetSummary } from "../agent/budgetSummary.ts";
import { execute } from "../agent/execute.ts";
import { executeSigned } from "../agent/executeSigned.ts";
import { pay } from "../agent/pay.ts";
import { renounceSession } from "../agent/renounceSession.ts";
import { sessionStatus } from "../agent/sessionStatus.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import type { AccountSender } from "../owner/AccountSender.ts";
import { enableSession, type SessionToEnable } from "../owner/enableSession.ts";
import { pauseSession } from "../owner/pauseSession.ts";
import { readBalanceFloors } from "../owner/replace/readBalanceFloors.ts";
import { replaceSession, type SessionToReplace } from "../owner/replace/replaceSession.ts";
import { resumeSession } from "../owner/resumeSession.ts";
import { revokeAllSessions, type SessionsToRevoke } from "../owner/revokeAllSessions.ts";
import { revokeSession, type SessionToChange } from "../owner/revokeSession.ts";
import { proposeSession } from "../propose/proposeSession.ts";

/** A function of the SDK without the client that it takes first. */
type Action<called extends (client: never, ...rest: never) => unknown> = called extends (
  client: never,
  ...rest: infer parameters
) => infer result
  ? (...rest: parameters) => result
  : never;

/** What {@link latchkeyActions} adds to a client. Each is the SDK's function of that name. */
export type LatchkeyActions = {
  budgetSummary: Action<typeof budgetSummary>;
  execute: Action<typeof execute>;
  executeSigned: Action<typeof executeSigned>;
  pay: Action<typeof pay>;
  proposeSession: Action<typeof proposeSession>;
  readBalanceFloors: Action<typeof readBalanceFloors>;
  renounceSession: Action<typeof renounceSession>;
  sessionStatus: Action<typeof sessionStatus>;
  verifyGrant: Action<typeof verifyGrant>;
  enableSession(parameters: SessionToEnable & AccountSender): Promise<Hash>;
  pauseSession(parameters: SessionToChange & AccountSender): Promise<Hash>;
  replaceSession(parameters: SessionToReplace & AccountSender): Promise<Hash>;
  resumeSession(parameters: SessionToChange & AccountSender): Promise<Hash>;
  revokeAllSessions(parameters: SessionsToRevoke & AccountSender): Promise<Hash>;
  revokeSession(parameters: SessionToChange & AccountSender): Promise<Hash>;
};

/**
 * The SDK's functions that take a client, as actions of the client, in viem's way of extending clients. Those that only read
 * work with any client; those that send need one with an account.
 *
 * @example
 * const agent = createWalletClient({ account: key, chain: base, transport: http() }).extend(latchkeyActions());
 * const hash = await agent.pay({ grant, to: shop, amount: "0.20" });
 */
export const latchkeyActions =
  () =>
  (client: Client<Transport, Chain | undefined, Account | undefined>): LatchkeyActions => {
    // The action refuses a client without an account, with a message.
    const any = client as never;
    return {
      budgetSummary: (grant, options) => budgetSummary(any, grant, options),
      execute: (parameters) => execute(any, parameters),
      executeSigned: (parameters) => executeSigned(any, parameters),
      pay: (parameters) => pay(any, parameters),
      proposeSession: (request) => proposeSession(any, request),
      readBalanceFloors: (grant) => readBalanceFloors(any, grant),
      renounceSession: (parameters) => renounceSession(any, parameters),
      sessionStatus: (grant) => sessionStatus(any, grant),
      verifyGrant: (grant) => verifyGrant(any, grant),
      enableSession: (parameters) => enableSession(any, parameters as never),
      pauseSession: (parameters) => pauseSession(any, parameters as never),
      replaceSession: (parameters) => replaceSession(any, parameters as never),
      resumeSession: (parameters) => resumeSession(any, parameters as never),
      revokeAllSessions: (parameters) => revokeAllSessions(any, parameters as never),
      revokeSession: (parameters) => revokeSession(any, parameters as never),
    };
  };
