import type { ComponentPropsWithRef } from "react";

/** How much a button asks for attention: one `primary` a screen; `danger` takes something back for ever. */
export type ButtonLook = "primary" | "secondary" | "danger" | "danger-quiet" | "text";

/**
 * A button of at least 44 by 44 pixels.
 *
 * @param props.busy Its work is under way: it turns, says so to screen readers, and takes no second click. It stays in
 * the tab order, so that the focus is not lost while a passkey is asked.
 * @param props.wide As wide as its column.
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
