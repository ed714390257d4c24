import type { ReactNode } from "react";
import { Alert } from "../ui/Alert.tsx";
import { wordsFor } from "./wordsFor.ts";

/**
 * Tells the reader what failed and what to do about it. Read out at once by screen readers.
 *
 * @param props.children What can be done right here, for example a button.
 */
export function FailureNotice({ error, children }: { error: unknown; children?: ReactNode }): ReactNode {
  const { title, whatToDo } = wordsFor(error);
  return (
    <Alert title={title}>
      <p>{whatToDo}</p>
      {children}
    </Alert>
  );
}
