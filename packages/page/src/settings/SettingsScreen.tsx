import { type ReactNode, useState } from "react";
import { type AskedChain, useChains } from "../chain/PageChains.ts";
import { isRpcUrl } from "../chain/PageConfig.ts";
import { saveFile } from "../handback/saveFile.ts";
import { exportedSaved, mergeSaved, parseSaved, readSaved, updateSaved } from "../store/store.ts";
import { toJson } from "../store/toJson.ts";
import { Actions } from "../ui/Actions.tsx";
import { Bar } from "../ui/Bar.tsx";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { Field } from "../ui/Field.tsx";
import { Screen } from "../ui/Screen.tsx";
import { Status } from "../ui/Status.tsx";
import { FailureNotice } from "../wording/FailureNotice.tsx";
import { PageFailure } from "../wording/PageFailure.ts";

/** RPC URLs, and the page's saved data, which can be moved to another browser as a file. */
export function SettingsScreen({ onClose }: { onClose: () => void }): ReactNode {
  const chains = useChains();
  const [done, setDone] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const attempt = (work: () => void, what: string) => {
    try {
      work();
      setFailure(undefined);
      setDone(what);
    } catch (error) {
      setDone("");
      setFailure(error);
    }
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    const imported = parseSaved(await file.text());
    attempt(() => {
      if (!imported) throw new PageFailure("FILE_UNREADABLE");
      updateSaved((kept) => mergeSaved(kept, imported));
    }, "The file was imported.");
  };
  return (
    <Screen name="Settings" title="Settings">
      <Card title="RPC URLs">
        <p className="quiet small">
          This page trusts what these nodes return. Use your own node or a provider you trust. A link can
          never change these settings.
        </p>
        {chains.map((asked) => (
          <RpcField key={asked.settings.id} asked={asked} onDone={attempt} />
        ))}
      </Card>
      <Card title="Data in this browser">
        <p className="quiet small">
          Your passkeys' public keys, your accounts and what you allowed. None of it is secret, and nobody can
          spend with it.
        </p>
        <Actions>
          <Button onClick={() => saveFile("latchkey-page.json", toJson(exportedSaved(readSaved()), 2))}>
            Export to a file
          </Button>
        </Actions>
        <Field label="Import from a file">
          {(control) => (
            <input
              {...control}
              className="input"
              type="file"
              accept="application/json,.json"
              onChange={(event) => take(event.target.files?.[0])}
            />
          )}
        </Field>
      </Card>
      <Bar>
        {failure !== undefined && <FailureNotice error={failure} />}
        <Status>{done}</Status>
        <Actions>
          <Button look="primary" onClick={onClose}>
            Close settings
          </Button>
        </Actions>
      </Bar>
    </Screen>
  );
}

function RpcField({
  asked: { settings, rpc },
  onDone,
}: {
  asked: AskedChain;
  onDone: (work: () => void, what: string) => void;
}): ReactNode {
  const [typed, setTyped] = useState<string>();
  const [error, setError] = useState<string>();
  const text = typed ?? rpc;
  const id = String(settings.id);
  const keep = (url: string | undefined) => {
    if (url !== undefined && !isRpcUrl(url))
      return setError("Enter a URL that starts with https://, or http:// on this machine.");
    setError(undefined);
    setTyped(undefined);
    onDone(
      () =>
        updateSaved((saved) => {
          const { [id]: _, ...others } = saved.settings.rpcs;
          return { ...saved, settings: { rpcs: url === undefined ? others : { ...others, [id]: url } } };
        }),
      `${settings.name} now uses ${url ?? settings.rpc}.`,
    );
  };
  return (
    <div className="stack stack--tight">
      <Field label={`${settings.name} (chain ${settings.id})`} error={error}>
        {(control) => (
          <input
            {...control}
            className="input input--mono"
            type="url"
            autoComplete="off"
            spellCheck={false}
            maxLength={2000}
            value={text}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      {(text !== rpc || rpc !== settings.rpc) && (
        <Actions>
          {text !== rpc && (
            <Button onClick={() => keep(text.trim())}>
              Use this URL<span className="visually-hidden"> for {settings.name}</span>
            </Button>
          )}
          {rpc !== settings.rpc && (
            <Button look="text" onClick={() => keep(undefined)}>
              Reset to default<span className="visually-hidden"> for {settings.name}</span>
            </Button>
          )}
        </Actions>
      )}
    </div>
  );
}
