import { useState } from "react";
import { Button, type ButtonLook } from "./Button.tsx";
import { useReveal } from "./useReveal.ts";

/**
 * Puts text into the clipboard, and says below whether that worked. Where the browser does not allow it, the reader is told
 * to copy by hand: show the text beside it.
 *
 * @param props.label The button's name; it stays the same.
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
