import { useEffect, useRef, useState } from "react";
import { type Address, getAddress, isAddress, toFunctionSelector } from "viem";
import type { SavedAccount } from "../store/Saved.ts";
import type { AccountState } from "../tap/AccountState.ts";
import { AddressText } from "../ui/AddressText.tsx";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { Field } from "../ui/Field.tsx";
import { Notice } from "../ui/Notice.tsx";
import { reveal } from "../ui/reveal.ts";

const SET_HANDLER = toFunctionSelector("setFallbackHandler(address)");

/**
 * The account that will grant: shows the chosen one, or lets the user choose.
 *
 * @param props.known The user's accounts on this chain.
 * @param props.isOpen Whether the choice among existing accounts is open. It is scrolled into view and focused.
 * @param props.from The account named by the request, if any.
 */
export function AccountChoice({
  account,
  known,
  from,
  chain,
  isOpen,
  busy,
  onLookUp,
  onChangeAccount,
}: {
  account: AccountState | undefined;
  known: readonly SavedAccount[];
  from: Address | undefined;
  chain: string;
  isOpen: boolean;
  busy: boolean;
  onLookUp: (address: Address) => void;
  onChangeAccount: () => void;
}) {
  const [typed, setTyped] = useState<string>(from ?? "");
  const [error, setError] = useState<string>();
  const choice = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    reveal(choice.current);
    choice.current?.querySelector<HTMLElement>("button, input")?.focus({ preventScroll: true });
  }, [isOpen]);
  const lookUp = () => {
    const text = typed.trim();
    if (!isAddress(text))
      return setError(
        "This is not a valid address. Enter 0x followed by 40 characters, exactly as you received it.",
      );
    setError(undefined);
    onLookUp(getAddress(text));
  };
  if (account)
    return (
      <Card
        title="From your account"
        beside={
          <Button look="text" disabled={busy} onClick={onChangeAccount}>
            Change account
          </Button>
        }
      >
        <p>
          <AddressText address={account.address} /> on {chain}
        </p>
        {account.creation && (
          <p className="quiet small">
            A new Safe that only your passkey owns. Your agent sends the transaction that creates it; you send
            none.
          </p>
        )}
        {account.installation.length > 0 && (
          <p className="quiet small">
            Your passkey signs one batch that installs Latchkey on this Safe and allows what is shown above.
            Your agent sends it.
            {account.installation.some(({ data }) => data.startsWith(SET_HANDLER)) &&
              " The batch also replaces this Safe's fallback handler, so that it can pay by signature (x402)."}
          </p>
        )}
        {account.replacesVerifier && (
          <Notice tone="warn" title="This replaces another app's handler.">
            <p>That app's signatures for this Safe may stop working.</p>
          </Notice>
        )}
        {!account.paysBySignature && (
          <Notice title="Signed web payments (x402) are not available.">
            <p>
              This Safe uses another app's fallback handler, which stays in place. Payments by transaction
              work.
            </p>
          </Notice>
        )}
      </Card>
    );
  return (
    <Card title="From which account?">
      {from ? (
        <p>
          The agent requests this account: <AddressText address={from} />
        </p>
      ) : (
        <p className="quiet">
          Create a passkey to get a new account on {chain}, or use an account that one of your passkeys owns.
        </p>
      )}
      {isOpen && (
        <div className="stack" ref={choice}>
          {known.length > 0 && (
            <ul className="stack stack--tight">
              {known.map(({ address }) => (
                <li key={address}>
                  <AddressText address={address} />{" "}
                  <Button disabled={busy} onClick={() => onLookUp(address)}>
                    Use this account
                  </Button>
                </li>
              ))}
            </ul>
          )}
          <Field
            label="Your account's address"
            hint="A Safe owned by a passkey from this site. You can find its address in your wallet or another browser."
            error={error}
          >
            {(control) => (
              <input
                {...control}
                className="input input--mono"
                autoComplete="off"
                spellCheck={false}
                maxLength={64}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
                onKeyDown={(event) => event.key === "Enter" && lookUp()}
              />
            )}
          </Field>
          <Button busy={busy} onClick={lookUp}>
            Use this address
          </Button>
        </div>
      )}
    </Card>
  );
}
