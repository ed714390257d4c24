import { decodeError, hashSession, isRefusal } from "@latchkey/sdk";
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
import { forgetChange, isOfSame, rememberChange } from "../store/remember.ts";
import type { SavedChange } from "../store/Saved.ts";
import { readSaved } from "../store/store.ts";
import { PageFailure } from "../wording/PageFailure.ts";
import { type ChangePlan, changeTransactions, type SignedTransaction } from "./ChangePlan.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { readNonce, type SafeStanding } from "./readSafe.ts";
import { type ChangeKind, type ChangeSubject, encodeChange, isMade } from "./SessionChange.ts";

/** A change's progress. `of`: which change. */
export type ChangePhase =
  | { kind: "idle" }
  | { kind: "passkey"; of: ChangeKind }
  /** Signed but not sent: the chain does not respond, no gas payer is available, or sending failed. */
  | { kind: "signed"; of: ChangeKind; change: SavedChange }
  /** `payer`: undefined until found. */
  | { kind: "sending"; of: ChangeKind; payer: string | undefined }
  | { kind: "sent"; of: ChangeKind; hash: Hash }
  /** In effect on chain. `hash`: set if it was sent from here. `at`: by this device's clock. */
  | { kind: "mined"; of: ChangeKind; hash: Hash | undefined; at: number };

/** Milliseconds between requests to a node that has not seen the receipt's block yet, and their number. */
const LATE_NODE = { pause: 1000, tries: 60 };

/**
 * Stops, pauses or resumes with one passkey prompt; any available wallet pays for gas. A signed change is saved until
 * it is on chain, so it survives an unavailable node or a closed page. One at a time: two would share the account's
 * nonce, so a later signature replaces a pending one.
 *
 * @param parameters.subject What is changed. It is reported as changed only once the chain says so.
 * @param parameters.safe The Safe's state, as last read from the chain.
 * @param parameters.over Why nothing can be changed any more, according to the chain.
 * @param parameters.answeredAt When the chain last responded. Each response retries what could not be sent, except a
 * resume: that lets the agent spend, which must not happen at a moment the owner did not choose.
 * @param parameters.onMined Called when it, or a replacement, is on chain.
 * @returns `begin` must be called in the click handler: it prompts for the passkey before anything else.
 */
export function useChanging({
  asked,
  managed,
  subject,
  safe,
  over,
  answeredAt,
  onMined,
}: {
  asked: AskedChain;
  managed: ManagedAccount;
  subject: ChangeSubject;
  safe: SafeStanding | undefined;
  over: "stopped" | "expired" | undefined;
  answeredAt: number | undefined;
  onMined: () => void;
}): {
  phase: ChangePhase;
  failure: unknown;
  begin: (kind: ChangeKind, plan: ChangePlan) => void;
  /** Whether `safe` predates what invalidated a signed change: nothing must be signed for it. */
  isOutdated: boolean;
  /** The signed change waiting to be sent. */
  waiting: readonly SignedTransaction[];
  /** Wallets that can send it from here. */
  payers: readonly { name: string; pay: () => void }[];
} {
  const { client, settings } = asked;
  const { account, module, chainId } = managed;
  const session = useMemo(
    () => (subject.kind === "session" ? hashSession(subject.grant.session) : undefined),
    [subject],
  );
  const name = { chainId, account, module, session };
  const [phase, setPhase] = useState<ChangePhase>(() => {
    const change = readSaved().changes.find((one) => isOfSame(one, name));
    return change ? signedPhase(change) : { kind: "idle" };
  });
  const [failure, setFailure] = useState<unknown>();
  const wallets = useBrowserWallets();
  const change = phase.kind === "signed" ? phase.change : undefined;
  const transactionsOf = (one: SavedChange) =>
    changeTransactions(one, managed, settings.sharedSigner, encodeChange(subject, one.kind));

  const isPursuing = useRef(false);
  /** Number of passkey prompts: earlier signatures are no longer pursued. */
  const turn = useRef(0);
  /** The nonce of the last invalidated change. */
  const [voidNonce, setVoidNonce] = useState<bigint>();

  const keep = (work: () => void) => {
    try {
      work();
    } catch {
      // Without storage it still works, as long as the page stays open.
    }
  };
  const finish = (next: ChangePhase, problem?: unknown) => {
    keep(() => forgetChange(name));
    setFailure(problem);
    setPhase(next);
  };

  const minedPhase = (of: ChangeKind, hash?: Hash): ChangePhase => ({
    kind: "mined",
    of,
    hash,
    at: Date.now(),
  });

  const giveUp = (signed: SavedChange, problem: PageFailure) => {
    setVoidNonce(BigInt(signed.nonce));
    finish({ kind: "idle" }, problem);
    onMined();
  };

  /** Does what remains to be done, without repeating what is in progress. */
  const pursue = async (signed: SavedChange, payer: GasPayer | undefined) => {
    if (isPursuing.current) return;
    isPursuing.current = true;
    const { kind: of } = signed;
    const isOfTurn = turn.current;
    let last = signed;
    setFailure(undefined);
    // It may be sent at any moment from here on, so it is not reported as unsent.
    if (payer) setPhase({ kind: "sending", of, payer: payer.name });
    try {
      const isMadeAlready = await isMade(client, subject, of, BigInt(last.epoch));
      let hash = !isMadeAlready && last.sent && (await knows(last.sent)) ? last.sent : undefined;
      // The user has meanwhile started to sign a replacement.
      if (turn.current !== isOfTurn) return;
      if (isMadeAlready) return finish(minedPhase(of, last.sent));
      if (!hash) {
        if (!payer) return;
        hash = await send(last, payer);
        last = { ...last, sent: hash };
        keep(() => rememberChange(last));
      }
      setPhase({ kind: "sent", of, hash });
      const mined = await mine(hash);
      const { sent: _, ...unsent } = last;
      last = unsent;
      if (!(await isMadeBy(mined, last))) throw notMade(last, mined);
      finish(minedPhase(of, mined.hash));
      onMined();
    } catch (error) {
      if (turn.current !== isOfTurn) return;
      if (error instanceof PageFailure && error.code === "CHANGE_OVERTAKEN") return giveUp(signed, error);
      keep(() => rememberChange(last));
      setFailure(error);
      setPhase(signedPhase(last));
    } finally {
      isPursuing.current = false;
    }
  };

  const begin = (kind: ChangeKind, { action, nonce, epoch }: ChangePlan) => {
    const signing = action.sign();
    turn.current++;
    setFailure(undefined);
    setPhase({ kind: "passkey", of: kind });
    const proceed = async () => {
      const signature = await signing;
      const signed: SavedChange = { ...name, kind, nonce: `${nonce}`, epoch: `${epoch}`, signature };
      keep(() => rememberChange(signed));
      setPhase({ kind: "sending", of: kind, payer: undefined });
      const [wallet, ...others] = wallets;
      const payer =
        (await nodePayer(asked)) ?? (wallet && others.length === 0 ? walletPayer(wallet, asked) : undefined);
      setPhase(signedPhase(signed));
      if (payer) await pursue(signed, payer);
    };
    proceed().catch((error: unknown) => {
      setFailure(error);
      // The earlier signature is still pending.
      setPhase(change ? signedPhase(change) : { kind: "idle" });
    });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once per response from the chain
  useEffect(() => {
    if (answeredAt === undefined || !change) return;
    const canPay = settings.isLocal && change.kind !== "resume";
    if (!canPay && !change.sent) return;
    // What the chain or a wallet rejected is for the user to retry.
    if (failure !== undefined && !isRefusal(decodeError(failure), "NETWORK")) return;
    void (canPay ? nodePayer(asked) : Promise.resolve(undefined)).then(
      (payer) => (payer || change.sent) && pursue(change, payer),
    );
  }, [answeredAt]);

  // Someone else may send it, or another transaction with its nonce.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest depends only on these
  useEffect(() => {
    if (!change) return;
    const { kind: of, nonce, epoch } = change;
    if (over) return finish(over === "stopped" && of === "stop" ? minedPhase(of) : { kind: "idle" });
    if (!safe || safe.nonce <= BigInt(nonce)) return;
    const isOfTurn = turn.current;
    isMade(client, subject, of, BigInt(epoch)).then(
      (isDone) => {
        if (turn.current !== isOfTurn) return;
        if (isDone) finish(minedPhase(of));
        else giveUp(change, new PageFailure("CHANGE_OVERTAKEN", { change: of }));
      },
      () => {},
    );
  }, [change, over, safe?.nonce]);

  const payers = change
    ? [
        ...(settings.isLocal
          ? [{ name: "Send it now", pay: () => void nodePayer(asked).then((payer) => pursue(change, payer)) }]
          : []),
        ...wallets.map((wallet) => ({
          name: `Pay the gas with ${wallet.name}`,
          pay: () => void pursue(change, walletPayer(wallet, asked)),
        })),
      ]
    : [];
  const waiting = useMemo(() => {
    if (!change) return [];
    const call = encodeChange(subject, change.kind);
    const { creation, change: last } = changeTransactions(change, managed, settings.sharedSigner, call);
    return creation && !safe?.deployed ? [creation, last] : [last];
  }, [change, managed, settings, subject, safe?.deployed]);
  const isOutdated = voidNonce !== undefined && safe !== undefined && safe.nonce <= voidNonce;
  return { phase, failure, begin, isOutdated, waiting, payers };

  /** Whether the node knows a transaction, mined or pending. */
  async function knows(hash: Hash): Promise<boolean> {
    try {
      await getTransaction(client, { hash });
      return true;
    } catch (error) {
      if (error instanceof TransactionNotFoundError) return false;
      throw error;
    }
  }

  /** Sends the change, preceded by the account's creation if it does not exist yet. */
  async function send(signed: SavedChange, payer: GasPayer): Promise<Hash> {
    const transactions = transactionsOf(signed);
    const exists = async () => ((await getCode(client, { address: account })) ?? "0x") !== "0x";
    if (transactions.creation && !(await exists())) {
      const created = await mine(await payer.send(transactions.creation));
      // Sent to an account that does not exist, the change would have no effect.
      if (!(await exists())) throw notMade(signed, created);
    }
    const { to, data } = transactions.change;
    await simulate(client, { to, data }).catch(async (error: unknown) => {
      if (isRefusal(decodeError(error), "NETWORK")) throw error;
      const isOvertaken = (await readNonce(client, account)) > BigInt(signed.nonce);
      throw new PageFailure(
        isOvertaken ? "CHANGE_OVERTAKEN" : "CHANGE_FAILS",
        { change: signed.kind },
        error,
      );
    });
    return payer.send({ to, data });
  }

  /** Waits for the transaction, or the wallet's replacement. */
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

  /** Whether the change is in effect, once the node has the receipt's block. */
  async function isMadeBy(
    { blockNumber }: { blockNumber: bigint },
    { kind, epoch }: SavedChange,
  ): Promise<boolean> {
    for (let tries = 0; tries < LATE_NODE.tries; tries++) {
      const isLate = (await getBlockNumber(client)) < blockNumber;
      if (await isMade(client, subject, kind, BigInt(epoch))) return true;
      if (!isLate) return false;
      await new Promise((done) => setTimeout(done, LATE_NODE.pause));
    }
    return false;
  }
}

const signedPhase = (change: SavedChange): ChangePhase => ({ kind: "signed", of: change.kind, change });

const notMade = ({ kind }: SavedChange, { hash, isOther }: { hash: Hash; isOther: boolean }) =>
  new PageFailure(isOther ? "CHANGE_REPLACED" : "CHANGE_NOT_MADE", { change: kind, hash });
