import { type Address, encodeFunctionData, isAddressEqual, parseAbi, zeroAddress } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseList } from "../../internal/parseList.ts";
import type { SafeCall } from "./SafeCall.ts";
import { safeAbi } from "./safeAbi.ts";
import { SENTINEL_MODULE } from "./safeAddresses.ts";
import { type SafeSignatureRail, signatureRailCalls, signatureRailHandler } from "./safeSignatureRail.ts";

const revokeAllAbi = parseAbi(["function revokeAll()"]);

/** Parameters of {@link safeRemoval}. */
export type SafeRemovalParameters = SafeSignatureRail & {
  /** The Safe that removes. */
  safe: Address;
  /** The SafeSessionModule that it has installed. */
  module: Address;
  /** The Safe's modules in the order of `getModulesPaginated`, at least up to this one. */
  modules: readonly Address[];
  /**
   * The Safe's current fallback handler, from `safeFallbackHandler`. The session handler's setting is cleared;
   * any other handler would not know that call, and the whole batch would fail.
   */
  fallbackHandler: Address;
  /** The handler to set afterwards. Default: the current one stays. */
  nextHandler?: Address;
};

/**
 * The calls with which a Safe removes Latchkey, in one batch. Every session and every unused grant is revoked
 * first: a Safe does not notify a module that it disables, and old grants would be valid again if it were enabled again.
 * The session handler's setting is cleared last; that is only tidiness, as a disabled module rejects everything.
 * @throws {InvalidInput} MODULE_NOT_ENABLED: the module is not in the Safe's list; INVALID_ADDRESS; INVALID_INPUT.
 */
export function safeRemoval(parameters: SafeRemovalParameters): SafeCall[] {
  const safe = parseAddress(parameters.safe, "safe");
  const module = parseAddress(parameters.module, "module");
  const modules = parseList(parameters.modules, "modules", parseAddress);
  const fallbackHandler = parseAddress(parameters.fallbackHandler, "fallbackHandler");
  const nextHandler =
    parameters.nextHandler === undefined ? undefined : parseAddress(parameters.nextHandler, "nextHandler");
  const position = modules.findIndex((enabled) => isAddressEqual(enabled, module));
  if (position < 0)
    throw new InvalidInput({
      code: "MODULE_NOT_ENABLED",
      shortMessage: `The module ${module} is not in the Safe ${safe}'s list of modules.`,
      metaMessages: [
        "Check the module's address, and that `modules` is the Safe's whole list: getModulesPaginated returns pages.",
        "If the Safe has already disabled it, send encodeRevokeAll alone.",
      ],
      details: { account: safe, module },
    });
  const previous = modules[position - 1] ?? SENTINEL_MODULE;
  const isRails = isAddressEqual(fallbackHandler, signatureRailHandler(parameters, module));
  return loggable([
    { to: module, value: 0n, data: encodeFunctionData({ abi: revokeAllAbi, functionName: "revokeAll" }) },
    ...[
      encodeFunctionData({ abi: safeAbi, functionName: "disableModule", args: [previous, module] }),
      ...(isRails ? signatureRailCalls(parameters, zeroAddress) : []),
      ...(nextHandler
        ? [encodeFunctionData({ abi: safeAbi, functionName: "setFallbackHandler", args: [nextHandler] })]
        : []),
    ].map((data) => ({ to: safe, value: 0n, data })),
  ]);
}
