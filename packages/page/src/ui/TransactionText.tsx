/**
 * A transaction to select and copy, for where no button can.
 *
 * @param props.label What it is, for screen readers.
 */
export const TransactionText = ({ label, text }: { label: string; text: string }) => (
  <textarea className="input transaction" readOnly rows={6} aria-label={label} value={text} />
);
