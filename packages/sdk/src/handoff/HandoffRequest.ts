import type { Hex } from "viem";
import type { PermissionRequest } from "./PermissionRequest.ts";
import type { ReplacedSession } from "./ReplacedSession.ts";

/** The version of the hand-off's format. */
export const HANDOFF_VERSION = 1;

/** An agent's request to an owner, carried in a link. It holds no secret of the key. */
export type HandoffRequest = {
  version: typeof HANDOFF_VERSION;
  /** The agent's name, 1 to 64 characters: a claim. Anyone can write any name here. */
  name: string;
  /** 16 random bytes. Only someone who has seen the request can answer it. */
  nonce: Hex;
  /** Where the agent waits on its own machine: `http://127.0.0.1:<port>/…` or `http://localhost:<port>/…`. */
  callback?: string | undefined;
  /**
   * The form of the answer: `erc7715` is the array that ERC-7715's `wallet_requestExecutionPermissions` returns. Default: a
   * {@link HandoffAnswer}.
   */
  answer?: "erc7715" | undefined;
  /** The session that this one replaces: of the same key, and of the account in `from`, which is required then. */
  replaces?: ReplacedSession | undefined;
  /** All for the same key on the same chain: they become one session. */
  permissions: readonly PermissionRequest[];
};
