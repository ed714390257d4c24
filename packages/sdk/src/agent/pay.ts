import {
  type Account,
  type Address,
  type Chain,
  type Client,
  type Hash,
  isAddress,
  isAddressEqual,
  type Transport,
  zeroAddress,
} from "viem";
import { encodeExecute } from "../encoding/encodeExecute.ts";
import { encodePay } from "../encoding/encodePay.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { type Amount, parseAmount } from "../internal/parseAmount.ts";
import { tokenDecimals } from "../internal/tokenDecimals.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import { transferOf } from "../session/CallRequest.ts";
import type { Call, Session } from "../session/Session.ts";
import { sendAsKey } from "./execute.ts";
import type { LedgerParameters } from "./ledger/sendRecorded.ts";

/**
 * Pays from the account, in a transaction of the session's key. For payments without gas for the key use x402.
 *
 * @param client A wallet client of the session's key.
 * @param parameters.to The payee: one of the budget's recipients.
 * @param parameters.amount In whole tokens, for example `"0.20"`.
 * @param parameters.token `"usdc"`, `"native"` or a token's address; may be omitted if the session has one budget.
 * @param parameters.ledger As for {@link execute}.
 * @returns The transaction's hash; see {@link execute}.
 * @throws {Refusal} As {@link execute}; UNKNOWN_TOKEN if there is no such budget or the choice is ambiguous; INVALID_AMOUNT.
 */
export async function pay(
  client: Client<Transport, Chain | undefined, Account>,
  parameters: {
    grant: Grant;
    to: Address;
    amount: Amount;
    token?: "usdc" | "native" | Address;
  } & LedgerParameters,
): Promise<Hash> {
  const { grant, amount } = parameters;
  const to = parseAddress(parameters.to, "to");
  const token = budgetFor(sessionIn(grant), grant.chainId, parameters.token);
  if (token === "native") {
    const call: Call = { target: to, value: parseAmount(amount, 18, "amount"), data: "0x" };
    return sendAsKey(client, { ...parameters, kind: "pay", calls: () => [call] }, (isEnabled) =>
      encodeExecute({ grant, calls: [call], isEnabled }),
    );
  }
  const decimals = await tokenDecimals(client, token, "token");
  const value = parseAmount(amount, decimals, "amount");
  const calls = () => [transferOf({ token, to, amount: value })];
  return sendAsKey(client, { ...parameters, kind: "pay", calls }, (isEnabled) =>
    encodePay({ grant, token, to, amount: value, isEnabled }),
  );
}

/**
 * The token of the budget for a payment.
 *
 * @param named `"usdc"`, `"native"` or a token's address; may be omitted if the session has one budget.
 * @throws {InvalidInput} UNKNOWN_TOKEN: no such budget, or the choice is ambiguous.
 */
function budgetFor(
  session: Session,
  chainId: number,
  named: "usdc" | "native" | Address | undefined,
): Address | "native" {
  const [only] = session.budgets;
  const usdc = usdcAddress(chainId);
  const token =
    named === undefined
      ? session.budgets.length === 1
        ? only?.token
        : undefined
      : named === "native"
        ? zeroAddress
        : named === "usdc"
          ? usdc
          : typeof named === "string" && isAddress(named)
            ? named
            : undefined;
  const budget = token && session.budgets.find((one) => isAddressEqual(one.token, token));
  if (!budget)
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage:
        named === undefined
          ? "The session does not have exactly one budget."
          : `The session has no budget for ${named}.`,
      metaMessages: [
        `Pass token: "usdc", "native" or an address. The session has: ${session.budgets.map((one) => one.token).join(", ")}.`,
      ],
    });
  return isAddressEqual(budget.token, zeroAddress) ? "native" : budget.token;
}
