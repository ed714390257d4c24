import { type Address, getAddress } from "viem";

/** Nobody in particular, with ether: who sends what others have signed. */
export const RELAYER: Address = getAddress("0x4e1a7e4000000000000000000000000000000001");
