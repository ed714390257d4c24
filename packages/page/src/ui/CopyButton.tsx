import { useState } from "react";
import { Button, type ButtonLook } from "./Button.tsx";
import { useReveal } from "./useReveal.ts";

/**
 * Copies text to the clipboard and reports the outcome below. If the browser blocks it, the user is told to copy
 * manually, so show the text next to it.
 *
 * @param props.label The button's label; it does not change.
 */
export function CopyButton({
  text,
  label,
  look = "secondary",
}: {
  text: string;
  label: string;
  look?: ButtonLook;
}) {
  const [outcome, setOutcome] = useState("");
  const said = useReveal<HTMLSpanElement>(outcome);
  const copy = () => {
    const done = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    done.then(
      () => setOutcome("Copied."),
      () => setOutcome("The browser blocked copying. Select the text and copy it manually."),
    );
  };
  return (
    <>
      <Button look={look} onClick={copy}>
        {label}
      </Button>
      <span className="quiet small" role="status" ref={said}>
        {outcome}
      </span>
    </>
  );
}
