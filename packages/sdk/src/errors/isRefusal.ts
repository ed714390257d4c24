import type { Address } from "viem";
import { REFUSAL, type Refusal, type RefusalCode, type RefusalDetails } from "./Refusal.ts";

/**
 * The payment that a limit refused, as far as it is known: to whom, and how it was to be signed as x402 has it (`eip3009`,
 * `permit2-exact`, `permit2-upto`, `erc7710`; missing for an execution of the key). Nothing of it is known of bare revert data, nor
 * of an execution with several payments that could be meant.
 */
type RefusedPayment = { recipient?: Address; method?: string };

/** What {@link Refusal.details} holds, for codes that programs act on. Amounts in base units, times in seconds. */
export type DetailsByCode = {
  /**
   * `availableAt` only of a stream, from a function that has a client: the first second in which this amount can be paid, if there is one
   * and nothing else is paid before.
   */
  PERIOD: {
    token: Address;
    amount: bigint;
    remaining: bigint;
    resetsAt: number;
    availableAt?: number;
  } & RefusedPayment;
  /** Missing if they could not be read from the chain, and when {@link decodeError} reads bare revert data. */
  LOT_OPENED: { token: Address; lot: bigint; remaining?: bigint; resetsAt?: number };
  PER_TRANSACTION: { token: Address; amount: bigint; limit: bigint } & RefusedPayment;
  RECIPIENT: { token: Address; recipient: Address; amount?: bigint } & Pick<RefusedPayment, "method">;
  /** `retryAt` if an agent's folder remembers that this was declined: until then it does not ask again. */
  DECLINED: { retryAt?: number };
  ASKED_TOO_OFTEN: { retryAt: number };
  EXPIRED: { validUntil: number };
  NOT_YET_VALID: { validAfter: number };
};

/**
 * Whether an error is a refusal and, if a code is given, has that code. Narrows `details` to those of the code.
 *
 * Unlike `instanceof`, it recognizes a refusal of the package's other form too, where a program loads it both by `import` and
 * by `require`.
 *
 * @example
 * if (isRefusal(error, "PERIOD")) await sleepUntil(error.details.resetsAt);
 */
export function isRefusal<code extends RefusalCode = RefusalCode>(
  error: unknown,
  code?: code,
): error is Omit<Refusal, "code" | "details"> & {
  code: code;
  details: code extends keyof DetailsByCode ? DetailsByCode[code] : RefusalDetails;
} {
  const isOne = typeof error === "object" && error !== null && REFUSAL in error;
  return isOne && (code === undefined || (error as Refusal).code === code);
}
