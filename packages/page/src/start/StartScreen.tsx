import * as Base64 from "ox/Base64";
import { type ReactNode, useState } from "react";
import { readRequest } from "../request/readRequest.ts";
import { useSaved } from "../store/useSaved.ts";
import { Actions } from "../ui/Actions.tsx";
import { Button } from "../ui/Button.tsx";
import { Card } from "../ui/Card.tsx";
import { Field } from "../ui/Field.tsx";
import { Screen } from "../ui/Screen.tsx";
import { FailureNotice } from "../wording/FailureNotice.tsx";

/** Shown without a request: what the page is for, and a field to paste a link that did not open by itself. */
export function StartScreen(): ReactNode {
  const { grants } = useSaved();
  const [text, setText] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const open = () => {
    try {
      readRequest(text.trim());
    } catch (error) {
      return setFailure(error);
    }
    setFailure(undefined);
    const link = /#request=[A-Za-z0-9_-]+$/.exec(text.trim())?.[0];
    const bare = () => `#request=${Base64.fromString(text.trim(), { url: true, pad: false })}`;
    window.location.hash = link ?? bare();
  };
  return (
    <Screen
      name="Let an agent spend, within limits"
      title="Let an agent spend, within limits"
      lead={
        <p>
          Your software agent sends you a link that asks for permission. You review what it asks for, lower
          any limit you like, and allow it with a passkey. The chain enforces the limits, and you can stop the
          agent at any time.
        </p>
      }
    >
      <Card title="Open a request">
        <Field
          label="The link your agent printed"
          hint="The link opens this page by itself. If it did not, paste it here."
        >
          {(control) => (
            <textarea
              {...control}
              className="input input--mono"
              rows={3}
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        {failure !== undefined && <FailureNotice error={failure} />}
        <Actions>
          <Button look="primary" disabled={text.trim() === ""} onClick={open}>
            Open the request
          </Button>
        </Actions>
      </Card>
      {grants.length > 0 && (
        <p>
          You have allowed {grants.length} {grants.length === 1 ? "request" : "requests"} so far. See what
          they spend, and stop them, under Manage.
        </p>
      )}
      <p className="quiet small">
        This page has no server and stores no secrets. It remembers your accounts and permissions in this
        browser, and talks only to the chain.
      </p>
    </Screen>
  );
}
