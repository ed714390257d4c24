import { type Hex, hashStruct } from "viem";
import { eip712Types } from "./eip712Types.ts";
import { readBudget } from "./readSession.ts";
import type { Budget } from "./Session.ts";

/** The EIP-712 struct hash of a budget, which replaces it in the payload of an enabled session. */
export const hashBudget = (budget: Budget): Hex =>
  hashStruct({ types: eip712Types, primaryType: "SessionBudget", data: readBudget(budget) });
