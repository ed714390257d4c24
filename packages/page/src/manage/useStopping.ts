import { decodeError } from "@latchkey/sdk";
import { useState } from "react";
import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { call, getBlockNumber, getCode, waitForTransactionReceipt } from "viem/actions";
import { type GasPayer, nodePayer, walletPayer } from "../chain/gasPayers.ts";
import type { AskedChain } from "../chain/PageChains.ts";
import { useBrowserWallets } from "../chain/useBrowserWallets.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { StopPlan } from "./StopPlan.ts";
import { isStopped, readEpoch, type StopTarget } from "./StopTarget.ts";

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
  /** Mined, and the chain says that it is stopped. */
  | { kind: "mined"; hash: Hash };

/** Milliseconds between two questions to a node that has not seen the receipt's block yet, and how many there are. */
const LATE_NODE = { pause: 1000, tries: 60 };

/**
 * Takes something back on the passkey's word: one prompt, then whoever can pays the gas.
 *
 * @param target What is to be stopped: it is called stopped once the chain says so.
 * @param onMined Called when the chain has it.
 * @returns `begin` has to be called in the click's handler: it asks the passkey before anything else.
 */
export function useStopping(
  asked: AskedChain,
  target: StopTarget,
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

  /**
   * Sends what is not done yet, one after the other.
   *
   * @returns The last one's hash, once it is mined and the chain says that the target is stopped.
   */
  async function sendAll(
    { settings }: AskedChain,
    payer: GasPayer,
    all: readonly SignedTransaction[],
    onSent: (hash: Hash) => void,
  ): Promise<Hash> {
    const last = all.at(-1);
    if (!last) throw new PageFailure("SIMULATION_FAILED");
    const { account, module } =
      target.kind === "everything"
        ? target
        : { account: target.grant.session.account, module: target.grant.module };
    const since = await readEpoch(client, { account, module });
    const exists = async () => ((await getCode(client, { address: last.to })) ?? "0x") !== "0x";
    for (const { to, data } of (await exists()) ? [] : all.slice(0, -1)) {
      const { hash, isOther } = await mine(settings.name, await payer.send({ to, data }));
      // To an account that is not there, the stop itself would be sent for nothing.
      if (!(await exists())) throw notStopped(hash, isOther);
    }
    const { to, data } = last;
    await call(client, { to, data }).catch((error: unknown) => {
      const { shortMessage } = decodeError(error);
      throw new PageFailure("SIMULATION_FAILED", { reason: shortMessage }, error);
    });
    const sent = await payer.send({ to, data });
    onSent(sent);
    const { hash, blockNumber, isOther } = await mine(settings.name, sent);
    for (let tries = 0; !(await isStopped(client, target, since)); tries++) {
      // A node that is behind the receipt's block cannot know yet.
      if (tries >= LATE_NODE.tries || (await getBlockNumber(client)) >= blockNumber) {
        if (await isStopped(client, target, since)) break;
        throw notStopped(hash, isOther);
      }
      await new Promise((done) => setTimeout(done, LATE_NODE.pause));
    }
    return hash;
  }

  /** Waits for what was sent, or what the wallet sent in its place. */
  async function mine(
    chain: string,
    sent: Hash,
  ): Promise<{ hash: Hash; blockNumber: bigint; isOther: boolean }> {
    let isOther = false;
    const { status, transactionHash, blockNumber } = await waitForTransactionReceipt(client, {
      hash: sent,
      timeout: 600_000,
      onReplaced: ({ reason }) => {
        isOther = reason !== "repriced";
      },
    });
    if (status !== "success")
      throw new PageFailure("SIMULATION_FAILED", { reason: `${chain} reverted ${transactionHash}` });
    return { hash: transactionHash, blockNumber, isOther };
  }
}

const notStopped = (hash: Hash, isOther: boolean) =>
  new PageFailure(isOther ? "STOP_REPLACED" : "NOT_STOPPED", { hash });
