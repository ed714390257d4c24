import type { RefusalCode } from "@latchkey/sdk";

/** How the process can end. Once published, a number keeps its meaning. */
export const EXIT = {
  done: 0,
  /** Unexpected: a fault of this program, or one that it does not know. */
  unexpected: 1,
  /** Wrong usage: an option, an argument or a value. */
  usage: 2,
  /** Refused by the session's limits or rules, by the token, or by the shop's offer. */
  refused: 3,
  /** No session, or it is over, declined or revoked: the owner must act. */
  noSession: 4,
  /** The node or the network. */
  network: 5,
  /** Something was sent, and its outcome is unknown: it may have been paid. */
  outcomeUnknown: 6,
  /** The state folder, the store or the disk. */
  folder: 7,
  interrupted: 130,
} as const;

/** A number that the process ends with. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The codes of the SDK's refusals that are not of a limit or a rule. */
const GROUPS: readonly (readonly [ExitCode, readonly (RefusalCode | "FOLDER")[]])[] = [
  [EXIT.unexpected, ["UNKNOWN"]],
  [
    EXIT.usage,
    [
      "INVALID_INPUT",
      "INVALID_AMOUNT",
      "INVALID_LIMIT",
      "INVALID_TIME",
      "INVALID_RECIPIENTS",
      "INVALID_ADDRESS",
      "INVALID_ACTION",
      "INVALID_LANE",
      "INVALID_RANGE",
      "INVALID_ANSWER",
      "INVALID_CALLDATA",
      "INVALID_CONTEXT",
      "INVALID_PAYLOAD",
      "UNKNOWN_TOKEN",
      "IDEMPOTENCY_KEY",
    ],
  ],
  [
    EXIT.noSession,
    [
      "NOT_GRANTED",
      "INVALID_GRANT",
      "EXPIRED",
      "REVOKED",
      "WRONG_EPOCH",
      "PAUSED",
      "DECLINED",
      "HANDOFF_CLOSED",
      "MODULE_NOT_ENABLED",
      "APPROVAL",
    ],
  ],
  [EXIT.network, ["NETWORK", "UNKNOWN_CHAIN", "UNKNOWN_MODULE", "WRONG_CHAIN"]],
  [EXIT.outcomeUnknown, ["OUTCOME_UNKNOWN"]],
  [EXIT.folder, ["FOLDER", "STORE", "KEY_FILE", "GRANT_FILE"]],
];

const EXIT_OF = new Map<string, ExitCode>(
  GROUPS.flatMap(([exit, codes]) => codes.map((code) => [code, exit] as const)),
);

/** The exit code for a refusal of the SDK. */
export const exitCodeOf = (code: string): ExitCode => EXIT_OF.get(code) ?? EXIT.refused;
