import type { LocalAccount } from "viem";

/** The agent's key: a viem account, or anything else that signs typed data as it does (such as an HSM). */
export type SessionKey = Pick<LocalAccount, "address" | "signTypedData">;
