import type { GrantState } from "./core/describeGrant.ts";

/** A session for people, a line a fact. */
export function grantText({
  active,
  reasons,
  account,
  key,
  chainId,
  expiresAt,
  budgets,
  gas,
}: GrantState): string {
  return [
    active
      ? `The session can be used until ${expiresAt}.`
      : `The session cannot be used: ${reasons.join(", ")}.`,
    `account  ${account} on chain ${chainId}`,
    `key      ${key}, with ${gas} of the chain's coin for gas`,
    ...budgets.flatMap(({ symbol, available, limit, paid, reserved, resetsAt, recipients }) => [
      `${symbol.padEnd(8)} ${available} of ${limit} available until ${resetsAt}; paid ${paid}, reserved ${reserved}`,
      `         to ${recipients === "anyone" ? "anyone" : recipients.join(", ")}`,
    ]),
  ].join("\n");
}
