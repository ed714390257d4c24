import type { Address, Hex } from "viem";
import type { Session } from "#sdk/session/Session.ts";
import { type BenchChain, ONE_USDC } from "./BenchChain.ts";
import type { BenchErc7579Account, Erc7579AccountName } from "./BenchErc7579Account.ts";
import { approvePermit2, permit2Rows } from "./permit2.ts";
import type { Erc7579Row } from "./rows.ts";
import {
  benchSession,
  enableSession,
  executePayment,
  redeemPayment,
  settleSlot,
  transferOneUsdc,
} from "./sessions.ts";

/** A session whose userOps' gas is not counted. */
const NOT_COUNTED = 2n ** 128n - 1n;
/** In wei: more than the userOps of the bench may cost. */
const ONE_ETHER = 10n ** 18n;

/** The rows of an ERC-7579 account that a key owns. */
export function erc7579RowsOf(name: Erc7579AccountName): Erc7579Row[] {
  const row = (
    path: string,
    says: string,
    transaction: Erc7579Row["transaction"],
    effect: Pick<Erc7579Row, "paid" | "leaves" | "session">,
  ): Erc7579Row => ({
    name: `erc7579/${name}/${path}`,
    says,
    erc7579: name,
    // The key's own transactions, and the facilitator's, go through no EntryPoint.
    isUserOp: !["execute/", "redeem/", "x402/", "permit2/"].some((start) => path.startsWith(start)),
    ...effect,
    transaction,
  });
  const pays = (path: string, says: string, transaction: Erc7579Row["transaction"]) =>
    row(path, says, transaction, { paid: "recipient" });

  const userOpSession = (chain: BenchChain, address: Address, gasAllowance = NOT_COUNTED) =>
    benchSession(chain, address, { gasAllowance });

  /** A session that was enabled and has paid once, so that the key of its nonce is used too. */
  const usedByUserOp = async (chain: BenchChain, account: BenchErc7579Account, gasAllowance: bigint) => {
    const session = userOpSession(chain, account.address, gasAllowance);
    await account.enable(session);
    await chain.testChain.send(await account.paymentUserOp(session));
    return session;
  };
  const execute = (chain: BenchChain, session: Session, grant?: Hex) =>
    executePayment(chain, session, grant, chain.erc7579Module);
  const signatureSession = (chain: BenchChain, { address }: BenchErc7579Account, sizes: number) =>
    benchSession(chain, address, { sizes, perTransaction: 4n * ONE_USDC });
  const forSignatures = async (chain: BenchChain, account: BenchErc7579Account, sizes: number) => {
    const session = signatureSession(chain, account, sizes);
    await account.enable(session);
    return session;
  };
  const opener = (sizes: number) =>
    pays(
      `x402/opener/${sizes}`,
      `x402, enabled session, first payment of a lot, ${sizes} slot size${sizes === 1 ? "" : "s"}`,
      async (chain, account) => {
        const session = await forSignatures(chain, account, sizes);
        return settleSlot(chain, account, session, { lot: 0n, size: 0, index: 0n });
      },
    );

  const userOps = (form: "paymentUserOp" | "executionUserOp", path: string, says: string) => [
    pays(
      `${path}/first`,
      `${says}, enabled session, first use: the key of its nonce too`,
      async (chain, account) => {
        const session = userOpSession(chain, account.address);
        await account.enable(session);
        return account[form](session);
      },
    ),
    pays(`${path}/next`, `${says}, enabled session, every later use that day`, async (chain, account) =>
      account[form](await usedByUserOp(chain, account, NOT_COUNTED)),
    ),
    pays(
      `${path}/gas-allowance/next`,
      `${says}: as next, and its gas is counted against a gasAllowance`,
      async (chain, account) => account[form](await usedByUserOp(chain, account, ONE_ETHER)),
    ),
    row(
      `${path}/first-with-grant`,
      `${says}, and that carries the owner's signature, which enables the session; its nonce's first`,
      async (chain, account) => {
        const session = userOpSession(chain, account.address);
        return account[form](session, await account.grant(session));
      },
      { paid: "recipient", leaves: "ENABLED", session: userOpSession },
    ),
  ];

  return [
    pays(
      "owner-userOp/next",
      "the owner's own userOp: what a payment costs without Latchkey",
      async (chain, account) => {
        const payment = () => account.ownerUserOp(chain.usdc.address, transferOneUsdc(chain));
        await chain.testChain.send(await payment());
        return payment();
      },
    ),
    pays(
      "bare-module/next",
      "a validator and executor that checks nothing but its key's signature: the floor of session modules there",
      async (chain, account) => {
        await account.installUncheckedModule();
        await chain.testChain.send(await account.uncheckedUserOp());
        return account.uncheckedUserOp();
      },
    ),
    row(
      "enable",
      "the owner enables a session, by a userOp",
      async (chain, account) => {
        await chain.testChain.send(await account.ownerUserOp(chain.usdc.address, transferOneUsdc(chain)));
        return account.ownerUserOp(
          chain.erc7579Module,
          enableSession(chain, userOpSession(chain, account.address)),
        );
      },
      { leaves: "ENABLED", session: userOpSession },
    ),
    ...userOps("paymentUserOp", "userOp", "a session's userOp by which the account pays"),
    ...userOps(
      "executionUserOp",
      "userOp/execution",
      "a session's userOp by which the module executes the payment",
    ),
    pays("execute/first", "the key pays, enabled session, first use", async (chain, account) => {
      const session = benchSession(chain, account.address);
      await account.enable(session);
      return execute(chain, session);
    }),
    pays(
      "execute/next",
      "the key pays, enabled session, every later use that day",
      async (chain, account) => {
        const session = benchSession(chain, account.address);
        await account.enable(session);
        await chain.testChain.send(execute(chain, session));
        return execute(chain, session);
      },
    ),
    row(
      "execute/first-with-grant",
      "the key pays and carries the owner's signature, which enables the session",
      async (chain, account) => {
        const session = benchSession(chain, account.address);
        return execute(chain, session, await account.grant(session));
      },
      { paid: "recipient", leaves: "ENABLED" },
    ),
    pays(
      "redeem/next",
      "the key redeems the account's permission context by ERC-7710, every later use that day",
      async (chain, account) => {
        const session = benchSession(chain, account.address);
        const grant = await account.grant(session);
        const redeem = () => redeemPayment(chain, session, grant, chain.erc7579Module);
        await chain.testChain.send(redeem());
        return redeem();
      },
    ),
    opener(1),
    opener(5),
    pays(
      "x402/follower/5",
      "x402, enabled session, a later payment of an opened lot, 5 slot sizes",
      async (chain, account) => {
        const session = await forSignatures(chain, account, 5);
        const slot = { lot: 0n, size: 1 };
        await chain.testChain.send(await settleSlot(chain, account, session, { ...slot, index: 0n }));
        return settleSlot(chain, account, session, { ...slot, index: 1n });
      },
    ),
    pays(
      "x402/with-grant/5",
      "x402, nothing on chain yet, the owner's signature is carried, 5 slot sizes",
      async (chain, account) => {
        const session = signatureSession(chain, account, 5);
        const grant = await account.grant(session);
        return settleSlot(chain, account, session, { lot: 0n, size: 0, index: 0n }, grant);
      },
    ),
    ...permit2Rows<BenchErc7579Account>({
      async payer(chain, account) {
        const { address, wrapsHash, wrap } = account;
        await chain.testChain.send(await account.ownerUserOp(chain.usdc.address, approvePermit2));
        return { address, module: chain.erc7579Module, wrapsHash, wrap };
      },
      enable: (_, account, session) => account.enable(session),
      grant: (account, session) => account.grant(session),
    }).map(({ path, says, transaction }) => pays(path, says, transaction)),
  ];
}
