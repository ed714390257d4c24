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

/** What {@link safeRemoval} needs to know. */
export type SafeRemovalParameters = SafeSignatureRail & {
  /** The Safe that removes. */
  safe: Address;
  /** The SafeSessionModule that it has installed. */
  module: Address;
  /** The Safe's modules in the order of `getModulesPaginated`, up to this one at least. */
  modules: readonly Address[];
  /**
   * The fallback handler that the Safe has now, by `safeFallbackHandler`. What the rail's own handler asks is cleared;
   * any other would not understand that call, and the whole batch would fail with it.
   */
  fallbackHandler: Address;
  /** The handler that the Safe is to have afterwards; by default it keeps the one it has. */
  nextHandler?: Address;
};

/**
 * The calls by which a Safe removes Latchkey, to be made in one batch. Every session and every unused grant dies
 * first: a module that a Safe merely drops is not told, and old grants would be good again if it came back. What the
 * fallback handler asks is cleared last, where it is the rail's; that is tidiness only, as a dropped module says no.
 * @throws {InvalidInput} MODULE_NOT_ENABLED: the module is not among the Safe's modules; INVALID_ADDRESS; INVALID_INPUT.
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
      shortMessage: `The Safe ${safe} does not have the module ${module}.`,
      metaMessages: [
        "Check the module's address, and that `modules` is the Safe's whole list: getModulesPaginated gives pages.",
        "Where the Safe has dropped it already, have it send encodeRevokeAll alone.",
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
