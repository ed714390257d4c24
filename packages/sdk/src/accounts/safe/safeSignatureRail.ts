import { type Address, encodeFunctionData, type Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { safeAbi } from "./safeAbi.ts";
import { type SafeVersion, safeAddresses } from "./safeAddresses.ts";

/** How a Safe of a version forwards signature queries to the module. */
export type SafeSignatureRail =
  | {
      version: "1.3.0" | "1.4.1";
      /** The deployed SafeSessionHandler, which is or becomes the Safe's fallback handler. */
      handler: Address;
    }
  | {
      version: "1.5.0";
      /** The ExtensibleFallbackHandler. Default: its canonical address. */
      handler?: Address;
      /** `DOMAIN_SEPARATOR()` of every token that sessions may pay by signature. */
      domainSeparators: readonly Hex[];
    };

/**
 * The fallback handler of a signature rail.
 * @throws {InvalidInput} MODULE_IS_FALLBACK_HANDLER: anyone could then call the module as the Safe;
 * INVALID_ADDRESS; UNSUPPORTED_ACCOUNT.
 */
export function signatureRailHandler(rail: SafeSignatureRail, module: Address): Address {
  requireSafeVersion(rail.version);
  // Only Safe 1.5.0 has a canonical handler.
  const known = rail.version === "1.5.0" ? safeAddresses.extensibleFallbackHandler : undefined;
  const handler = parseAddress((rail.handler ?? known) as Address, "handler");
  if (handler === parseAddress(module, "module")) {
    throw new InvalidInput({
      code: "MODULE_IS_FALLBACK_HANDLER",
      shortMessage: "The session module must never be a Safe's fallback handler.",
      metaMessages: [
        "Pass the handler itself: safeSessionHandlerAddress, or Safe's ExtensibleFallbackHandler.",
      ],
      details: { module },
    });
  }
  return handler;
}

/**
 * The calldata of the calls that a Safe, once it has its handler, makes to itself so that `verifier` checks
 * signatures. The zero address: no one does any more.
 * @throws {InvalidInput} UNKNOWN_TOKEN: no token's domain for a Safe 1.5.0; INVALID_ADDRESS;
 * INVALID_INPUT; UNSUPPORTED_ACCOUNT.
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
      shortMessage: "A Safe 1.5.0 needs a domain verifier for each token, and domainSeparators is empty.",
      metaMessages: ["Pass at least one token's DOMAIN_SEPARATOR() in domainSeparators."],
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
    shortMessage: `Safe version "${String(version)}" is not supported.`,
    metaMessages: [`Use one of ${known.join(", ")}.`],
    details: { version },
  });
}
