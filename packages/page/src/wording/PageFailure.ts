/** Failures of the page itself. The SDK's failures have their own codes: `RefusalCode`. */
export type PageFailureCode =
  | "NO_WEBAUTHN"
  | "NO_PASSKEY_CREATED"
  | "CANCELLED"
  | "PASSKEY_FAILED"
  | "WRONG_PASSKEY"
  | "UNSUITABLE_PASSKEY"
  | "UNKNOWN_PASSKEY"
  | "FRAMED"
  | "MALFORMED_REQUEST"
  | "EXPIRED_REQUEST"
  | "ANOTHER_ACCOUNT"
  | "CHAIN_NOT_LISTED"
  | "CHAIN_UNREACHABLE"
  | "CHAIN_MISMATCH"
  | "CHAIN_INCOMPLETE"
  | "CLOCK_OFF"
  | "NO_ACCOUNT_THERE"
  | "NOT_A_SAFE"
  | "OWNER_NOT_PASSKEY"
  | "THRESHOLD_ABOVE_ONE"
  | "VERSION_UNKNOWN"
  | "LIMITS_RAISED"
  | "SIMULATION_FAILED"
  | "CHANGE_REPLACED"
  | "CHANGE_OVERTAKEN"
  | "CHANGE_FAILS"
  | "CHANGE_NOT_MADE"
  | "HANDBACK_FAILED"
  | "ANSWER_REFUSED"
  | "NO_GAS_PAYER"
  | "STORE_REFUSED"
  | "FILE_UNREADABLE"
  | "CONFIG_UNREADABLE";

/** A failure shown to the user: `wordsFor` has the message for its code. */
export class PageFailure extends Error {
  override readonly name = "PageFailure";
  readonly code: PageFailureCode;
  /** Values for the message: a chain's name, an address, a reason. Shown as text, never as markup. */
  readonly details: { readonly [name: string]: string };

  constructor(code: PageFailureCode, details: { readonly [name: string]: string } = {}, cause?: unknown) {
    super(code, { cause });
    this.code = code;
    this.details = details;
  }
}
