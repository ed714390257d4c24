import type { ComponentPropsWithRef } from "react";

/** A button's prominence: one `primary` per screen; `danger` revokes something permanently. */
export type ButtonLook = "primary" | "secondary" | "danger" | "danger-quiet" | "text";

/**
 * A button of at least 44 by 44 pixels.
 *
 * @param props.busy Work is in progress: shows a spinner, tells screen readers, and ignores clicks. It stays in the tab
 * order, so that focus is not lost while a passkey prompt is open.
 * @param props.wide Fills its column.
 */
export function Button({
  look = "secondary",
  busy = false,
  wide = false,
  className = "",
  disabled = false,
  onClick,
  children,
  ...others
}: ComponentPropsWithRef<"button"> & { look?: ButtonLook; busy?: boolean; wide?: boolean }) {
  const classes = ["button", `button--${look}`, wide ? "button--wide" : "", className].filter(Boolean);
  const isOff = busy || disabled;
  return (
    <button
      type="button"
      {...others}
      className={classes.join(" ")}
      aria-disabled={isOff || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (isOff) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
