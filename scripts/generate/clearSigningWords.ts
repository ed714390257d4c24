import type { DescriptorFieldFormat, DescriptorFieldGroup } from "@ethereum-sourcify/clear-signing";
import { zeroAddress } from "viem";

/** A part that a wallet need not show, and why that hides nothing from who signs. */
type Withheld = { path: string; label: string; withheld: string };

/** What a wallet does with one part of a message or a call. */
export type Field = DescriptorFieldFormat | DescriptorFieldGroup | Withheld;

/** What a wallet says of a message or a call. `intent` has at most 30 characters, a label 20: a Ledger cuts longer ones. */
export type Words = { intent: string; fields: readonly Field[] };

/** Numbers that are signed as such, and what they stand for. At most 20 characters each, likewise. */
export const enums = {
  signatures: {
    0: "No",
    1: "Yes, by EIP-3009",
    2: "By Permit2, exact",
    4: "By Permit2, up to",
    6: "Yes, by Permit2",
  },
  test: { 0: "is", 1: "is not", 2: "is below", 3: "is at most", 4: "is above", 5: "is at least" },
};

/** `MAX_BUDGETS` and `MAX_ACTIONS` of contracts/types/Session.sol. */
const MOST = { budgets: 8, actions: 32 };
const UINT128_MAX = "0xffffffffffffffffffffffffffffffff";

const raw = (path: string, label: string): DescriptorFieldFormat => ({ path, label, format: "raw" });
const name = (path: string, label: string): DescriptorFieldFormat => ({ path, label, format: "addressName" });
const date = (path: string, label: string): DescriptorFieldFormat => ({
  path,
  label,
  format: "date",
  params: { encoding: "timestamp" },
});
const withheld = (path: string, label: string, why: string): Withheld => ({ path, label, withheld: why });

/** Most that may move; the largest number of its type means unlimited. The zero address is the native coin. */
const limit = (path: string, label: string, tokenPath: string): DescriptorFieldFormat => ({
  path,
  label,
  format: "tokenAmount",
  params: {
    tokenPath,
    nativeCurrencyAddress: zeroAddress,
    threshold: UINT128_MAX,
    message: "Unlimited",
  },
});
const unless = (value: 0 | typeof zeroAddress, field: DescriptorFieldFormat): DescriptorFieldFormat => ({
  ...field,
  visible: { ifNotIn: [value] },
});

/**
 * A session, field by field. No sentence with values in it (`interpolatedIntent`): a wallet may show that alone, and no
 * sentence has room for every limit.
 *
 * Lists in lists are written out index by index. A path with two `[]` is one that the formatters of Sourcify and of the
 * registry's tests do not follow.
 *
 * @param at Where the session is: a path that ends in a dot, or nothing.
 */
function sessionFields(at: string): Field[] {
  const budget = (field: string) => `${at}budgets.[].${field}`;
  const each = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, i) => make(i));
  return [
    name(`${at}account`, "Account"),
    raw(`${at}key`, "Key that may spend"),
    date(`${at}validAfter`, "From"),
    date(`${at}validUntil`, "Until"),
    {
      label: "Budgets",
      iteration: "bundled",
      fields: [
        { ...raw(budget("token"), "Token (0=native)"), separator: "Budget {index}" },
        limit(budget("perTransaction"), "Most per payment", budget("token")),
        limit(budget("perPeriod"), "Most per period", budget("token")),
        { path: budget("period"), label: "Period", format: "duration" },
        unless(0, limit(budget("initial"), "Period starts with", budget("token"))),
        unless(0, limit(budget("perSecond"), "Added each second", budget("token"))),
        {
          path: budget("signatures"),
          label: "Pays by signature",
          format: "enum",
          params: { $ref: "$.metadata.enums.signatures" },
        },
        unless(0, raw(budget("sizes"), "Signed-payment sizes")),
      ],
    },
    {
      label: "Payees, by budget",
      iteration: "sequential",
      fields: each(MOST.budgets, (i) => name(`${at}budgets.[${i}].recipients.[]`, `${i}: payee (F..F=any)`)),
    },
    {
      label: "Other calls",
      iteration: "bundled",
      fields: [
        { ...name(`${at}actions.[].target`, "Contract"), separator: "Call {index}" },
        raw(`${at}actions.[].selector`, "Function"),
      ],
    },
    {
      label: "Conditions",
      iteration: "sequential",
      fields: each(MOST.actions, (i) => [
        raw(`${at}actions.[${i}].rules.[].offset`, `${i}: word at byte`),
        {
          path: `${at}actions.[${i}].rules.[].op`,
          label: `${i}: test`,
          format: "enum" as const,
          params: { $ref: "$.metadata.enums.test" },
        },
        raw(`${at}actions.[${i}].rules.[].value`, `${i}: compared with`),
      ]).flat(),
    },
    { path: `${at}gasAllowance`, label: "Gas for userOps", format: "amount" },
    unless(zeroAddress, raw(`${at}paymaster`, "Paymaster (F..F=any)")),
    withheld(`${at}epoch`, "Epoch", "A session of any epoch but the account's current one is worth nothing."),
    withheld(`${at}salt`, "Salt", "It tells equal sessions apart and limits nothing."),
  ];
}

/** The account and the key that session bytes begin with. */
const parties = [name("session.[0:20]", "Account"), raw("session.[20:40]", "Key that may spend")];
const restOfSession = (why: string) => withheld("session.[40:]", "Packed limits", why);
const agreed = "The key chooses within limits that the owner has granted; the chain checks them.";
const grant = withheld(
  "grant",
  "Owner's grant",
  "The owner's signature over the same session, checked by the chain.",
);
const calls = (spenderPath?: string): DescriptorFieldGroup => ({
  label: "Calls",
  iteration: "bundled",
  fields: [
    { ...name("calls.[].target", "To"), separator: "Call {index}" },
    { path: "calls.[].value", label: "Native value", format: "amount" },
    {
      path: "calls.[].data",
      label: "Call",
      format: "calldata",
      params: {
        calleePath: "calls.[].target",
        amountPath: "calls.[].value",
        ...(spenderPath && { spenderPath }),
      },
    },
  ],
});
const submission = [
  raw("caller", "Submitter (F..F=any)"),
  date("deadline", "Good until"),
  withheld("nonce", "Nonce", "It only keeps the same execution from being made twice."),
];

/** By the name of an EIP-712 type that somebody signs. */
export const messages: Record<string, Words> = {
  Session: { intent: "Let a key spend", fields: sessionFields("") },
  // How an account that follows ERC-7739 has its owner sign a session: the account's own domain beside the session.
  TypedDataSign: {
    intent: "Let a key spend",
    fields: [
      ...sessionFields("contents."),
      name("verifyingContract", "Signed for account"),
      { path: "chainId", label: "Account's chain", format: "chainId" },
      withheld("name", "Account's software", "The account counts a signature only under its own name."),
      withheld("version", "Account's version", "The account counts a signature only under its own version."),
      withheld("salt", "Account's salt", "The account counts a signature only under its own salt."),
    ],
  },
  Execute: {
    intent: "Execute calls by session",
    fields: [raw("session", "Session id"), calls(), ...submission],
  },
  PaymentUserOp: {
    intent: "Sign payment (amount unseen)",
    fields: [raw("session", "Session id"), raw("period", "Period number"), raw("userOpHash", "UserOp hash")],
  },
};

const byId = (intent: string): Words => ({ intent, fields: [raw("id", "Session id")] });

/** By the name of a function that somebody calls, or has an account call. */
export const functions: Record<string, Words> = {
  enable: {
    intent: "Enable session (limits unseen)",
    fields: [
      ...parties,
      date("session.[40:46]", "From"),
      date("session.[46:52]", "Until"),
      raw("session.[52:]", "Packed limits"),
    ],
  },
  revoke: byId("Revoke session for good"),
  revokeAll: { intent: "Revoke all sessions, grants", fields: [] },
  pause: byId("Pause session"),
  resume: byId("Resume session"),
  renounce: {
    intent: "Give up own session for good",
    fields: [...parties, restOfSession("The session ends, whatever its limits.")],
  },
  pay: {
    intent: "Pay from account by session",
    fields: [
      {
        path: "amount",
        label: "Amount",
        format: "tokenAmount",
        params: { tokenPath: "token" },
      },
      raw("token", "Token"),
      name("to", "To"),
      ...parties,
      restOfSession(agreed),
      grant,
    ],
  },
  execute: {
    intent: "Execute calls by session",
    fields: [...parties, calls("session.[0:20]"), restOfSession(agreed), grant],
  },
  executeSigned: {
    intent: "Submit a signed execution",
    fields: [
      ...parties,
      calls("session.[0:20]"),
      ...submission,
      restOfSession(agreed),
      grant,
      withheld(
        "keySignature",
        "Key's signature",
        "The key's word for the same execution, checked by the chain.",
      ),
    ],
  },
  redeemDelegations: {
    intent: "Redeem permissions (unseen)",
    fields: [
      { label: "Executions", iteration: "bundled", fields: [raw("executions.[]", "Packed execution")] },
      withheld("contexts.[]", "Permission context", "A session that its owner has agreed to."),
      withheld("modes.[]", "Mode", "Whether an execution is one call or several; others are refused."),
    ],
  },
  onInstall: { intent: "Install (sessions unseen)", fields: [raw("data", "Granter, sessions")] },
  onUninstall: {
    intent: "Uninstall, end all sessions",
    fields: [withheld("data", "Data", "The module does not read it.")],
  },
  requireSame: {
    intent: "Show session to be enabled",
    fields: [
      ...sessionFields("session."),
      withheld("packed", "Packed session", "The call reverts unless this is the session that is shown."),
    ],
  },
};

/** Functions that change something, and why no wallet is asked to sign a call of them. By contract. */
export const unsignedFunctions: Record<string, Record<string, string>> = {
  ERC7579SessionModule: { validateUserOp: "The account calls it while the EntryPoint validates a userOp." },
  SafeSessionHandler: {
    setSessionModule: "It is called at the Safe's own address; the handler refuses any other call.",
    simulate: "It is asked by eth_call; all that it does is undone.",
  },
};
