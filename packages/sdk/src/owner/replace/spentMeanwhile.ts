import { type Address, type Chain, type Client, isAddressEqual, type Transport } from "viem";
import type { BalanceFloor } from "../../encoding/BalanceFloor.ts";
import { amountText } from "../../errors/amountText.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { readTokenUnit } from "../../internal/readTokenUnit.ts";
import { readBalanceFloors } from "./readBalanceFloors.ts";

/**
 * Whether an account holds less than when its owner looked.
 *
 * @returns SPENT_MEANWHILE, or undefined if it holds each floor.
 * @throws {Refusal} NETWORK, or the chain's reason.
 */
export async function spentMeanwhile(
  client: Client<Transport, Chain | undefined>,
  { account, chainId, floors }: { account: Address; chainId: number; floors: readonly BalanceFloor[] },
  cause?: unknown,
): Promise<Refusal | undefined> {
  const budgets = floors.map(({ token }) => ({ token }));
  const balances = await readBalanceFloors(client, { session: { account, budgets } });
  for (const { token, amount: floor } of floors) {
    const balance = balances.find((one) => isAddressEqual(one.token, token))?.amount ?? 0n;
    if (balance >= floor) continue;
    const unit = await readTokenUnit(client, token, chainId, "token").catch(() => undefined);
    return new Refusal({
      code: "SPENT_MEANWHILE",
      shortMessage: `The account holds ${amountText(balance, token, unit)}, less than the ${amountText(floor, token, unit)} when its owner looked.`,
      metaMessages: [
        "Nothing was replaced. Review what the old session has spent, then replace it again.",
        "To end it in any case, use revokeSession.",
      ],
      details: { token, floor, balance },
      cause,
    });
  }
  return undefined;
}
