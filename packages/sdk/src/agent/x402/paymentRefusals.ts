import type { Address, Hex } from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Session } from "../../session/Session.ts";

/** A signed payment that a node has seen: it could settle although it was not sent to the merchant. */
export type SeenPayment = { token: Address; nonce: Hex; validBefore: number };

/** The session ends before a payment could settle. */
export const refuseEnding = ({ validUntil }: Session): Refusal =>
  new Refusal({
    code: "EXPIRED",
    shortMessage: "The session expires in a few seconds, too soon for a payment to settle.",
    metaMessages: ["Ask the owner for a new session."],
    details: { validUntil },
  });

/** The key took longer than the payment may. */
export const refuseLateKey = (validBefore: number): Refusal =>
  new Refusal({
    code: "NOT_SIGNED",
    shortMessage: "The key did not sign before the payment expired.",
    metaMessages: [
      "Nothing was sent. Use a key that signs within seconds, or a merchant that allows more time.",
    ],
    details: { validBefore },
  });

/** What the merchant and the node have of a payment that is not sent. */
export const whileItLives = ({ validBefore }: SeenPayment): string =>
  `The merchant received nothing, but the node has seen the payment, which is valid until ${utcText(validBefore)}.`;

/** The chain would not settle a payment that the node has seen. */
export const refuseSettlement = (objection: Refusal, seen: SeenPayment): Refusal =>
  new Refusal({
    code: objection.code,
    shortMessage: objection.shortMessage,
    metaMessages: [whileItLives(seen), ...objection.metaMessages],
    details: { ...objection.details, ...seen },
    cause: objection,
  });

/** @param check How to find out whether it settled. */
export const refuseUnasked = (
  { account }: Session,
  check: string,
  seen: SeenPayment,
  cause: unknown,
): Refusal =>
  new Refusal({
    code: "NETWORK",
    shortMessage: `The node could not verify this payment with the account ${account}.`,
    metaMessages: [whileItLives(seen), `Before you pay again, check the nonce with ${check}.`],
    details: seen,
    cause,
  });

/** The payment expired while the node was asked about it. */
export const refuseLateNode = (seen: SeenPayment): Refusal =>
  new Refusal({
    code: "NETWORK",
    shortMessage: "The node responded after the payment had expired.",
    metaMessages: ["The merchant received nothing. Use a faster node and try again."],
    details: seen,
  });
