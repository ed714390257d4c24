import { concat } from "viem";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { reference } from "./reference.ts";

/** Biconomy's Nexus 1. */
export const nexus = erc7579Adapter({
  ...reference,
  kind: "nexus",
  accountId: "biconomy.nexus.1.",
  laneBytes: 3,
  // After the lane, mode "validate".
  nonceKey: (validator, lane) => concat([lane, "0x00", validator]),
  laneIn: (key) => key >> 168n,
});
