/** A CommonJS user's program: type-checked as a user's own, and run by Node. Prints what it found, as JSON. */
import { addressOf, createSession, isRefusal, safeSessionModuleAddress } from "@latchkey/sdk";
import { decodeSession, encodeSession } from "@latchkey/sdk/encoding";

const account = "0x00000000000000000000000000000000000000A1" as const;
const session = createSession(
  {
    account,
    key: "0x00000000000000000000000000000000000000b2",
    budgets: {
      usdc: { perTransaction: "1", perDay: "20", recipients: ["0x00000000000000000000000000000000000000C3"] },
    },
    until: "7d",
  },
  { chainId: 8453, module: safeSessionModuleAddress(), now: 1_800_000_000, epoch: 0n, salt: 1n },
);
// @ts-expect-error: there is no such contract
export const noContract = () => addressOf("splitsSessionModule", 8453);

let code: string | undefined;
try {
  addressOf("safeSessionModule", 999_999_999);
} catch (error) {
  code = isRefusal(error, "UNKNOWN_CHAIN") ? error.code : undefined;
}
console.log(
  JSON.stringify({
    account: decodeSession(encodeSession(session)).account,
    module: safeSessionModuleAddress(),
    code,
  }),
);
