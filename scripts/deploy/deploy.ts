import { keccak256 } from "viem";
import { getCode } from "viem/actions";
import { DeployError } from "./DeployError.ts";
import { type Deployment, writeRecord } from "./Deployment.ts";
import { FACTORIES, SALT } from "./factories.ts";
import { type Creation, finishCreation } from "./finishCreation.ts";
import type { PendingCreation } from "./Journal.ts";
import { type DeployClient, type DeploymentPlan, requireCode, type Step } from "./planDeployment.ts";
import { signCreation } from "./signCreation.ts";

/** What became of one contract. */
export type DeployResult = Deployment & {
  name: string;
  /** False if it was there already. */
  isNew: boolean;
};

/**
 * Does what a plan says, contract by contract, and records each as soon as it is there.
 *
 * @param plan Made with `resume`.
 * @param version Of the repository.
 * @param commit That the contracts were compiled from, if they are in one.
 * @param timeout Milliseconds to wait for each transaction; default: five minutes.
 * @param onSend Called before each wait for a transaction.
 * @param onResult Called after each contract.
 * @throws {@link DeployError} `REVERTED`, `NOT_MINED`: run it again; `WRONG_CODE`.
 */
export async function deploy(parameters: {
  client: DeployClient;
  plan: DeploymentPlan;
  version: string;
  commit: string | null;
  timeout?: number;
  onSend?: ((creation: PendingCreation) => void) | undefined;
  onResult?: (result: DeployResult) => void;
}): Promise<DeployResult[]> {
  const { client, plan, version, commit, timeout = 300_000, onSend, onResult } = parameters;
  const results: DeployResult[] = [];
  for (const step of plan.steps) {
    const { contract, address } = step;
    const created = plan.settled.get(address) ?? (await create(client, plan, step, timeout, onSend));
    const code = await getCode(client, { address });
    if (!code) throw new DeployError("REVERTED", `${contract.name}: no code at ${address}. Run this again.`);
    requireCode(contract, address, code);
    const deployment = {
      contract: contract.contract,
      version,
      address,
      codeHash: keccak256(code),
      initCodeHash: keccak256(contract.initCode),
      salt: SALT,
      factory: FACTORIES[plan.factory].address,
      transaction: created?.transaction ?? null,
      block: created?.block ?? null,
      compiler: contract.compiler,
      commit,
    };
    // A later run knows less of what is recorded: not who sent it, and maybe not its commit.
    const recorded = plan.record.contracts[contract.name];
    const isKnown = recorded?.address === address && recorded.codeHash === deployment.codeHash;
    const kept = isKnown && (recorded.transaction !== null || !created) ? recorded : deployment;
    plan.record.contracts[contract.name] = kept;
    if (plan.folder !== undefined) await writeRecord(plan.folder, plan.record);
    const result = { name: contract.name, isNew: created !== undefined, ...kept };
    results.push(result);
    onResult?.(result);
  }
  return results;
}

/** Creates what is missing. Undefined if it exists, also if someone else was faster. */
async function create(
  client: DeployClient,
  plan: DeploymentPlan,
  step: Step,
  timeout: number,
  onSend?: (creation: PendingCreation) => void,
): Promise<Creation | undefined> {
  if (step.state === "present" || (await getCode(client, { address: step.address }))) return undefined;
  if (step.state === "pending")
    throw new DeployError(
      "NOT_MINED",
      `${step.contract.name} was sent by an earlier run. Wait for that transaction first.`,
    );
  const creation = await signCreation(client, plan, step);
  onSend?.(creation);
  return finishCreation(client, plan.journal, creation, timeout);
}
