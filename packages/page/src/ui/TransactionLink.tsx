import type { Hash } from "viem";

/**
 * A transaction: a link to the chain's block explorer if there is one, otherwise its hash.
 *
 * @param props.explorer The explorer's URL without a trailing slash.
 */
export const TransactionLink = ({ hash, explorer }: { hash: Hash; explorer: string | undefined }) =>
  explorer ? (
    <a href={`${explorer}/tx/${hash}`} target="_blank" rel="noopener noreferrer">
      Transaction
      <span className="visually-hidden"> {hash.slice(0, 10)} (opens the block explorer in a new tab)</span>
    </a>
  ) : (
    <span className="quiet">
      Transaction <code>{hash.slice(0, 10)}…</code>
    </span>
  );
