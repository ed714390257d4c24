import type { ReactNode } from "react";
import { Alert } from "../ui/Alert.tsx";
import { Notice } from "../ui/Notice.tsx";
import { wordsFor } from "./wordsFor.ts";

/**
 * Tells the user what failed and what to do about it. Announced immediately to screen readers and scrolled into view.
 *
 * @param props.children What can be done here, for example a button.
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

/** The same as part of a screen rather than as an event. */
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
