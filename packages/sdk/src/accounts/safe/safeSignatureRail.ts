import { type Address, encodeFunctionData, type Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { safeAbi } from "./safeAbi.ts";
import { type SafeVersion, safeAddresses } from "./safeAddresses.ts";

/** How a Safe of a version comes to ask the module about signatures. */
export type SafeSignatureRail =
  | {
      version: "1.3.0" | "1.4.1";
      /** The deployed SafeSessionHandler, which is or becomes the Safe's fallback handler. */
      handler: Address;
    }
  | {
      version: "1.5.0";
      /** The ExtensibleFallbackHandler; by default at its canonical address. */
      handler?: Address;
      /** `DOMAIN_SEPARATOR()` of every token that sessions may sign for. */
      domainSeparators: readonly Hex[];
    };

/**
 * The fallback handler that goes with a signature rail.
 * @throws {InvalidInput} MODULE_IS_FALLBACK_HANDLER: whoever called the Safe could then speak to the module as the Safe;
 * INVALID_ADDRESS; UNSUPPORTED_ACCOUNT: no such version.
 */
export function signatureRailHandler(rail: SafeSignatureRail, module: Address): Address {
  requireSafeVersion(rail.version);
  // Only Safe 1.5.0 has a handler that is known.
  const known = rail.version === "1.5.0" ? safeAddresses.extensibleFallbackHandler : undefined;
  const handler = parseAddress((rail.handler ?? known) as Address, "handler");
  if (handler === parseAddress(module, "module")) {
    throw new InvalidInput({
      code: "MODULE_IS_FALLBACK_HANDLER",
      shortMessage: "The session module must never be a Safe's fallback handler.",
      metaMessages: [
        "Name the handler itself: safeSessionHandlerAddress, or Safe's ExtensibleFallbackHandler.",
      ],
      details: { module },
    });
  }
  return handler;
}

/**
 * The calldata of calls that a Safe, once it has its handler, makes to itself so that `verifier` is asked
 * about signatures. The zero address: nobody is asked any more.
 * @throws {InvalidInput} UNKNOWN_TOKEN: the version is 1.5.0 and no token's domain is named; INVALID_ADDRESS;
 * INVALID_INPUT; UNSUPPORTED_ACCOUNT: no such version.
 */
export function signatureRailCalls(rail: SafeSignatureRail, verifier: Address): Hex[] {
  requireSafeVersion(rail.version);
  parseAddress(verifier, "verifier");
  if (rail.version !== "1.5.0") {
    return [encodeFunctionData({ abi: safeAbi, functionName: "setSessionModule", args: [verifier] })];
  }
  if (!Array.isArray(rail.domainSeparators) || rail.domainSeparators.length === 0) {
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage: "A Safe 1.5.0 asks token by token, and no token is named.",
      metaMessages: ["Name at least one token's DOMAIN_SEPARATOR() in domainSeparators."],
    });
  }
  return rail.domainSeparators.map((domainSeparator, index) =>
    encodeFunctionData({
      abi: safeAbi,
      functionName: "setDomainVerifier",
      args: [parseHex(domainSeparator, `domainSeparators[${index}]`, 32), verifier],
    }),
  );
}

/** @throws {InvalidInput} UNSUPPORTED_ACCOUNT */
function requireSafeVersion(version: SafeVersion): void {
  const known: readonly SafeVersion[] = ["1.3.0", "1.4.1", "1.5.0"];
  if (known.includes(version)) return;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `"${String(version)}" is not a version of Safe that is known here.`,
    metaMessages: [`Known are ${known.join(", ")}.`],
    details: { version },
  });
}
