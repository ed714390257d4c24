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

/** How far a change has come. `of`: which one it is. */
export type ChangePhase =
  | { kind: "idle" }
  | { kind: "passkey"; of: ChangeKind }
  /** Signed, and not sent: the chain does not answer, nobody here pays, or sending failed. */
  | { kind: "signed"; of: ChangeKind; change: SavedChange }
  /** `payer`: undefined until one is found. */
  | { kind: "sending"; of: ChangeKind; payer: string | undefined }
  | { kind: "sent"; of: ChangeKind; hash: Hash }
  /** The chain says that it is made. `hash`: where it was sent from here. `at`: by this device's clock. */
  | { kind: "mined"; of: ChangeKind; hash: Hash | undefined; at: number };

/** Milliseconds between two questions to a node that has not seen the receipt's block yet, and how many there are. */
const LATE_NODE = { pause: 1000, tries: 60 };

/**
 * Stops, pauses or resumes on the passkey's word: one prompt, then whoever can pays the gas. What was signed is kept until
 * the chain has it: a node that is down, or a page that is closed, does not lose it. One at a time: two would share the
 * account's nonce, so what is signed later takes the place of what waits.
 *
 * @param parameters.subject What is changed: it is called so once the chain says so.
 * @param parameters.safe Where the Safe stands, as the chain said it last.
 * @param parameters.over Whether the chain says that there is nothing to change any more, and why.
 * @param parameters.answeredAt When the chain answered last. What could not be sent is tried again each time that it does,
 * but for a resume: that gives the agent money, which must not happen at a moment that the owner has not chosen.
 * @param parameters.onMined Called when the chain has it, or something in its place.
 * @returns `begin` has to be called in the click's handler: it asks the passkey before anything else.
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
  /** Whether `safe` is from before what made a signed change void: nothing must be signed for it. */
  isOutdated: boolean;
  /** What was signed and waits to be sent. */
  waiting: readonly SignedTransaction[];
  /** Who can send it from here. */
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
  /** How often the passkey was asked: what was signed before the last time is pursued no further. */
  const turn = useRef(0);
  /** The nonce of the last change that was void. */
  const [voidNonce, setVoidNonce] = useState<bigint>();

  const keep = (work: () => void) => {
    try {
      work();
    } catch {
      // A browser that keeps nothing can do it all the same, as long as the page is open.
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

  /** Does what is left to do, and never a second time what is under way. */
  const pursue = async (signed: SavedChange, payer: GasPayer | undefined) => {
    if (isPursuing.current) return;
    isPursuing.current = true;
    const { kind: of } = signed;
    const isOfTurn = turn.current;
    let last = signed;
    setFailure(undefined);
    // It may be sent at any moment from here on, and is not called unsent.
    if (payer) setPhase({ kind: "sending", of, payer: payer.name });
    try {
      const isMadeAlready = await isMade(client, subject, of, BigInt(last.epoch));
      let hash = !isMadeAlready && last.sent && (await knows(last.sent)) ? last.sent : undefined;
      // The reader has meanwhile begun to sign something else in its place.
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
      // What was signed before still waits.
      setPhase(change ? signedPhase(change) : { kind: "idle" });
    });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once each time that the chain answers
  useEffect(() => {
    if (answeredAt === undefined || !change) return;
    const canPay = settings.isLocal && change.kind !== "resume";
    if (!canPay && !change.sent) return;
    // What the chain or a wallet has said no to is for the reader to try again.
    if (failure !== undefined && !isRefusal(decodeError(failure), "NETWORK")) return;
    void (canPay ? nodePayer(asked) : Promise.resolve(undefined)).then(
      (payer) => (payer || change.sent) && pursue(change, payer),
    );
  }, [answeredAt]);

  // Somebody else may send it, or something else with its nonce.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rest is the same as long as these are
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

  /** Sends the change, after what creates the account, where it is not there yet. */
  async function send(signed: SavedChange, payer: GasPayer): Promise<Hash> {
    const transactions = transactionsOf(signed);
    const exists = async () => ((await getCode(client, { address: account })) ?? "0x") !== "0x";
    if (transactions.creation && !(await exists())) {
      const created = await mine(await payer.send(transactions.creation));
      // To an account that is not there, the change itself would be sent for nothing.
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

  /** Whether the chain says that it is made, as soon as its node has the block of the receipt. */
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
