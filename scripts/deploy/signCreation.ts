import { keccak256 } from "viem";
import { prepareTransactionRequest, signTransaction } from "viem/actions";
import { FACTORIES } from "./factories.ts";
import type { PendingCreation } from "./Journal.ts";
import { creationData, type DeployClient, type DeploymentPlan, type Step } from "./planDeployment.ts";

/**
 * Signs a creation and writes it down. Nothing is sent yet.
 *
 * @returns What `finishCreation` sends and waits for.
 */
export async function signCreation(
  client: DeployClient,
  { fees, factory, journal }: DeploymentPlan,
  { contract, address, gas }: Step,
): Promise<PendingCreation> {
  const price =
    fees.priorityFee === undefined
      ? ({ type: "legacy", gasPrice: fees.price } as const)
      : ({ type: "eip1559", maxFeePerGas: fees.price, maxPriorityFeePerGas: fees.priorityFee } as const);
  const request = await prepareTransactionRequest(client, {
    account: client.account,
    chain: client.chain ?? null,
    to: FACTORIES[factory].address,
    data: creationData(contract),
    gas,
    ...price,
  });
  const signed = await signTransaction(client, { ...request, chain: client.chain ?? null });
  const creation = {
    name: contract.name,
    address,
    from: client.account.address,
    nonce: request.nonce,
    transaction: keccak256(signed),
    signed,
  };
  await journal.add(creation);
  return creation;
}
