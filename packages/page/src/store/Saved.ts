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
  /** The site it was created for. */
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
  /** The request's nonce, which identifies a link that is opened again. */
  nonce: hex,
  /** Unix time, in seconds. */
  grantedAt: seconds,
  /** The latest block when it was granted: no older block contains its events. */
  fromBlock: decimal,
  /** Transactions that must be mined before the grant works, in order. The agent sends them; anyone can. */
  transactions: z.array(sentCall).check(z.maxLength(8)),
});

const savedChange = z.strictObject({
  chainId: z.int().check(z.positive()),
  account: address,
  module: address,
  /** The kind of change. For all sessions, only a stop is ever signed. */
  kind: z.enum(["stop", "pause", "resume"]),
  /** The session's id; omitted for all sessions. */
  session: z.optional(hex),
  /** The Safe's nonce it was signed for. */
  nonce: decimal,
  /** The account's epoch when signed. */
  epoch: decimal,
  /** The Safe's signature. What it signs is recomputed from the other fields, so that saved data can do nothing else. */
  signature: hex,
  /** Hash of the transaction, if it was sent. */
  sent: z.optional(hex),
});

/** Maximum number of saved entries; the oldest are dropped first. */
export const MOST_SAVED = { passkeys: 200, accounts: 200, grants: 500, changes: 50 } as const;

/** What the page saves in the user's browser. None of it is secret, and none of it leaves the browser. */
export const saved = z.strictObject({
  version: z.literal(1),
  passkeys: z.array(savedPasskey).check(z.maxLength(MOST_SAVED.passkeys)),
  accounts: z.array(savedAccount).check(z.maxLength(MOST_SAVED.accounts)),
  grants: z.array(savedGrant).check(z.maxLength(MOST_SAVED.grants)),
  /** Signed changes that are not on chain yet. */
  changes: z._default(z.array(savedChange).check(z.maxLength(MOST_SAVED.changes)), []),
  settings: z.strictObject({
    /** The user's RPC URLs, by chain id. */
    rpcs: z.record(z.string().check(z.regex(/^\d{1,16}$/)), rpcUrl),
  }),
});

/** See {@link saved}. */
export type Saved = z.output<typeof saved>;
/** A passkey created on this page. */
export type SavedPasskey = Saved["passkeys"][number];
/** A Safe owned by one of the user's passkeys. */
export type SavedAccount = Saved["accounts"][number];
/** A session the user has allowed, with the grant as sent to the agent. */
export type SavedGrant = Saved["grants"][number];
/** A signed change to a session that is not on chain yet. */
export type SavedChange = Saved["changes"][number];
/** A transaction that anyone can send. */
export type SentCall = z.output<typeof sentCall>;

/** The initial state. */
export const nothingSaved: Saved = {
  version: 1,
  passkeys: [],
  accounts: [],
  grants: [],
  changes: [],
  settings: { rpcs: {} },
};
