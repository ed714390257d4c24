import type { LocalAccount } from "viem";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { type HandoffOptions, openHandoff, type SessionHandoff } from "./openHandoff.ts";

/**
 * Goes on waiting for the answer to a request that was handed out before, by a process that has ended. Where its callback can
 * be opened again, the page's answer still arrives there.
 *
 * @throws {InvalidInput} The request is not valid.
 */
export const resumeHandoff = (
  request: HandoffRequest,
  { callback = true, ...options }: HandoffOptions & { sender: LocalAccount },
): Promise<SessionHandoff> =>
  openHandoff(async () => request, {
    ...options,
    callback: callback && request.callback !== undefined,
    ...(request.callback === undefined ? {} : { callbackUrl: request.callback }),
  });
