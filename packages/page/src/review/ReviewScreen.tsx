import type { Proposal } from "@latchkey/sdk";
import { handoffCode, keyFingerprint, sessionExcess } from "@latchkey/sdk/handoff";
import { describeSession } from "@latchkey/sdk/review";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import type { Address } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";
import type { ReadRequest } from "../request/readRequest.ts";
import { accountToSave, rememberAccount, rememberGrant, rememberPasskey } from "../store/remember.ts";
import { useSaved } from "../store/useSaved.ts";
import type { AccountState } from "../tap/AccountState.ts";
import { createPasskey } from "../tap/createPasskey.ts";
import { grantByTap } from "../tap/grantByTap.ts";
import type { Passkey } from "../tap/Passkey.ts";
import { webAuthnFailure } from "../tap/passkeyFailure.ts";
import { predictSafe } from "../tap/predictSafe.ts";
import type { TappedGrant } from "../tap/prepareTap.ts";
import { readAccount } from "../tap/readAccount.ts";
import { Actions } from "../ui/Actions.tsx";
import { AddressText } from "../ui/AddressText.tsx";
import { Bar } from "../ui/Bar.tsx";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { ClaimedText } from "../ui/ClaimedText.tsx";
import { Disclosure } from "../ui/Disclosure.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Notice } from "../ui/Notice.tsx";
import { plainText } from "../ui/plainText.ts";
import { Screen } from "../ui/Screen.tsx";
import { Status } from "../ui/Status.tsx";
import { useNow } from "../ui/useNow.ts";
import { FailureNotice } from "../wording/FailureNotice.tsx";
import { PageFailure } from "../wording/PageFailure.ts";
import { isLasting } from "../wording/wordsFor.ts";
import { AccountChoice } from "./AccountChoice.tsx";
import { LookAlikeNotice } from "./LookAlikeNotice.tsx";
import { LowerForm } from "./LowerForm.tsx";
import { knownAccounts, type LoadedReview, loadReview, signedTokens } from "./loadReview.ts";
import type { Lowering } from "./lowerSession.ts";
import { OnePaymentNotice } from "./OnePaymentNotice.tsx";
import { proposeRequested, type RequestedProposal } from "./proposeRequested.ts";
import { ReplacedCard } from "./ReplacedCard.tsx";
import { ReviewRows } from "./ReviewRows.tsx";
import { vouchedTokens } from "./readTokens.ts";
import { reviewWarnings } from "./reviewWarnings.ts";
import { usePermit2State } from "./usePermit2State.ts";
import { useSettled } from "./useSettled.ts";
import { warningWords } from "./warningWords.ts";

/** Outcome of the review. */
export type ReviewOutcome =
  /** `isAgain`: it was allowed before, and only its response is sent again. */
  { status: "granted"; tapped: TappedGrant; unsaved: unknown; isAgain: boolean } | { status: "declined" };

/**
 * Shows what an agent asks for, lets the user lower it, and has the passkey allow it. What is signed is computed from
 * the same object as the rows.
 *
 * @param props.isCovered Whether another screen covers this one.
 */
export function ReviewScreen({
  read,
  asked,
  isCovered,
  onEnd,
}: {
  read: ReadRequest;
  asked: AskedChain;
  isCovered: boolean;
  onEnd: (outcome: ReviewOutcome) => void;
}): ReactNode {
  const { settings, client } = asked;
  const saved = useSaved();
  const now = useNow();
  const [loaded, setLoaded] = useState<LoadedReview>();
  const [loadFailure, setLoadFailure] = useState<unknown>();
  const [account, setAccount] = useState<AccountState>();
  const [lowering, setLowering] = useState<Lowering>({});
  const [isRight, setIsRight] = useState(true);
  const [isChoosing, setIsChoosing] = useState(false);
  const [busy, setBusy] = useState<string>();
  const [failure, setFailure] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  // This screen itself changes the saved data, which is not a reason to query the chain again.
  const savedAtLoad = useRef(saved);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks again
  useEffect(() => {
    let isOver = false;
    setLoadFailure(undefined);
    loadReview(read, asked, savedAtLoad.current).then(
      (review) => {
        if (isOver) return;
        setLoaded(review);
        setAccount(review.account);
        setFailure(review.accountFailure);
      },
      (error: unknown) => {
        if (!isOver) setLoadFailure(error);
      },
    );
    return () => {
      isOver = true;
    };
  }, [read, client, attempt]);

  const shown = useMemo(() => {
    if (!loaded) return undefined;
    try {
      const made = proposeRequested(read, { now: loaded.moment.now, account, lowering });
      return { made, review: describeSession(made.proposal, loaded.tokens) };
    } catch (error) {
      return { error };
    }
  }, [read, loaded, account, lowering]);

  const proposed = shown && !("error" in shown) ? shown : undefined;
  const permit2 = usePermit2State(asked, {
    id: proposed?.review.id,
    made: proposed?.made,
    account,
    moment: loaded?.moment,
    replaced: loaded?.replaced,
    saved,
  });
  const allowing = useSettled(
    proposed && account && permit2.state && !isCovered
      ? `${settings.id} ${proposed.review.id} ${account.address} ${account.installation.length} ${permit2.state.calls.length}`
      : undefined,
  );
  const allowingId = useId();

  const name = plainText(read.request.name).text || "no name";
  const before = saved.grants.find(({ nonce }) => nonce === read.request.nonce);
  const frame = (children: ReactNode) => (
    <Screen
      name={`Let “${name}” spend from your account?`}
      title={
        <>
          Let <ClaimedText text={read.request.name} /> spend from your account?
        </>
      }
      lead={
        <p className="quiet small">
          The agent <strong>calls itself</strong> that. The name is not verified. Compare this with what it
          printed: request <code className="code code--small">{handoffCode(read.request)}</code> key{" "}
          <code className="code code--small">{keyFingerprint(read.key)}</code>
        </p>
      }
    >
      {children}
    </Screen>
  );

  const against = loadFailure ?? (shown && "error" in shown ? shown.error : undefined);
  if (against !== undefined)
    return frame(
      <>
        <FailureNotice error={against} />
        <Actions>
          {!isLasting(against) && (
            <Button
              look="primary"
              onClick={() => {
                setLoaded(undefined);
                setAttempt(attempt + 1);
              }}
            >
              Try again
            </Button>
          )}
          <Button onClick={() => onEnd({ status: "declined" })}>Decline</Button>
        </Actions>
      </>,
    );
  if (!loaded || !shown || "error" in shown)
    return frame(<Status busy>Asking {settings.name} what this means…</Status>);

  const { made, review } = shown;
  const known = knownAccounts(saved, read);
  const noWebAuthn = webAuthnFailure();
  const vouched = vouchedTokens(settings);

  const lookUp = async (address: Address, passkey: Passkey | undefined): Promise<void> => {
    if (read.from && read.from !== address) throw new PageFailure("ANOTHER_ACCOUNT", { account: read.from });
    const state = await readAccount(client, {
      settings,
      address,
      passkey,
      signedTokens: signedTokens(read, loaded.moment.now),
    });
    setAccount(state);
    setIsChoosing(false);
  };

  /** Shows progress until done, and failures. */
  const during = (what: string, work: Promise<void>) => {
    setFailure(undefined);
    setBusy(what);
    work.catch(setFailure).finally(() => setBusy(undefined));
  };

  const create = () => {
    const asking = createPasskey();
    during(
      "Follow your device's prompt to create the passkey…",
      asking.then(async (passkey) => {
        const { address } = predictSafe(passkey.publicKey, settings.sharedSigner);
        let unsaved: unknown;
        try {
          rememberPasskey(passkey);
          rememberAccount({
            chainId: settings.id,
            address,
            passkey: passkey.id,
            x: `0x${passkey.publicKey.x.toString(16).padStart(64, "0")}`,
            y: `0x${passkey.publicKey.y.toString(16).padStart(64, "0")}`,
          });
        } catch (error) {
          unsaved = error;
        }
        try {
          await lookUp(address, { id: passkey.id, publicKey: passkey.publicKey });
        } catch (error) {
          // The passkey exists: the user continues with it and does not create a second one.
          setIsChoosing(true);
          throw error;
        }
        if (unsaved) throw unsaved;
      }),
    );
  };

  const choose = (address: Address) => {
    const one = saved.accounts.find(
      (other) => other.chainId === settings.id && other.address.toLowerCase() === address.toLowerCase(),
    );
    during(
      "Looking up the account…",
      lookUp(address, one && { id: one.passkey, publicKey: { x: BigInt(one.x), y: BigInt(one.y) } }),
    );
  };

  const allow = () => {
    if (!account || !permit2.state || !allowing.isSettled()) return;
    const refusal = reasonAgainst(made, account);
    if (refusal) return setFailure(refusal);
    const asking = grantByTap(client, account, made.proposal, permit2.state.calls, loaded.replaced);
    during(
      "Follow your device's prompt to allow this with your passkey…",
      asking.then((tapped) => {
        let unsaved: unknown;
        try {
          rememberAccount(accountToSave(account, tapped.passkeyId));
          rememberGrant({
            name: read.request.name,
            nonce: read.request.nonce,
            grant: tapped.grant,
            fromBlock: loaded.moment.blockNumber,
            transactions: tapped.transactions,
          });
        } catch (error) {
          unsaved = error;
        }
        onEnd({ status: "granted", tapped, unsaved, isAgain: false });
      }),
    );
  };

  return frame(
    <>
      {before && (
        <Notice tone="strong" title="You have already allowed this request.">
          <p>
            You did so on <Moment at={before.grantedAt} />. Allowing it again adds a second permission, and
            their limits add up. If your agent did not receive the response, send it again.
          </p>
          <Actions>
            <Button
              disabled={busy !== undefined}
              onClick={() => onEnd({ status: "granted", tapped: before, unsaved: undefined, isAgain: true })}
            >
              Send that response again
            </Button>
          </Actions>
        </Notice>
      )}
      {reviewWarnings(review, now / 1000, vouched).map((warning, index) => {
        const { tone, title, text } = warningWords(warning);
        return (
          // Several calls may have warnings with the same code; their order never changes.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <Notice key={`${warning.code} ${index}`} tone={tone} title={<bdi>{title}</bdi>}>
            <p>{text}</p>
            {"action" in warning && (
              <p>
                The contract: <AddressText address={warning.action.target} />
              </p>
            )}
          </Notice>
        );
      })}
      <LookAlikeNotice
        review={review}
        others={[...known.map(({ address }) => address)]}
        account={account?.address}
      />
      <OnePaymentNotice review={review} />
      {loaded.replaced && (
        <ReplacedCard replaced={loaded.replaced} session={made.proposal.session} review={review} />
      )}
      <ReviewRows review={review} permit2={permit2.state} vouched={vouched} chain={settings.name} now={now} />
      <Card title="Who asks">
        {read.justifications.map((text) => (
          <p key={text}>
            Its stated reason: <ClaimedText text={text} most={300} />
          </p>
        ))}
        <p>
          Its key: <AddressText address={read.key} />
        </p>
      </Card>
      {read.isAdjustable ? (
        <Disclosure summary="Lower the limits">
          <LowerForm
            requested={made.requested}
            tokens={loaded.tokens}
            now={now}
            onChange={(next, right) => {
              setLowering(next);
              setIsRight(right);
            }}
          />
        </Disclosure>
      ) : (
        <p className="quiet">The agent says it cannot work with less, so these limits cannot be lowered.</p>
      )}
      <AccountChoice
        account={account}
        known={known}
        from={read.from}
        chain={settings.name}
        isOpen={isChoosing}
        busy={busy !== undefined}
        onLookUp={choose}
        onChangeAccount={() => {
          setAccount(undefined);
          setFailure(undefined);
        }}
      />
      <p className="quiet small">
        When the account is used, your passkey's public key and type become public on chain.
      </p>
      <p className="quiet small" id={allowingId}>
        The button becomes active one second after any change on this page, to prevent accidental clicks.
      </p>
      <Bar>
        {(failure ?? permit2.failure ?? noWebAuthn) !== undefined && (
          <FailureNotice error={failure ?? permit2.failure ?? noWebAuthn} />
        )}
        <Status busy={busy !== undefined}>{busy}</Status>
        <Actions>
          {!noWebAuthn && account && (
            <Button
              look="primary"
              disabled={busy !== undefined || !isRight || !allowing.settled}
              aria-describedby={allowingId}
              onClick={allow}
            >
              Allow with passkey
            </Button>
          )}
          {!noWebAuthn && !account && (
            <>
              {!read.from && (
                <Button look="primary" disabled={busy !== undefined} onClick={create}>
                  Create a passkey
                </Button>
              )}
              <Button
                disabled={busy !== undefined}
                aria-expanded={isChoosing}
                onClick={() => setIsChoosing(!isChoosing)}
              >
                Use an existing passkey
              </Button>
            </>
          )}
          <Button look="text" disabled={busy !== undefined} onClick={() => onEnd({ status: "declined" })}>
            Decline
          </Button>
        </Actions>
      </Bar>
    </>,
  );
}

/** Final checks before signing: not wider than requested, not expired, not for another account. */
function reasonAgainst({ requested, proposal }: RequestedProposal, account: AccountState): unknown {
  const [excess] = sessionExcess(proposal.session, requested);
  if (excess) return new PageFailure("LIMITS_RAISED", {}, excess);
  if (isOver(proposal)) return new PageFailure("EXPIRED_REQUEST");
  if (proposal.session.account !== account.address || proposal.chainId !== account.chainId)
    return new PageFailure("ANOTHER_ACCOUNT", { account: proposal.session.account });
  return undefined;
}

const isOver = ({ session }: Proposal): boolean => session.validUntil * 1000 <= Date.now();
