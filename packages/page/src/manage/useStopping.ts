import { decodeError, type EncodedCall, grantSession, hashSession, isRefusal } from "@latchkey/sdk";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Hash, TransactionNotFoundError } from "viem";
import {
  getBlockNumber,
  getCode,
  getTransaction,
  call as simulate,
  waitForTransactionReceipt,
} from "viem/actions";
import { type GasPayer, nodePayer, walletPayer } from "../chain/gasPayers.ts";
import type { AskedChain } from "../chain/PageChains.ts";
import { useBrowserWallets } from "../chain/useBrowserWallets.ts";
import { forgetStop, isSameStop, rememberStop } from "../store/remember.ts";
import type { SavedStop } from "../store/Saved.ts";
import { readSaved } from "../store/store.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { readNonce, type SafeStanding } from "./readSafe.ts";
import { type SignedTransaction, type StopPlan, stopTransactions } from "./StopPlan.ts";
import { isStopped, type StopTarget } from "./StopTarget.ts";

/** How far a stop has come. */
export type StopPhase =
  | { kind: "idle" }
  | { kind: "passkey" }
  /** Signed, and not sent: the chain does not answer, nobody here pays, or sending failed. */
  | { kind: "signed"; stop: SavedStop }
  | { kind: "sending"; payer: string }
  | { kind: "sent"; hash: Hash }
  /** The chain says that it is stopped. `hash`: where it was sent from here. */
  | { kind: "mined"; hash: Hash | undefined };

/** Milliseconds between two questions to a node that has not seen the receipt's block yet, and how many there are. */
const LATE_NODE = { pause: 1000, tries: 60 };

/**
 * Takes something back on the passkey's word: one prompt, then whoever can pays the gas. What was signed is kept until the
 * chain has it: a node that is down, or a page that is closed, does not lose it.
 *
 * @param parameters.target What is to be stopped: it is called stopped once the chain says so.
 * @param parameters.call What the account is to call.
 * @param parameters.safe Where the Safe stands, as the chain said it last.
 * @param parameters.over Whether the chain says that there is nothing to stop any more, and why.
 * @param parameters.answeredAt When the chain answered last. What could not be sent is tried again each time that it does.
 * @param parameters.onMined Called when the chain has it, or something in its place.
 * @returns `begin` has to be called in the click's handler: it asks the passkey before anything else.
 */
export function useStopping({
  asked,
  managed,
  target,
  call,
  safe,
  over,
  answeredAt,
  onMined,
}: {
  asked: AskedChain;
  managed: ManagedAccount;
  target: StopTarget;
  call: EncodedCall;
  safe: SafeStanding | undefined;
  over: "stopped" | "expired" | undefined;
  answeredAt: number | undefined;
  onMined: () => void;
}): {
  phase: StopPhase;
  failure: unknown;
  begin: (plan: StopPlan) => void;
  /** Whether `safe` is from before what made a signed stop void: nothing must be signed for it. */
  isOutdated: boolean;
  /** What was signed and waits to be sent. */
  waiting: readonly SignedTransaction[];
  /** Who can send it from here. */
  payers: readonly { name: string; pay: () => void }[];
} {
  const { client, settings } = asked;
  const { account, module, chainId } = managed;
  const session = target.kind === "session" ? hashSession(grantSession(target.grant)) : undefined;
  const name = { chainId, account, module, session };
  const [phase, setPhase] = useState<StopPhase>(() => {
    const stop = readSaved().stops.find((one) => isSameStop(one, name));
    return stop ? { kind: "signed", stop } : { kind: "idle" };
  });
  const [failure, setFailure] = useState<unknown>();
  const wallets = useBrowserWallets();
  const stop = phase.kind === "signed" ? phase.stop : undefined;
  const transactionsOf = (one: SavedStop) => stopTransactions(one, managed, settings.sharedSigner, call);

  const isPursuing = useRef(false);
  /** The nonce of the last stop that was void. */
  const [voidNonce, setVoidNonce] = useState<bigint>();

  const keep = (work: () => void) => {
    try {
      work();
    } catch {
      // A browser that keeps nothing can stop all the same, as long as the page is open.
    }
  };
  const finish = (next: StopPhase, problem?: unknown) => {
    keep(() => forgetStop(name));
    setFailure(problem);
    setPhase(next);
  };

  const giveUp = (signed: SavedStop, problem: PageFailure) => {
    setVoidNonce(BigInt(signed.nonce));
    finish({ kind: "idle" }, problem);
    onMined();
  };

  /** Does what is left to do, and never a second time what is under way. */
  const pursue = async (signed: SavedStop, payer: GasPayer | undefined) => {
    if (isPursuing.current) return;
    isPursuing.current = true;
    let last = signed;
    setFailure(undefined);
    try {
      if (await isStopped(client, target, BigInt(last.epoch)))
        return finish({ kind: "mined", hash: last.sent });
      let hash = last.sent && (await knows(last.sent)) ? last.sent : undefined;
      if (!hash) {
        if (!payer) return;
        setPhase({ kind: "sending", payer: payer.name });
        hash = await send(last, payer);
        last = { ...last, sent: hash };
        keep(() => rememberStop(last));
      }
      setPhase({ kind: "sent", hash });
      const mined = await mine(hash);
      const { sent: _, ...unsent } = last;
      last = unsent;
      if (!(await isStoppedBy(mined, BigInt(last.epoch)))) throw notStopped(mined);
      finish({ kind: "mined", hash: mined.hash });
      onMined();
    } catch (error) {
      if (error instanceof PageFailure && error.code === "STOP_OVERTAKEN") return giveUp(signed, error);
      keep(() => rememberStop(last));
      setFailure(error);
      setPhase({ kind: "signed", stop: last });
    } finally {
      isPursuing.current = false;
    }
  };

  const begin = ({ action, nonce, epoch }: StopPlan) => {
    const signing = action.sign();
    setFailure(undefined);
    setPhase({ kind: "passkey" });
    const proceed = async () => {
      const signature = await signing;
      const signed: SavedStop = { ...name, nonce: `${nonce}`, epoch: `${epoch}`, signature };
      keep(() => rememberStop(signed));
      setPhase({ kind: "signed", stop: signed });
      const [wallet, ...others] = wallets;
      const payer =
        (await nodePayer(asked)) ?? (wallet && others.length === 0 ? walletPayer(wallet, asked) : undefined);
      if (payer) await pursue(signed, payer);
    };
    proceed().catch((error: unknown) => {
      setFailure(error);
      setPhase({ kind: "idle" });
    });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once each time that the chain answers
  useEffect(() => {
    if (answeredAt === undefined || !stop || !(settings.isLocal || stop.sent)) return;
    // What the chain or a wallet has said no to is for the reader to try again.
    if (failure !== undefined && !isRefusal(decodeError(failure), "NETWORK")) return;
    void nodePayer(asked).then((payer) => (payer || stop.sent) && pursue(stop, payer));
  }, [answeredAt]);

  // Somebody else may send it, or something else with its nonce.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest is the same as long as these are
  useEffect(() => {
    if (!stop) return;
    if (over) return finish(over === "stopped" ? { kind: "mined", hash: undefined } : { kind: "idle" });
    if (!safe || safe.nonce <= BigInt(stop.nonce)) return;
    isStopped(client, target, BigInt(stop.epoch)).then(
      (isDone) =>
        isDone ? finish({ kind: "mined", hash: undefined }) : giveUp(stop, new PageFailure("STOP_OVERTAKEN")),
      () => {},
    );
  }, [stop, over, safe?.nonce]);

  const payers = stop
    ? [
        ...(settings.isLocal
          ? [{ name: "Send it now", pay: () => void nodePayer(asked).then((payer) => pursue(stop, payer)) }]
          : []),
        ...wallets.map((wallet) => ({
          name: `Pay the gas with ${wallet.name}`,
          pay: () => void pursue(stop, walletPayer(wallet, asked)),
        })),
      ]
    : [];
  const waiting = useMemo(() => {
    if (!stop) return [];
    const { creation, stop: last } = stopTransactions(stop, managed, settings.sharedSigner, call);
    return creation && !safe?.deployed ? [creation, last] : [last];
  }, [stop, managed, settings, call, safe?.deployed]);
  const isOutdated = voidNonce !== undefined && safe !== undefined && safe.nonce <= voidNonce;
  return { phase, failure, begin, isOutdated, waiting, payers };

  /** Whether the node knows a transaction, mined or not. */
  async function knows(hash: Hash): Promise<boolean> {
    try {
      await getTransaction(client, { hash });
      return true;
    } catch (error) {
      if (error instanceof TransactionNotFoundError) return false;
      throw error;
    }
  }

  /** Sends the stop, after what creates the account, where it is not there yet. */
  async function send(signed: SavedStop, payer: GasPayer): Promise<Hash> {
    const transactions = transactionsOf(signed);
    const exists = async () => ((await getCode(client, { address: account })) ?? "0x") !== "0x";
    if (transactions.creation && !(await exists())) {
      const created = await mine(await payer.send(transactions.creation));
      // To an account that is not there, the stop itself would be sent for nothing.
      if (!(await exists())) throw notStopped(created);
    }
    const { to, data } = transactions.stop;
    await simulate(client, { to, data }).catch(async (error: unknown) => {
      if (isRefusal(decodeError(error), "NETWORK")) throw error;
      const isOvertaken = (await readNonce(client, account)) > BigInt(signed.nonce);
      throw new PageFailure(isOvertaken ? "STOP_OVERTAKEN" : "STOP_FAILS", {}, error);
    });
    return payer.send({ to, data });
  }

  /** Waits for what was sent, or what the wallet sent in its place. */
  async function mine(sent: Hash): Promise<{ hash: Hash; blockNumber: bigint; isOther: boolean }> {
    let isOther = false;
    const { transactionHash, blockNumber } = await waitForTransactionReceipt(client, {
      hash: sent,
      timeout: 600_000,
      onReplaced: ({ reason }) => {
        isOther = reason !== "repriced";
      },
    });
    return { hash: transactionHash, blockNumber, isOther };
  }

  /** Whether the chain says that it is stopped, as soon as its node has the block of the receipt. */
  async function isStoppedBy({ blockNumber }: { blockNumber: bigint }, since: bigint): Promise<boolean> {
    for (let tries = 0; tries < LATE_NODE.tries; tries++) {
      const isLate = (await getBlockNumber(client)) < blockNumber;
      if (await isStopped(client, target, since)) return true;
      if (!isLate) return false;
      await new Promise((done) => setTimeout(done, LATE_NODE.pause));
    }
    return false;
  }
}

const notStopped = ({ hash, isOther }: { hash: Hash; isOther: boolean }) =>
  new PageFailure(isOther ? "STOP_REPLACED" : "NOT_STOPPED", { hash });
