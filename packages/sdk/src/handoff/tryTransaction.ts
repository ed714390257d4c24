import {
  type Address,
  bytesToHex,
  type Chain,
  type Client,
  decodeFunctionData,
  decodeFunctionResult,
  type Hex,
  isAddressEqual,
  type Transport,
} from "viem";
import type { Grant } from "../grant/Grant.ts";
import { call, getCode } from "../internal/chainActions.ts";
import type { HandoffTransaction } from "./HandoffAnswer.ts";
import { invalidAnswer } from "./invalidAnswer.ts";
import { settlementAbi } from "./settlementAbi.ts";

/** Whether a transaction of an answer creates an account that already exists. */
export async function isCreated(
  client: Client<Transport, Chain | undefined>,
  { data }: HandoffTransaction,
  { session: { account } }: Grant,
): Promise<boolean> {
  if (!isCreation(data)) return false;
  const code = await getCode(client, { address: account });
  return code !== undefined && code !== "0x";
}

/**
 * Simulates a transaction of an answer from an unrelated sender: what depends on its sender
 * fails here.
 *
 * @throws {Refusal} INVALID_ANSWER: it creates another account than the granting one; or the chain's reason.
 */
export async function tryTransaction(
  client: Client<Transport, Chain | undefined>,
  { to, data }: HandoffTransaction,
  { session: { account } }: Grant,
): Promise<void> {
  const { data: returned } = await call(client, { account: stranger(), to, data });
  if (!isCreation(data)) return;
  const created = createdBy(returned);
  if (created && isAddressEqual(created, account)) return;
  throw invalidAnswer("The answer does not create the granting account.");
}

const isCreation = (data: Hex): boolean =>
  decodeFunctionData({ abi: settlementAbi, data }).functionName === "createProxyWithNonce";

/** Of a factory's return value; undefined if there is no factory. */
function createdBy(returned: Hex | undefined): Address | undefined {
  try {
    return decodeFunctionResult({
      abi: settlementAbi,
      functionName: "createProxyWithNonce",
      data: returned ?? "0x",
    });
  } catch {
    return undefined;
  }
}

/** An address that no one controls. */
const stranger = (): Address => bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(20)));
