import { hasCause } from "../errors/causes.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { jsonOf } from "../errors/json.ts";
import type { Refusal } from "../errors/Refusal.ts";

/**
 * The codes that {@link permissionProvider} answers with. None that says that the owner was asked is one of those that
 * clients repeat a request for: viem does for -32603, and for codes that it does not know.
 */
export const RPC_ERROR = {
  /** EIP-1193, user rejected request: the owner declined. */
  declined: 4001,
  /** EIP-1193, unauthorized: `from` is another account. */
  foreignAccount: 4100,
  /** EIP-5792, unsupported chain: the account's provider is for another one. EIP-3085's 4902 asks for the chain to be added. */
  foreignChain: 5710,
  /** EIP-5792, bundle too large: ask again with fewer permissions. */
  tooMany: 5740,
  /** JSON-RPC, invalid params: cannot be read, or not be enforced. */
  invalid: -32602,
  /** EIP-1474, resource unavailable: another request is open, or the account lacks what a grant needs. */
  unavailable: -32002,
  /** EIP-1474, transaction rejected: the owner was asked, and what came of it is not a grant or a revocation. */
  failed: -32003,
  /** JSON-RPC, internal error: nobody was asked; it may be repeated. */
  internal: -32603,
} as const;

/** An error of EIP-1193. `cause` stays with the wallet: a site gets the code, the message and the data. */
export class ProviderRpcError extends Error {
  override readonly name: string = "ProviderRpcError";
  /** As EIP-1193, EIP-1474 and EIP-5792 define them. */
  readonly code: number;
  /** The code and the details of the {@link Refusal} that the site can do something about. */
  readonly data: unknown;

  constructor(
    message: string,
    {
      code,
      data,
      cause,
    }: { code: (typeof RPC_ERROR)[keyof typeof RPC_ERROR]; data?: unknown; cause?: unknown },
  ) {
    super(message, { cause });
    this.code = code;
    this.data = data;
  }
}

/** What a site is told of a refusal of its request. */
export function invalidParams(refusal: Pick<Refusal, "code" | "shortMessage" | "details">): ProviderRpcError {
  const { code, shortMessage, details } = refusal;
  const faults = Array.isArray(details.faults) ? details.faults.map((fault) => `\n${String(fault)}`) : [];
  return new ProviderRpcError(shortMessage + faults.join(""), {
    code: RPC_ERROR.invalid,
    data: { code, details: jsonOf(details) },
    cause: refusal,
  });
}

/** Whether an error says that a person declined: this SDK's, viem's, or any provider's. */
export const isDeclined = (error: unknown): boolean =>
  hasCause(
    error,
    (one) =>
      isRefusal(one, "NOT_SIGNED") ||
      isRefusal(one, "DECLINED") ||
      (typeof one === "object" && one !== null && "code" in one && one.code === RPC_ERROR.declined),
  );

/** The owner declined. */
export const declinedByOwner = (cause?: unknown) =>
  new ProviderRpcError("The owner declined.", { code: RPC_ERROR.declined, cause });
