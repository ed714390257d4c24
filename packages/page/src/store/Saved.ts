import { type Grant, parseGrant } from "@latchkey/sdk";
import { type Address, getAddress, type Hex, isAddress, isHex } from "viem";
import * as z from "zod/mini";
import { rpcUrl } from "../chain/PageConfig.ts";

const address = z.pipe(
  z.string().check(z.refine((text) => isAddress(text), "no address")),
  z.transform((text): Address => getAddress(text)),
);
const hex = z.custom<Hex>((text) => typeof text === "string" && isHex(text), "no hex");
const seconds = z.int().check(z.nonnegative());
const decimal = z.string().check(z.regex(/^\d{1,78}$/, "must be a decimal string"));

const savedPasskey = z.strictObject({
  /** The credential's id. */
  id: hex,
  /** Coordinates of its P-256 key. */
  x: hex,
  y: hex,
  /** The site that it was made for. */
  rpId: z.string(),
  /** Unix time, in seconds. */
  createdAt: seconds,
});

const sentCall = z.strictObject({ to: address, data: hex, value: z.literal("0x0") });

const savedAccount = z.strictObject({
  chainId: z.int().check(z.positive()),
  address,
  /** The id of the passkey that owns it. */
  passkey: hex,
  /** Coordinates of the passkey's P-256 key. */
  x: hex,
  y: hex,
  addedAt: seconds,
});

const savedGrant = z.strictObject({
  /** The agent's claimed name. */
  name: z.string().check(z.maxLength(128)),
  grant: z.pipe(
    z.unknown(),
    z.transform((json, context): Grant => {
      try {
        return parseGrant(json);
      } catch (error) {
        context.issues.push({ code: "custom", message: String(error), input: json });
        return z.NEVER;
      }
    }),
  ),
  /** Of the request: a link that is opened again is known by it. */
  nonce: hex,
  /** Unix time, in seconds. */
  grantedAt: seconds,
  /** The chain's latest block when it was granted: nothing of it is in an older one. */
  fromBlock: decimal,
  /** What has to be mined before the grant works, in order; the agent sends it, and anybody may. */
  transactions: z.array(sentCall).check(z.maxLength(8)),
});

const savedChange = z.strictObject({
  chainId: z.int().check(z.positive()),
  account: address,
  module: address,
  /** What it does. Of all sessions only the stop is ever signed. */
  kind: z.enum(["stop", "pause", "resume"]),
  /** The id of the session that it is of; none: all sessions. */
  session: z.optional(hex),
  /** The Safe's nonce that it was signed for. */
  nonce: decimal,
  /** The account's epoch then. */
  epoch: decimal,
  /** The Safe's signature. What it signs is made anew from the rest, so that nothing kept here can do anything else. */
  signature: hex,
  /** The transaction that was sent, if it was. */
  sent: z.optional(hex),
});

/** Most of each that is kept; the oldest are forgotten first. */
export const MOST_SAVED = { passkeys: 200, accounts: 200, grants: 500, changes: 50 } as const;

/** What the page keeps in the reader's browser: nothing of it is secret, and nothing leaves it. */
export const saved = z.strictObject({
  version: z.literal(1),
  passkeys: z.array(savedPasskey).check(z.maxLength(MOST_SAVED.passkeys)),
  accounts: z.array(savedAccount).check(z.maxLength(MOST_SAVED.accounts)),
  grants: z.array(savedGrant).check(z.maxLength(MOST_SAVED.grants)),
  /** Signed, and not on the chain so far. */
  changes: z._default(z.array(savedChange).check(z.maxLength(MOST_SAVED.changes)), []),
  settings: z.strictObject({
    /** Where the reader wants chains asked, by chain id. */
    rpcs: z.record(z.string().check(z.regex(/^\d{1,16}$/)), rpcUrl),
  }),
});

/** See {@link saved}. */
export type Saved = z.output<typeof saved>;
/** A passkey that was made on this page. */
export type SavedPasskey = Saved["passkeys"][number];
/** A Safe that one of the reader's passkeys owns. */
export type SavedAccount = Saved["accounts"][number];
/** A session that the reader has allowed. Its grant is as the agent got it. */
export type SavedGrant = Saved["grants"][number];
/** A change of a session that was signed and that the chain does not have yet. */
export type SavedChange = Saved["changes"][number];
/** A transaction that anybody may send. */
export type SentCall = z.output<typeof sentCall>;

/** Of a reader who has done nothing yet. */
export const nothingSaved: Saved = {
  version: 1,
  passkeys: [],
  accounts: [],
  grants: [],
  changes: [],
  settings: { rpcs: {} },
};
