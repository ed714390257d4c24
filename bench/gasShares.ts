import type { Frame } from "./gasFrames.ts";
import type { Measured } from "./measureGas.ts";
import { type Party, traceTransaction } from "./traceTransaction.ts";

/** What the gas of a transaction was for. The parts add up to its gasUsed. */
export const PARTS = ["base", "calldata", "token", "Safe", "handler", "module", "questions", "rest"] as const;
export type Part = (typeof PARTS)[number];
export type GasShares = Record<Part, number>;

/** The rows of which the documentation says where their gas goes. */
export const sharedRows: readonly string[] = ["safe-1.4.1", "safe-1.5.0"].flatMap((safe) =>
  ["execute/next", "execute/first-with-grant", "x402/opener/1", "x402/opener/5", "x402/follower/5"].map(
    (row) => `${safe}/${row}`,
  ),
);

const partOf = (party: Party) =>
  party === "token" || party === "Safe" || party === "handler" || party === "module" ? party : "rest";

/**
 * Splits a transaction's gas. `questions` is all that the module asks by STATICCALL while it checks: the token about
 * slots, the Safe about its owners' signature or about the module. Precompiles count with who calls them. `rest` is
 * other contracts, and refunds with a minus.
 */
export async function gasShares(measured: Measured): Promise<GasShares> {
  const { base, calldata, root, rest, partyOf } = await traceTransaction(measured);
  const shares: GasShares = {
    base,
    calldata: calldata.gas,
    token: 0,
    Safe: 0,
    handler: 0,
    module: 0,
    questions: 0,
    rest,
  };
  const add = (frame: Frame, part: Exclude<Part, "base" | "calldata" | "questions">) => {
    shares[part] += Object.values(frame.own).reduce((total, gas) => total + gas, 0);
    for (const call of frame.calls) {
      const party = partyOf(call.code);
      if (party === "precompile") shares[part] += call.total;
      else if (part === "module" && call.op === "STATICCALL") shares.questions += call.total;
      else add(call, partOf(party));
    }
  };
  add(root, partOf(partyOf(root.code)));
  return shares;
}
