import { GRANT_VERSION, type Owner, signGrant } from "@latchkey/sdk";
import {
  type HandoffRequest,
  parseHandoffRequest,
  requestedSession,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import type { Address } from "viem";
import type { Given } from "./Given.ts";

/** An owner of a Safe who answers every link that is printed, as the page would for them. */
export type HandoffOwner = {
  client: Given["client"];
  /** The Safe that pays. */
  account: Address;
  owner: Owner;
  module: Address;
  /** The URL of the page. */
  page: string;
  /** Whether the owner declines. Default: they allow what they are asked for. */
  declines?: boolean;
};

/**
 * Runs something that prints links on `process.stderr`, and answers each.
 * @returns What was asked for, in order.
 * @throws What the run throws, or the first answer that is not accepted.
 */
export async function withOwner(owner: HandoffOwner, run: () => Promise<void>): Promise<HandoffRequest[]> {
  const requests: HandoffRequest[] = [];
  const taps: Promise<void>[] = [];
  const { write } = process.stderr;
  const ended = Promise.withResolvers<void>();
  process.stderr.write = ((text: string) => {
    const link = `${text}`.split("\n").find((line) => line.startsWith(`${owner.page}#`));
    if (!link) return write.call(process.stderr, text);
    const request = parseHandoffRequest(link);
    requests.push(request);
    const tap = answer(owner, request);
    tap.catch(ended.reject);
    taps.push(tap);
    return true;
  }) as typeof write;
  try {
    run().then(ended.resolve, ended.reject);
    await ended.promise;
    await Promise.all(taps);
    return requests;
  } finally {
    process.stderr.write = write;
  }
}

async function answer(
  { client, account, owner, module, page, declines }: HandoffOwner,
  request: HandoffRequest,
): Promise<void> {
  const head = { version: 1, nonce: request.nonce } as const;
  const allow = async () => {
    const { timestamp } = await client.getBlock();
    const grant = await signGrant(owner, {
      version: GRANT_VERSION,
      chainId: await client.getChainId(),
      module,
      accountKind: "safe",
      session: requestedSession(request, { account, now: Number(timestamp) }),
    });
    return { ...head, status: "granted", grant, transactions: [] } as const;
  };
  const body = serializeHandoffAnswer(declines ? { ...head, status: "declined" } : await allow(), request);
  const { status } = await fetch(request.callback ?? "", {
    method: "POST",
    body,
    headers: { origin: new URL(page).origin, "content-type": "application/json" },
  });
  if (status !== 200) throw new Error(`The agent answered the owner with ${status}.`);
}
