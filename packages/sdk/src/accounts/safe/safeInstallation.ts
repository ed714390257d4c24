import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { SafeCall } from "./SafeCall.ts";
import { safeAbi } from "./safeAbi.ts";
import { type SafeSignatureRail, signatureRailCalls, signatureRailHandler } from "./safeSignatureRail.ts";

/** What {@link safeInstallation} needs to know. */
export type SafeInstallationParameters = SafeSignatureRail & {
  /** The Safe that installs. */
  safe: Address;
  /** The deployed SafeSessionModule. */
  module: Address;
};

/**
 * The calls by which an existing Safe installs Latchkey, to be made in one batch, on one approval of its owners.
 *
 * Every call goes to the Safe, never to the handler: a handler takes the last 20 bytes of its calldata for the
 * sender, and a Safe appends these, a direct call does not.
 *
 * The Safe's fallback handler is replaced, and with it goes whatever it did beyond Safe's own handlers. A Safe
 * that lives by another one (Safe4337Module, Safe7579) must not install this way.
 * @throws {InvalidInput} MODULE_IS_FALLBACK_HANDLER; UNKNOWN_TOKEN: no token's domain is named for a Safe 1.5.0; INVALID_ADDRESS;
 * INVALID_INPUT; UNSUPPORTED_ACCOUNT: no such version.
 */
export function safeInstallation(parameters: SafeInstallationParameters): SafeCall[] {
  const safe = parseAddress(parameters.safe, "safe");
  const module = parseAddress(parameters.module, "module");
  return loggable(
    [
      encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [module] }),
      encodeFunctionData({
        abi: safeAbi,
        functionName: "setFallbackHandler",
        args: [signatureRailHandler(parameters, module)],
      }),
      ...signatureRailCalls(parameters, module),
    ].map((data) => ({ to: safe, value: 0n, data })),
  );
}
