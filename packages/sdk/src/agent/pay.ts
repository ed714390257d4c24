import type { Account, Address, Chain, Client, Hash, Transport } from "viem";
import { encodePay } from "../encoding/encodePay.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { type Amount, parseAmount } from "../internal/parseAmount.ts";
import { tokenDecimals } from "../internal/tokenDecimals.ts";
import { budgetFor } from "./budgetFor.ts";
import { execute, sendAsKey } from "./execute.ts";

/**
 * Pays from the account, in a transaction of the session's key. For payments without gas for the key use x402.
 *
 * @param client A wallet client of the session's key.
 * @param parameters.to The payee: one of the budget's recipients.
 * @param parameters.amount In whole tokens, for example `"0.20"`.
 * @param parameters.token `"usdc"`, `"native"` or a token's address; may be omitted if the session has one budget.
 * @returns The transaction's hash; see {@link execute}.
 * @throws {Refusal} As {@link execute}; UNKNOWN_TOKEN if there is no such budget or the choice is ambiguous; INVALID_AMOUNT.
 */
export async function pay(
  client: Client<Transport, Chain | undefined, Account>,
  parameters: { grant: Grant; to: Address; amount: Amount; token?: "usdc" | "native" | Address },
): Promise<Hash> {
  const { grant, amount } = parameters;
  const to = parseAddress(parameters.to, "to");
  const token = budgetFor(sessionIn(grant), grant.chainId, parameters.token);
  if (token === "native")
    return execute(client, { grant, calls: [{ to, value: parseAmount(amount, 18, "amount"), data: "0x" }] });
  const decimals = await tokenDecimals(client, token, "token");
  const value = parseAmount(amount, decimals, "amount");
  return sendAsKey(client, grant, (isEnabled) => encodePay({ grant, token, to, amount: value, isEnabled }));
}
