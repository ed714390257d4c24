import { decodeError } from "@latchkey/sdk";
import { useState } from "react";
import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { call, getCode, waitForTransactionReceipt } from "viem/actions";
import { type GasPayer, nodePayer, walletPayer } from "../chain/gasPayers.ts";
import type { AskedChain } from "../chain/PageChains.ts";
import { useBrowserWallets } from "../chain/useBrowserWallets.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { StopPlan } from "./StopPlan.ts";

/** A transaction as JSON, complete enough for anyone to send it. */
export type SignedTransaction = { chainId: Hex; to: Address; data: Hex; value: "0x0" };

/** How far a stop has come. */
export type StopPhase =
  | { kind: "idle" }
  | { kind: "passkey" }
  /** Signed, and not sent: nobody here pays, or sending failed. */
  | { kind: "signed"; transactions: readonly SignedTransaction[] }
  | { kind: "sending"; transactions: readonly SignedTransaction[]; payer: string }
  | { kind: "sent"; hash: Hash }
  | { kind: "mined"; hash: Hash };

/**
 * Takes something back on the passkey's word: one prompt, then whoever can pays the gas.
 *
 * @param onMined Called when the chain has it.
 * @returns `begin` has to be called in the click's handler: it asks the passkey before anything else.
 */
export function useStopping(
  asked: AskedChain,
  onMined: () => void,
): {
  phase: StopPhase;
  failure: unknown;
  begin: (plan: StopPlan) => void;
  /** Who can pay, where there is more than one way or sending failed. */
  payers: readonly { name: string; pay: () => void }[];
} {
  const [phase, setPhase] = useState<StopPhase>({ kind: "idle" });
  const [failure, setFailure] = useState<unknown>();
  const wallets = useBrowserWallets();
  const { client } = asked;

  const send = async (payer: GasPayer, transactions: readonly SignedTransaction[]) => {
    setFailure(undefined);
    setPhase({ kind: "sending", transactions, payer: payer.name });
    try {
      const hash = await sendAll(asked, payer, transactions, (sent) =>
        setPhase({ kind: "sent", hash: sent }),
      );
      setPhase({ kind: "mined", hash });
      onMined();
    } catch (error) {
      setFailure(error);
      setPhase({ kind: "signed", transactions });
    }
  };

  const begin = ({ action, before }: StopPlan) => {
    const signed = action.sign();
    setFailure(undefined);
    setPhase({ kind: "passkey" });
    const finish = async () => {
      const { to, data } = await signed;
      const chainId = numberToHex(asked.settings.id);
      const transactions = [...before, { to, data, value: "0x0" as const }].map((one) => ({
        chainId,
        ...one,
      }));
      setPhase({ kind: "signed", transactions });
      const [wallet, ...others] = wallets;
      const payer =
        (await nodePayer(asked)) ?? (wallet && others.length === 0 ? walletPayer(wallet, asked) : undefined);
      if (payer) await send(payer, transactions);
    };
    finish().catch((error: unknown) => {
      setFailure(error);
      setPhase({ kind: "idle" });
    });
  };

  const transactions = phase.kind === "signed" ? phase.transactions : undefined;
  const retry = async () => {
    const payer = await nodePayer(asked);
    if (payer && transactions) await send(payer, transactions);
  };
  const payers = transactions
    ? [
        ...(asked.settings.isLocal && failure ? [{ name: "Send it again", pay: () => void retry() }] : []),
        ...wallets.map((wallet) => ({
          name: `Pay the gas with ${wallet.name}`,
          pay: () => void send(walletPayer(wallet, asked), transactions),
        })),
      ]
    : [];
  return { phase, failure, begin, payers };

  /** Sends what is not done yet, one after the other. @returns The last one's hash, once it is mined. */
  async function sendAll(
    { settings }: AskedChain,
    payer: GasPayer,
    all: readonly SignedTransaction[],
    onSent: (hash: Hash) => void,
  ): Promise<Hash> {
    const last = all.at(-1);
    if (!last) throw new PageFailure("SIMULATION_FAILED");
    const code = await getCode(client, { address: last.to });
    const exists = code !== undefined && code !== "0x";
    let hash: Hash = "0x";
    for (const { to, data } of exists ? [last] : all) {
      if (exists)
        await call(client, { to, data }).catch((error: unknown) => {
          const { shortMessage } = decodeError(error);
          throw new PageFailure("SIMULATION_FAILED", { reason: shortMessage }, error);
        });
      hash = await payer.send({ to, data });
      if (to === last.to) onSent(hash);
      const { status } = await waitForTransactionReceipt(client, { hash, timeout: 600_000 });
      if (status !== "success")
        throw new PageFailure("SIMULATION_FAILED", { reason: `${settings.name} reverted ${hash}` });
    }
    return hash;
  }
}
