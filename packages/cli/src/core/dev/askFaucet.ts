import type { Address } from "viem";
import { CommandError } from "../CommandError.ts";
import { EXIT } from "../exitCodes.ts";
import type { Dev } from "./devFile.ts";

/**
 * Asks the faucet of `latchkey dev` for test money: 10 of the chain's coin for a key, or 100 USDC for an account.
 *
 * @returns False where the chain has no faucet: `latchkey dev --rpc` serves an existing chain.
 * @throws {CommandError} NO_FAUCET: the faucet did not give it.
 */
export async function askFaucet(
  { faucet }: Pick<Dev, "faucet">,
  address: Address,
  give: "ether" | "usdc",
): Promise<boolean> {
  if (faucet === undefined) return false;
  const refused = (why: string, cause?: unknown) =>
    new CommandError({
      code: "NO_FAUCET",
      exitCode: EXIT.network,
      message: `The faucet of latchkey dev gave nothing: ${why}.`,
      whatToDo: ["Start latchkey dev again."],
      details: { address, give },
      cause,
    });
  const answer = await fetch(faucet, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ address, give }),
    signal: AbortSignal.timeout(10_000),
  }).catch((cause: unknown) => {
    throw refused("it does not answer", cause);
  });
  if (!answer.ok) throw refused(`it answered ${answer.status}`);
  return true;
}
