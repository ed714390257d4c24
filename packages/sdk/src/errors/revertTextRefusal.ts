import type { Hex } from "viem";
import { ChainRefusal } from "./ChainRefusal.ts";
import { errorText, type MessageCode } from "./errorText.ts";
import type { RefusalCode } from "./Refusal.ts";

/** The codes of a Safe that its users meet here: what happened, and what to do. */
const safeCodes: { readonly [code: string]: readonly [RefusalCode, string, string] } = {
  GS013: [
    "SAFE_ERROR",
    "The Safe transaction failed.",
    "Simulate its calls one by one to find the one that fails.",
  ],
  GS020: [
    "SAFE_ERROR",
    "The signatures do not meet the Safe's threshold.",
    "Collect more owners' signatures.",
  ],
  GS021: [
    "SAFE_ERROR",
    "A contract signature points into the static part.",
    "Encode signatures with signGrant.",
  ],
  GS022: ["SAFE_ERROR", "A contract signature points past the end.", "Encode signatures with signGrant."],
  GS023: [
    "SAFE_ERROR",
    "A contract signature is longer than the bytes given.",
    "Encode signatures with signGrant.",
  ],
  GS024: [
    "SAFE_ERROR",
    "A contract owner rejected its signature.",
    "Sign this hash with that owner's own passkey.",
  ],
  GS025: ["SAFE_ERROR", "An owner has not approved the hash.", "Approve it, or sign it."],
  GS026: ["SAFE_ERROR", "A signature is not an owner's.", "Sign this hash with an owner, for this chain."],
  GS031: ["SAFE_ERROR", "Only the Safe itself may do this.", "Send it as a Safe transaction."],
  GS101: ["SAFE_ERROR", "The module address is not valid.", "Check the module's address."],
  GS102: ["SAFE_ERROR", "The module is already enabled.", "Leave out that call."],
  GS103: ["SAFE_ERROR", "The previous module is not correct.", "Read the list of modules again."],
  GS104: ["MODULE_NOT_ENABLED", "The Safe has not enabled the module.", "Ask the owner to enable it."],
};

/** The revert texts of FiatToken, OpenZeppelin tokens and Permit2. */
const tokenTexts: readonly (readonly [RegExp, MessageCode])[] = [
  [/invalid signature/i, "TOKEN_INVALID_SIGNATURE"],
  [/authorization is used or cancell?ed/i, "TOKEN_AUTHORIZATION_USED"],
  [/authorization is expired/i, "TOKEN_AUTHORIZATION_EXPIRED"],
  [/authorization is not yet valid/i, "TOKEN_AUTHORIZATION_NOT_YET_VALID"],
  [/exceeds balance|insufficient balance/i, "TOKEN_INSUFFICIENT_BALANCE"],
  [/blacklisted/i, "TOKEN_BLACKLISTED"],
  [/paused/i, "TOKEN_PAUSED"],
  // By Permit2, whatever the token said.
  [/TRANSFER_FROM_FAILED/, "TOKEN_TRANSFER_FAILED"],
];

/** The refusal for a revert text, or undefined for texts that this SDK does not know. */
export function revertTextRefusal(text: string, cause?: unknown, revertData?: Hex): ChainRefusal | undefined {
  const safeCode = /\bGS\d{3}\b/.exec(text)?.[0];
  if (safeCode) {
    const [code, shortMessage, toDo] = safeCodes[safeCode] ?? [
      "SAFE_ERROR" as const,
      "The Safe reverted.",
      ...errorText("SAFE_ERROR").metaMessages,
    ];
    return new ChainRefusal({
      code,
      shortMessage: `${shortMessage} (${safeCode})`,
      metaMessages: [toDo],
      details: { safeCode },
      errorName: safeCode,
      revertData,
      cause,
    });
  }
  const known = tokenTexts.find(([pattern]) => pattern.test(text));
  return (
    known &&
    new ChainRefusal({ ...errorText(known[1]), details: { text }, errorName: text, revertData, cause })
  );
}
