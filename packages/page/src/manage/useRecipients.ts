import { useEffect, useState } from "react";
import type { Address } from "viem";
import type { ChainClient } from "../chain/chainClient.ts";
import type { Payment } from "./Payment.ts";
import { readRecipients } from "./readRecipients.ts";

/** Recipients of mined transactions; they do not change, so each is read once. */
const told = new Map<string, readonly Address[]>();

/**
 * The recipients of a payment.
 *
 * @returns Undefined while loading; empty if unknown.
 */
export function useRecipients(
  client: ChainClient,
  account: Address,
  { to, transactionHash: hash, token }: Payment,
): readonly Address[] | undefined {
  const name = `${client.chain.id} ${hash} ${token} ${account}`;
  const [heard, setHeard] = useState<{ name: string; recipients: readonly Address[] }>();
  useEffect(() => {
    if (to || told.has(name)) return;
    let left = false;
    readRecipients(client, { hash, account, token })
      .then((recipients) => {
        told.set(name, recipients);
        return recipients;
      })
      // The transaction is linked next to it.
      .catch(() => [])
      .then((recipients) => {
        if (!left) setHeard({ name, recipients });
      });
    return () => {
      left = true;
    };
  }, [client, account, hash, token, to, name]);
  if (to) return [to];
  return told.get(name) ?? (heard?.name === name ? heard.recipients : undefined);
}
