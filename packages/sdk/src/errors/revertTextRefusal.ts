import type { Hex } from "viem";
import { ChainRefusal } from "./ChainRefusal.ts";
import type { RefusalCode } from "./Refusal.ts";

/** What the codes of a Safe mean that its users meet here. */
const safeCodes: { readonly [code: string]: readonly [RefusalCode, string, string] } = {
  GS013: [
    "SAFE_ERROR",
    "The Safe's transaction failed inside.",
    "Simulate its calls one by one to see which.",
  ],
  GS020: [
    "SAFE_ERROR",
    "The Safe got fewer signatures than its threshold.",
    "Collect more owners' signatures.",
  ],
  GS021: ["SAFE_ERROR", "A signature points into the Safe's fixed part.", "Encode it by signGrant."],
  GS022: ["SAFE_ERROR", "A signature points behind the end.", "Encode it by signGrant."],
  GS023: ["SAFE_ERROR", "A signature is longer than the bytes given.", "Encode it by signGrant."],
  GS024: [
    "SAFE_ERROR",
    "An owner that is a contract refused its signature.",
    "Sign this hash with its own passkey.",
  ],
  GS025: ["SAFE_ERROR", "An owner has not approved the hash.", "Approve it, or sign it."],
  GS026: [
    "SAFE_ERROR",
    "A signature is not an owner's.",
    "Sign with an owner, over this very hash and chain.",
  ],
  GS031: ["SAFE_ERROR", "Only the Safe itself may do this.", "Send it as a transaction of the Safe."],
  GS101: ["SAFE_ERROR", "That is no module a Safe can have.", "Check the module's address."],
  GS102: ["SAFE_ERROR", "The module is enabled already.", "Leave that call out."],
  GS103: ["SAFE_ERROR", "The module does not come after the one named.", "Read the list of modules again."],
  GS104: ["MODULE_NOT_ENABLED", "The Safe has not enabled the module.", "Have the owner enable it."],
};

/** What tokens of the FiatToken family and of OpenZeppelin say. */
const tokenTexts: readonly (readonly [RegExp, RefusalCode, string, string])[] = [
  [
    /invalid signature/i,
    "TOKEN_INVALID_SIGNATURE",
    "The account did not say yes to the authorization.",
    "Ask sessionStatus: over, taken back, a limit reached, or a slot that another payment took.",
  ],
  [
    /authorization is used or cancell?ed/i,
    "TOKEN_AUTHORIZATION_USED",
    "The authorization was settled or cancelled already.",
    "Look for the transfer before paying again.",
  ],
  [
    /authorization is expired/i,
    "TOKEN_AUTHORIZATION_EXPIRED",
    "The authorization was settled too late.",
    "Sign a new one if the payment is still wanted.",
  ],
  [
    /authorization is not yet valid/i,
    "TOKEN_AUTHORIZATION_NOT_YET_VALID",
    "The authorization is not good yet.",
    "Wait for a block after its validAfter.",
  ],
  [
    /exceeds balance|insufficient balance/i,
    "TOKEN_INSUFFICIENT_BALANCE",
    "The account does not hold that much of the token.",
    "Fund the account, or ask for less.",
  ],
  [/blacklisted/i, "TOKEN_BLACKLISTED", "The token's issuer has blocked a party.", "Do not try again."],
  [/paused/i, "TOKEN_PAUSED", "The token's issuer has paused it.", "Try again when it is unpaused."],
];

/** The refusal that a revert text means, or undefined for texts that say nothing to this SDK. */
export function revertTextRefusal(text: string, cause?: unknown, revertData?: Hex): ChainRefusal | undefined {
  const safeCode = /\bGS\d{3}\b/.exec(text)?.[0];
  if (safeCode) {
    const [code, shortMessage, toDo] = safeCodes[safeCode] ?? [
      "SAFE_ERROR" as const,
      "The Safe refused.",
      "Look the code up in Safe's list of errors.",
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
  if (!known) return undefined;
  const [, code, shortMessage, toDo] = known;
  return new ChainRefusal({
    code,
    shortMessage,
    metaMessages: [toDo],
    details: { text },
    errorName: text,
    revertData,
    cause,
  });
}
