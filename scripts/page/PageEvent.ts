import type { Address, Hex } from "viem";

/** What happens while the page runs, in the order of a first visit. Amounts are dollars, as text. */
export type PageEvent =
  | {
      event: "ready";
      /** Where the page is, without a request. */
      page: string;
      /** For the owner to open. */
      link: string;
      code: string;
      fingerprint: string;
      rpc: string;
      chainId: number;
      usdc: Address;
      module: Address;
      /** Whom the agent pays. */
      shop: Address;
      /** Address of the agent's key. */
      agent: Address;
    }
  | { event: "waiting" }
  | { event: "refusedAnswer"; code: string; message: string }
  | { event: "declined" }
  | { event: "granted"; account: Address; session: Hex; transactions: number }
  | { event: "funded"; account: Address; amount: string }
  | { event: "paid"; item: string; amount: string; transaction: Hex; used: string; left: string }
  | { event: "refused"; code: string; message: string }
  | { event: "stopped"; code: string };
