import { decodeError, verifyGrant } from "@latchkey/sdk";
import { decodeFunctionResult, isAddressEqual, parseAbi } from "viem";
import { call } from "viem/actions";
import type { ChainClient } from "../chain/chainClient.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { AccountState } from "./AccountState.ts";
import { proxyFactoryAbi } from "./predictSafe.ts";
import type { TappedGrant } from "./prepareTap.ts";

const executionAbi = parseAbi(["function execTransaction() returns (bool success)"]);

/**
 * Simulates what was signed: whether the account accepts the grant, or the transaction that precedes it would succeed.
 * Nothing is sent.
 *
 * @throws {PageFailure} SIMULATION_FAILED; {@link Refusal} NOT_GRANTED and others of `verifyGrant`; NETWORK.
 */
export async function checkTapped(
  client: ChainClient,
  account: AccountState,
  { grant, transactions }: TappedGrant,
): Promise<void> {
  const [first] = transactions;
  if (!first) {
    const verdict = await verifyGrant(client, grant);
    if (!verdict.valid) throw verdict.reason;
    return;
  }
  let answer: Awaited<ReturnType<typeof call>>;
  try {
    answer = await call(client, { to: first.to, data: first.data });
  } catch (error) {
    const refusal = decodeError(error);
    if (refusal.code === "NETWORK") throw refusal;
    throw new PageFailure("SIMULATION_FAILED", { reason: refusal.shortMessage }, refusal);
  }
  const data = answer.data ?? "0x";
  const isGood = account.creation
    ? isAddressEqual(
        decodeFunctionResult({ abi: proxyFactoryAbi, functionName: "createProxyWithNonce", data }),
        account.address,
      )
    : decodeFunctionResult({ abi: executionAbi, functionName: "execTransaction", data });
  if (!isGood)
    throw new PageFailure("SIMULATION_FAILED", { reason: "its result would differ from what was signed" });
}
