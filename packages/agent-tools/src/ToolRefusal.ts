import type { RefusalCode } from "@latchkey/sdk";
import * as z from "zod";
import { untrustedSchema } from "./untrusted.ts";

/** The codes of the SDK, and those of the tools themselves. */
export type ToolCode =
  | RefusalCode
  /** There is no session yet, or the one there was is over. */
  | "NO_SESSION"
  /** The tools were started without a node. */
  | "NO_NODE"
  /** The tools were started without a page for the owner. */
  | "NO_PAGE"
  /** There is a session that can be used. */
  | "SESSION_ACTIVE"
  /** The owner has a request that is not answered yet. */
  | "REQUEST_OPEN"
  /** There is no refusal to ask the owner about. */
  | "NOTHING_REFUSED"
  /** The server responded with a status other than success. */
  | "HTTP_STATUS"
  /** The server asks for payment again, and nothing was paid. */
  | "NOT_ACCEPTED"
  /** The server could not be reached. */
  | "UNREACHABLE"
  /** A transaction was mined and failed, or can never be mined. */
  | "NOT_PAID"
  /** The caller stopped the tool. */
  | "ABORTED"
  /** A fault of the tools. */
  | "UNEXPECTED";

export const refusalShape = {
  code: z.string().describe("What to switch on; stable."),
  message: z.string().describe("Why, in one sentence."),
  whatToDo: z.array(z.string()).describe("What to do about it."),
  retryable: z.boolean().describe("Whether the same call may succeed later, with nothing else changed."),
  limit: z.string().optional().describe("The limit, with its unit."),
  asked: z.string().optional().describe("What the call would have spent, with its unit."),
  remaining: z.string().optional().describe("What could still be spent, with its unit."),
  resetsAt: z.string().optional().describe("When the limit starts again, ISO 8601."),
  retryAt: z.string().optional().describe("When to try again at the earliest, ISO 8601."),
  recipient: z.string().optional().describe("The payee that is not allowed."),
  settled: z.boolean().optional().describe("Whether the payment reached the payee, as the chain shows it."),
  status: z.number().optional().describe("The server's HTTP status."),
  paid: z.string().optional().describe("What was paid all the same, with its unit."),
  transaction: z.string().optional().describe("Hash of the transaction."),
  account: z.string().optional().describe("The account that would pay."),
  key: z.string().optional().describe("Address of the agent's key."),
  link: z.string().optional().describe("For the owner to open."),
  confirmationCode: z.string().optional().describe("The page must show the same."),
  fingerprint: z.string().optional().describe("The page must show the same."),
  untrusted: untrustedSchema.optional(),
};

/** Why a tool did not do what it was asked, for a model to act on. Safe for JSON; has no stack and no secret. */
export type ToolRefusal = { ok: false; code: ToolCode } & Omit<
  z.infer<z.ZodObject<typeof refusalShape>>,
  "code"
>;

/** Carries a {@link ToolRefusal} to where tools answer. */
export class ToolFailure extends Error {
  override readonly name = "ToolFailure";
  readonly refusal: ToolRefusal;

  constructor(refusal: Omit<ToolRefusal, "ok">) {
    super(refusal.message);
    this.refusal = { ok: false, ...refusal } as ToolRefusal;
  }
}
