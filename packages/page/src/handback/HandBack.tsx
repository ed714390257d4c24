import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Actions } from "../ui/Actions.tsx";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Disclosure } from "../ui/Disclosure.tsx";
import { Field } from "../ui/Field.tsx";
import { Status } from "../ui/Status.tsx";
import { FailureNotice } from "../wording/FailureNotice.tsx";
import { saveFile } from "./saveFile.ts";
import { sendAnswer } from "./sendAnswer.ts";

/**
 * Returns a response to the agent: automatically if it is waiting on this machine, otherwise by copy and paste. The
 * response stays on the screen in either case, so that nothing is lost.
 *
 * @param props.text The answer.
 * @param props.callback URL where the agent is waiting, if it is.
 */
export function HandBack({ text, callback }: { text: string; callback: string | undefined }): ReactNode {
  const [state, setState] = useState<"idle" | "sending" | "delivered">("idle");
  const [failure, setFailure] = useState<unknown>();
  const begun = useRef(false);

  const send = useCallback(() => {
    if (!callback) return;
    setFailure(undefined);
    setState("sending");
    sendAnswer(callback, text).then(
      () => setState("delivered"),
      (error: unknown) => {
        setState("idle");
        setFailure(error);
      },
    );
  }, [callback, text]);

  useEffect(() => {
    // React runs effects twice in development; the response is sent once.
    if (begun.current) return;
    begun.current = true;
    send();
  }, [send]);

  const byHand = (
    <div className="stack">
      <Field label="Response" hint="It contains no secrets and is useless without the agent's key.">
        {(control) => <textarea {...control} className="input input--mono" readOnly rows={4} value={text} />}
      </Field>
      <Actions>
        <CopyButton text={text} label="Copy the response" look={callback ? "secondary" : "primary"} />
        <Button onClick={() => saveFile("latchkey-answer.json", text)}>Save the response</Button>
      </Actions>
    </div>
  );
  return (
    <section className="stack" aria-label="Back to your agent">
      <Status busy={state === "sending"}>
        {state === "sending" && "Sending the response to your agent…"}
        {state === "delivered" && "Your agent has received the response. You can return to it."}
      </Status>
      {failure !== undefined && (
        <FailureNotice error={failure}>
          <Button onClick={send}>Try again</Button>
        </FailureNotice>
      )}
      {!callback && (
        <p>Give this response to your agent: copy it to where the agent runs, or save it as a file.</p>
      )}
      {callback && failure === undefined ? (
        <Disclosure summary="Keep a copy of the response">{byHand}</Disclosure>
      ) : (
        byHand
      )}
    </section>
  );
}
