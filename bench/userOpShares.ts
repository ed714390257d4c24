import { ERC7579_ACCOUNTS } from "./BenchErc7579Account.ts";
import type { Frame } from "./gasFrames.ts";
import type { Measured } from "./measureGas.ts";
import { type Party, traceTransaction } from "./traceTransaction.ts";

/** What the gas of a bundle of one userOp was for. The parts add up to the transaction's gasUsed. */
export const USER_OP_PARTS = [
  "base",
  "calldata",
  "EntryPoint",
  "account",
  "validator",
  "execution",
  "token",
  "refunds",
] as const;
export type UserOpShares = Record<(typeof USER_OP_PARTS)[number], number>;

/** The rows of which the documentation says where their gas goes: each account's owner, then a session. */
export const userOpRows: readonly string[] = ERC7579_ACCOUNTS.flatMap((account) =>
  ["owner-userOp/next", "userOp/next", "userOp/execution/next"].map((row) => `erc7579/${account}/${row}`),
);

function partOf(party: Party, inner: boolean): keyof UserOpShares | undefined {
  if (party === "EntryPoint" || party === "token") return party;
  if (party === "account" || party === "Safe") return "account";
  if (party === "module") return inner ? "execution" : "validator";
  // The owner's validator is the one stranger that is called before the execution.
  return party === "other" && !inner ? "validator" : undefined;
}

/**
 * Splits a bundler's transaction. `validator` is the validator's own work, the session module's or the owner's; of a
 * Safe's owners the account does it. `execution` is the session module's own work when the account calls it. Precompiles
 * count with who calls them.
 * @throws If a contract runs that has no part in it.
 */
export async function userOpShares(measured: Measured): Promise<UserOpShares> {
  const { base, calldata, root, rest, partyOf, nameOf } = await traceTransaction(measured);
  const shares: UserOpShares = {
    base,
    calldata: calldata.gas,
    EntryPoint: 0,
    account: 0,
    validator: 0,
    execution: 0,
    token: 0,
    refunds: rest,
  };
  const add = (frame: Frame, inner: boolean) => {
    // The beneficiary runs no code.
    if (frame.steps.length === 0) return;
    const part = partOf(partyOf(frame.code), inner);
    if (!part) throw new Error(`${measured.row.name}: what is ${nameOf(frame.code)}?`);
    shares[part] += Object.values(frame.own).reduce((total, gas) => total + gas, 0);
    for (const call of frame.calls) {
      if (partyOf(call.code) === "precompile") shares[part] += call.total;
      // handleOps calls the EntryPoint itself, once the validations are over.
      else add(call, inner || partyOf(call.code) === "EntryPoint");
    }
  };
  add(root, false);
  return shares;
}
