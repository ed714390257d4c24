import type { SafeVersion, Transaction } from "@latchkey/devchain";
import { safeAbi } from "@latchkey/sdk/encoding";
import { type Address, encodeFunctionData, type Hex, keccak256, toBytes } from "viem";
import type { Session } from "#sdk/session/Session.ts";
import { type BenchChain, ONE_USDC } from "./BenchChain.ts";
import {
  type BenchErc7579Account,
  ERC7579_ACCOUNTS,
  type Erc7579AccountName,
} from "./BenchErc7579Account.ts";
import type { BenchSafe, OwnerKind } from "./BenchSafe.ts";
import { erc7579RowsOf } from "./erc7579Rows.ts";
import { approvePermit2, permit2Rows, permit2Separator, wrapForVerifier } from "./permit2.ts";
import {
  authorizationDigest,
  authorizeOneUsdc,
  benchSession,
  enableSession,
  enableShown,
  executePayment,
  executeShopping,
  executeSignedPayment,
  payOneUsdc,
  redeemPayment,
  redeemSignedPayment,
  revokeSession,
  settle,
  settleSlot,
  shoppingSession,
  transferOneUsdc,
  wideSession,
} from "./sessions.ts";

/** What every line of the table says: one transaction, and what has to have happened before it. */
type RowOn<Account> = {
  /** Stable: machines compare rows by it. */
  name: string;
  /** What the transaction is, for people. */
  says: string;
  /** Who has 1 USDC more afterwards; nobody where the owner manages sessions. */
  paid?: "recipient" | "puller";
  /** The state that the row's session is left in, where the row is about that. */
  leaves?: "ENABLED" | "REVOKED";
  /** Which session that is. Default: {@link benchSession} as it is. */
  session?(chain: BenchChain, account: Address): Session;
  /** Brings the chain to where the row begins, and gives the transaction to measure. */
  transaction(chain: BenchChain, account: Account): Promise<Transaction>;
};

/** A line about a Safe, or about no account of ours. */
export type SafeRow = RowOn<BenchSafe> & {
  erc7579?: undefined;
  /** Which Safe it needs. */
  safe?: { version: SafeVersion; ownerKind: OwnerKind };
};

/** A line about an ERC-7579 account. */
export type Erc7579Row = RowOn<BenchErc7579Account> & {
  safe?: undefined;
  /** Which account it needs. */
  erc7579: Erc7579AccountName;
  /** Whether the transaction is a bundler's, with one userOp in it. */
  isUserOp: boolean;
};

export type Row = SafeRow | Erc7579Row;

/** What stands behind a row's name in the name of the figure that an EntryPoint charged. */
export const ACTUAL_GAS_USED = "/actualGasUsed";

/** What stands behind a row's name in the names of its sizes: of the calldata, and of the calldata by FastLZ. */
export const BYTES = "/bytes";
export const COMPRESSED = "/compressed";

/** The name of the reader's own figure: a session of one budget with one recipient, from its bytes to its id. */
export const READER = "reader/one-budget";

/** The names of a row's gas: the transaction's, and for a userOp what was charged for it. */
export const gasNames = (row: Row): string[] =>
  row.erc7579 && row.isUserOp ? [row.name, row.name + ACTUAL_GAS_USED] : [row.name];

/** The names of a row's sizes; none where a passkey signs, which never signs the same twice. */
export const sizeNames = (row: Row): string[] =>
  row.safe?.ownerKind === "passkey" ? [] : [row.name + BYTES, row.name + COMPRESSED];

/** The names of all figures that a row has. */
export const figureNames = (row: Row): string[] => [...gasNames(row), ...sizeNames(row)];

/** An EIP-3009 nonce as anyone but us chooses it. */
const FREE_NONCE: Hex = keccak256(toBytes("latchkey bench nonce"));

const withoutSafe: SafeRow[] = [
  {
    name: "eoa/transfer",
    says: "`transfer` by an ordinary account: the floor of all payments",
    paid: "recipient",
    transaction: async (chain) => ({
      from: chain.holder.address,
      to: chain.usdc.address,
      data: transferOneUsdc(chain),
    }),
  },
  {
    name: "eoa/transferWithAuthorization",
    says: "x402 from an ordinary account, bytes overload",
    paid: "recipient",
    async transaction(chain) {
      const authorization = authorizeOneUsdc(chain, chain.holder.address, FREE_NONCE);
      const hash = authorizationDigest(chain, authorization);
      return settle(chain, authorization, await chain.holder.sign({ hash }));
    },
  },
  {
    name: "accept-all/transferWithAuthorization",
    says: "x402 from a wallet that accepts everything, empty signature: the floor of contract payers",
    paid: "recipient",
    transaction: async (chain) => settle(chain, authorizeOneUsdc(chain, chain.acceptAll, FREE_NONCE), "0x"),
  },
];

/** The rows of a Safe that a key owns. */
function rowsOf(version: SafeVersion): SafeRow[] {
  const row = (
    name: string,
    says: string,
    transaction: SafeRow["transaction"],
    effect: Pick<SafeRow, "paid" | "leaves">,
  ): SafeRow => ({
    name: `safe-${version}/${name}`,
    says,
    safe: { version, ownerKind: "ecdsa" },
    ...effect,
    transaction,
  });
  const pays = (name: string, says: string, transaction: SafeRow["transaction"]) =>
    row(name, says, transaction, { paid: "recipient" });

  /** An enabled session, as the next row wants it. */
  const enabled = async (chain: BenchChain, safe: BenchSafe, session: Session) => {
    await chain.testChain.send(safe.byOwner(chain.module, enableSession(chain, session)));
    return session;
  };
  const forExecution = (chain: BenchChain, safe: BenchSafe, sizes = 0) =>
    enabled(chain, safe, benchSession(chain, safe.address, { sizes }));
  const forSignatures = (chain: BenchChain, safe: BenchSafe, sizes: number) =>
    enabled(chain, safe, signatureSession(chain, safe, sizes));

  const opener = (sizes: number) =>
    pays(
      `x402/opener/${sizes}`,
      `x402, enabled session, first payment of a lot, ${sizes} slot size${sizes === 1 ? "" : "s"}`,
      async (chain, safe) =>
        settleSlot(chain, safe, await forSignatures(chain, safe, sizes), { lot: 0n, size: 0, index: 0n }),
    );

  return [
    pays(
      "owner",
      "the owner's own `execTransaction`: what a payment costs without Latchkey",
      async (chain, safe) => safe.byOwner(chain.usdc.address, transferOneUsdc(chain)),
    ),
    pays("bare-module", "a module that checks nothing: the floor of modules", async (chain, safe) => ({
      from: chain.key.address,
      to: chain.uncheckedModule,
      data: encodeFunctionData({
        abi: chain.uncheckedModuleAbi,
        functionName: "forward",
        args: [safe.address, chain.usdc.address, transferOneUsdc(chain)],
      }),
    })),
    row(
      "enable",
      "the owner enables a session",
      async (chain, safe) =>
        safe.byOwner(chain.module, enableSession(chain, benchSession(chain, safe.address))),
      { leaves: "ENABLED" },
    ),
    row(
      "revoke",
      "the owner revokes a session that was used",
      async (chain, safe) => {
        const session = await forExecution(chain, safe);
        await chain.testChain.send(executePayment(chain, session));
        return safe.byOwner(chain.module, revokeSession(chain, session));
      },
      { leaves: "REVOKED" },
    ),
    row(
      "enable/shown",
      "the same, in a batch with SessionLens.requireSame, so that every wallet shows the limits",
      async (chain, safe) => safe.byOwnerBatch(enableShown(chain, benchSession(chain, safe.address))),
      { leaves: "ENABLED" },
    ),
    pays("pay/first", "the key pays by `pay`, enabled session, first use", async (chain, safe) =>
      payOneUsdc(chain, await forExecution(chain, safe)),
    ),
    pays("pay/next", "the key pays by `pay`, every later use that day", async (chain, safe) => {
      const session = await forExecution(chain, safe);
      await chain.testChain.send(payOneUsdc(chain, session));
      return payOneUsdc(chain, session);
    }),
    row(
      "pay/first-with-grant",
      "the key pays by `pay` and carries the owner's signature, which enables the session",
      async (chain, safe) => {
        const session = benchSession(chain, safe.address);
        return payOneUsdc(chain, session, await safe.grant(session));
      },
      { paid: "recipient", leaves: "ENABLED" },
    ),
    {
      ...row(
        "wide/enable",
        "the owner enables a session of 3 budgets of 5, 3 and 3 recipients and 2 actions of 2 rules",
        async (chain, safe) =>
          safe.byOwner(chain.module, enableSession(chain, wideSession(chain, safe.address))),
        { leaves: "ENABLED" },
      ),
      session: wideSession,
    },
    pays("wide/execute/next", "the key pays from it, every later use that day", async (chain, safe) => {
      const session = await enabled(chain, safe, wideSession(chain, safe.address));
      await chain.testChain.send(executePayment(chain, session));
      return executePayment(chain, session);
    }),
    pays("wide/pay/next", "the same by `pay`", async (chain, safe) => {
      const session = await enabled(chain, safe, wideSession(chain, safe.address));
      await chain.testChain.send(payOneUsdc(chain, session));
      return payOneUsdc(chain, session);
    }),
    pays("execute/first", "the key pays, enabled session, first use", async (chain, safe) =>
      executePayment(chain, await forExecution(chain, safe)),
    ),
    pays("execute/next", "the key pays, enabled session, every later use that day", async (chain, safe) => {
      const session = await forExecution(chain, safe);
      await chain.testChain.send(executePayment(chain, session));
      return executePayment(chain, session);
    }),
    pays(
      "execute/new-lot/5",
      "as next, but the signature rail is open with 5 slot sizes and the payment reaches a new lot",
      async (chain, safe) => {
        const session = await forExecution(chain, safe, 5);
        await chain.testChain.send(executePayment(chain, session));
        return executePayment(chain, session);
      },
    ),
    row(
      "execute/first-with-grant",
      "the key pays and carries the owner's signature, which enables the session",
      executeWithGrant,
      { paid: "recipient", leaves: "ENABLED" },
    ),
    pays(
      "executeSigned/first",
      "a relayer submits what the key has signed, enabled session, first use",
      async (chain, safe) => executeSignedPayment(chain, await forExecution(chain, safe), 0n),
    ),
    pays(
      "executeSigned/next",
      "a relayer submits what the key has signed, every later use that day",
      async (chain, safe) => {
        const session = await forExecution(chain, safe);
        await chain.testChain.send(await executeSignedPayment(chain, session, 0n));
        return executeSignedPayment(chain, session, 1n);
      },
    ),
    row(
      "redeem/first-with-grant",
      "an app has the key redeem the account's permission context by ERC-7710, which enables the session",
      async (chain, safe) => {
        const session = benchSession(chain, safe.address);
        return redeemPayment(chain, session, await safe.grant(session));
      },
      { paid: "recipient", leaves: "ENABLED" },
    ),
    pays(
      "redeem/next",
      "the same context again, by ERC-7710, every later use that day",
      async (chain, safe) => {
        const session = benchSession(chain, safe.address);
        const grant = await safe.grant(session);
        await chain.testChain.send(redeemPayment(chain, session, grant));
        return redeemPayment(chain, session, grant);
      },
    ),
    pays(
      "redeem/x402/first",
      "x402 by ERC-7710, a facilitator redeems what the key has signed, enabled session, first use",
      async (chain, safe) => redeemSignedPayment(chain, await forExecution(chain, safe), 0n),
    ),
    pays(
      "redeem/x402/next",
      "x402 by ERC-7710, every later use that day with a nonce of the same 256",
      async (chain, safe) => {
        const session = await forExecution(chain, safe);
        await chain.testChain.send(await redeemSignedPayment(chain, session, 0n));
        return redeemSignedPayment(chain, session, 1n);
      },
    ),
    row(
      "execute/measured",
      "the key approves 1 USDC and calls a shop that pulls it, measured by effect, every later use that day",
      async (chain, safe) => {
        const session = await enabled(chain, safe, shoppingSession(chain, safe.address));
        await chain.testChain.send(executeShopping(chain, session));
        return executeShopping(chain, session);
      },
      { paid: "puller" },
    ),
    opener(1),
    opener(5),
    opener(8),
    pays(
      "x402/follower/5",
      "x402, enabled session, a later payment of an opened lot, 5 slot sizes",
      async (chain, safe) => {
        const session = await forSignatures(chain, safe, 5);
        await chain.testChain.send(await settleSlot(chain, safe, session, { lot: 0n, size: 1, index: 0n }));
        return settleSlot(chain, safe, session, { lot: 0n, size: 1, index: 1n });
      },
    ),
    pays(
      "x402/with-grant/5",
      "x402, nothing on chain yet, the owner's signature is carried, 5 slot sizes",
      settleWithGrant,
    ),
    ...permit2Rows<BenchSafe>({
      async payer(chain, safe) {
        const separator = permit2Separator(chain);
        await chain.testChain.send(safe.byOwner(chain.usdc.address, approvePermit2));
        if (version === "1.5.0")
          await chain.testChain.send(
            safe.byOwner(
              safe.address,
              encodeFunctionData({
                abi: safeAbi,
                functionName: "setDomainVerifier",
                args: [separator, chain.module],
              }),
            ),
          );
        return {
          address: safe.address,
          module: chain.module,
          wrapsHash: false,
          wrap: (payload, transfer) =>
            version === "1.5.0" ? wrapForVerifier(separator, payload, transfer) : payload,
        };
      },
      enable: enabled,
      grant: (safe, session) => safe.grant(session),
    }).map(({ path, says, transaction }) => pays(path, says, transaction)),
  ];
}

/** The rows of a Safe that a passkey owns: those in which its signature is verified. */
const passkeyRowsOf = (version: SafeVersion): SafeRow[] => {
  const shared = { safe: { version, ownerKind: "passkey" }, paid: "recipient" } as const;
  return [
    {
      ...shared,
      name: `safe-${version}/passkey/execute/first-with-grant`,
      says: "the key pays and carries the passkey's signature, which enables the session",
      leaves: "ENABLED",
      transaction: executeWithGrant,
    },
    {
      ...shared,
      name: `safe-${version}/passkey/x402/with-grant/5`,
      says: "x402, nothing on chain yet, the passkey's signature is carried, 5 slot sizes",
      transaction: settleWithGrant,
    },
  ];
};

const signatureSession = (chain: BenchChain, safe: BenchSafe, sizes: number) =>
  benchSession(chain, safe.address, { sizes, perTransaction: 4n * ONE_USDC });

async function executeWithGrant(chain: BenchChain, safe: BenchSafe): Promise<Transaction> {
  const session = benchSession(chain, safe.address);
  return executePayment(chain, session, await safe.grant(session));
}

async function settleWithGrant(chain: BenchChain, safe: BenchSafe): Promise<Transaction> {
  const session = signatureSession(chain, safe, 5);
  const grant = await safe.grant(session);
  return settleSlot(chain, safe, session, { lot: 0n, size: 0, index: 0n }, grant);
}

/** Every row of the table, in its order. */
export const rows: readonly Row[] = [
  ...withoutSafe,
  ...(["1.4.1", "1.5.0"] as const).flatMap((version) => [...rowsOf(version), ...passkeyRowsOf(version)]),
  ...ERC7579_ACCOUNTS.flatMap(erc7579RowsOf),
];
