import type { ReactNode } from "react";
import { Alert } from "../ui/Alert.tsx";
import { Notice } from "../ui/Notice.tsx";
import { wordsFor } from "./wordsFor.ts";

/**
 * Tells the reader what failed and what to do about it. Read out at once by screen readers, and brought into sight.
 *
 * @param props.children What can be done right here, for example a button.
 */
export function FailureNotice({ error, children }: { error: unknown; children?: ReactNode }): ReactNode {
  const { title } = wordsFor(error);
  return (
    <Alert title={title}>
      <FailureAdvice error={error} />
      {children}
    </Alert>
  );
}

/** The same where it is part of the screen, and nothing that has just happened. */
export const FailureState = ({ error }: { error: unknown }): ReactNode => (
  <Notice tone="strong" title={wordsFor(error).title}>
    <FailureAdvice error={error} />
  </Notice>
);

function FailureAdvice({ error }: { error: unknown }): ReactNode {
  const { whatToDo, detail } = wordsFor(error);
  return (
    <>
      <p>{whatToDo}</p>
      {detail && (
        <p className="quiet small">
          Technical detail: <bdi>{detail}</bdi>
        </p>
      )}
    </>
  );
}
