import { type ReactNode, useId } from "react";
import { useReveal } from "./useReveal.ts";

/** Attributes that connect a control to its {@link Field}. */
export type FieldControl = {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
};

/**
 * A control with its label, hint and error.
 *
 * @param props.children Receives the attributes that connect the control to its label: `{(control) => <input
 * {...control} />}`.
 * @param props.error What is wrong and how to fix it. Announced and scrolled into view as soon as it appears.
 */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  children: (control: FieldControl) => ReactNode;
}) {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const wrong = useReveal<HTMLParagraphElement>(error);
  const described = [hint ? hintId : "", error ? errorId : ""].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {hint && (
        <p className="field__hint" id={hintId}>
          {hint}
        </p>
      )}
      <p className="field__error" id={errorId} aria-live="polite" ref={wrong}>
        {error}
      </p>
    </div>
  );
}
