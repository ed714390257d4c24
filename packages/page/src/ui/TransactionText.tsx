/**
 * A transaction to select and copy, where a copy button is not available.
 *
 * @param props.label Label for screen readers.
 */
export const TransactionText = ({ label, text }: { label: string; text: string }) => (
  <textarea className="input transaction" readOnly rows={6} aria-label={label} value={text} />
);
