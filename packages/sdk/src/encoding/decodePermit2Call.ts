import { type Address, decodeFunctionData, erc20Abi, type Hex, isAddressEqual } from "viem";
import { safeAbi } from "../accounts/safe/safeAbi.ts";
import type { EncodedCall } from "../session/CallRequest.ts";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import { PERMIT2 } from "../session/permit2.ts";
import { permit2Abi } from "../session/permit2Abi.ts";
import type { Session } from "../session/Session.ts";

/** An amount of a token that a batch approves to Permit2, in base units. */
export type Permit2Approval = { token: Address; amount: bigint };

/**
 * Reads a call of a batch that prepares payments by Permit2 for a session: an approval of one of its tokens to Permit2, a
 * lockdown of Permit2's allowances, or the session's module becoming a domain's verifier on a Safe 1.5.0.
 *
 * @returns The approval, or an empty list; undefined if it is another call.
 */
export function decodePermit2Call(
  call: EncodedCall,
  { module, session }: { module: Address; session: Session },
): Permit2Approval[] | undefined {
  const budget = session.budgets.find(({ token }) => isAddressEqual(token, call.to));
  if (budget && isPaidByPermit2(budget)) {
    const decoded = decodedBy(erc20Abi, call.data);
    return decoded?.functionName === "approve" && isAddressEqual(decoded.args[0], PERMIT2)
      ? [{ token: budget.token, amount: decoded.args[1] }]
      : undefined;
  }
  if (isAddressEqual(call.to, PERMIT2))
    return decodedBy(permit2Abi, call.data)?.functionName === "lockdown" ? [] : undefined;
  if (isAddressEqual(call.to, session.account)) {
    const decoded = decodedBy(safeAbi, call.data);
    return decoded?.functionName === "setDomainVerifier" && isAddressEqual(decoded.args[1], module)
      ? []
      : undefined;
  }
  return undefined;
}

function decodedBy<const abi extends typeof erc20Abi | typeof permit2Abi | typeof safeAbi>(
  abi: abi,
  data: Hex,
) {
  try {
    return decodeFunctionData({ abi, data });
  } catch {
    return undefined;
  }
}
