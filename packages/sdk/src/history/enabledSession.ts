import type { Address, Hex } from "viem";
import type { Session } from "../session/Session.ts";
import { unpackWhole } from "../session/unpackSession.ts";

/** The session of a `SessionEnabled` event, which has the account and the key as topics. */
export const enabledSession = (event: { account: Address; key: Address; session: Hex }): Session => ({
  account: event.account,
  key: event.key,
  ...unpackWhole(event.session),
});
