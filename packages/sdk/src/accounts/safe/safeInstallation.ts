import { type Address, encodeFunctionData } from "viem";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import type { SafeCall } from "./SafeCall.ts";
import { safeAbi } from "./safeAbi.ts";
import { type SafeSignatureRail, signatureRailCalls, signatureRailHandler } from "./safeSignatureRail.ts";

/** Parameters of {@link safeInstallation}. */
export type SafeInstallationParameters = SafeSignatureRail & {
  /** The Safe that installs. */
  safe: Address;
  /** The deployed SafeSessionModule. */
  module: Address;
};

/**
 * The calls with which an existing Safe installs Latchkey, in one batch with one approval of its owners.
 *
 * Every call goes to the Safe, never to the handler: a handler reads the sender from the last 20 bytes of its
 * calldata, which a Safe appends and a direct call does not.
 *
 * This replaces the Safe's fallback handler, including anything that it did beyond Safe's own handlers. A Safe
 * that depends on another handler (Safe4337Module, Safe7579) must not install this way.
 * @throws {InvalidInput} MODULE_IS_FALLBACK_HANDLER; UNKNOWN_TOKEN: no token's domain for a Safe 1.5.0; INVALID_ADDRESS;
 * INVALID_INPUT; UNSUPPORTED_ACCOUNT.
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
