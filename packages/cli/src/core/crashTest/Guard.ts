import type { Address } from "viem";
import type { CrashWorld, HeldKey } from "./CrashWorld.ts";

/** Buys something from the shop. Throws if the purchase is refused. */
export type Pay = (url: string) => Promise<Response>;

/** An agent with a funded wallet of its own, limited in one way. */
export type LimitedAgent = {
  /** Whose money it is. */
  account: Address;
  /** Starts a process of the agent: what it needs from disk is there, its memory is empty. */
  start(options?: { fetch?: typeof fetch }): Pay;
  /** What somebody does who holds everything that the agent's machine holds, and runs a program of their own. */
  rob(thief: HeldKey): Promise<void>;
};

/** One way to limit an agent. */
export type Guard = {
  name: string;
  /** How it is set up, as its own documentation says. */
  setup: string;
  /** Packages that it needs and the user's folder lacks. */
  missing(world: Pick<CrashWorld, "peers">): readonly string[];
  /**
   * Funds a wallet, and sets up an agent that pays from it.
   * @param options.untilEdge Seconds until the day ends, for a limit whose days begin with it.
   */
  open(world: CrashWorld, options?: { untilEdge?: number }): Promise<LimitedAgent>;
};
