import { concat } from "viem";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";

/** OpenZeppelin's AccountERC7579. */
export const openzeppelin = erc7579Adapter({
  kind: "openzeppelin",
  owners: undefined,
  accountId: "@openzeppelin/contracts.AccountERC7579.v1.",
  laneBytes: 4,
  nonceKey: (validator, lane) => concat([validator, lane]),
  laneIn: (key) => BigInt.asUintN(32, key),
  granterPrefix: (validator) => validator,
  installationBytes: (_, inner) => inner,
  listsModules: false,
  wrappedHash: undefined,
  wrap: (addressed) => addressed,
});
