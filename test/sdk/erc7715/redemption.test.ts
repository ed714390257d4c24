import "../../environment/noTelemetry.ts";
import type { TestChain } from "@latchkey/devchain";
import type { AccountKind, Grant } from "@latchkey/sdk";
import { decodeError, type Proposal, revokeSession, signGrant } from "@latchkey/sdk";
import { contracts, createExecution, ExecutionMode } from "@metamask/smart-accounts-kit";
import { expect } from "chai";
import {
  type Account,
  type Address,
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  parseEther,
} from "viem";
import { install, key, world as world7579 } from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { signerOf } from "../erc7579/sessionGrants.ts";
import { agent, mined, owner, shop, stateOf, useSafe, walletOf } from "../safeFixture.ts";
import { openSite, spendingPermissions } from "./site.ts";

const DAY = 86_400;
const HOUR = 3_600;

/** Nobody's, and in no permission. */
const elsewhere = getAddress(`0x${"e1".repeat(20)}`);

/** An account, its owner, and the key that redeems. */
type Redeeming = {
  client: TestChain["client"];
  provider: Parameters<typeof custom>[0];
  account: Address;
  accountKind: AccountKind;
  module: Address;
  usdc: Address;
  redeemer: Account;
  sign(proposal: Proposal): Promise<Grant>;
  /** Mines a block at that second. */
  mineAt(timestamp: number): Promise<void>;
};

/** Declares what the kit can redeem of each type, and what it cannot. */
function redemptions(of: () => Promise<Redeeming>) {
  for (const index of [0, 1, 2, 3, 4, 5]) {
    const type = spendingPermissions(shop)[index]?.type ?? "";
    it(`pays by ${type} up to its limit, until its end`, async () => {
      const { client, provider, account, accountKind, module, usdc, redeemer, sign, mineAt } = await of();
      const permission = spendingPermissions(usdc)[index];
      const { site, log } = openSite({
        client,
        account,
        accountKind,
        module,
        grant: (permissions) => Promise.all(permissions.map(({ proposal }) => sign(proposal))),
        revoke: async () => {},
      });
      const expiry = Number((await client.getBlock()).timestamp) + DAY;
      const chainId = await client.getChainId();
      const [granted] = await site.requestExecutionPermissions([
        {
          chainId,
          expiry,
          to: redeemer.address,
          payee: [shop],
          permission: { ...permission, isAdjustmentAllowed: false },
        },
      ] as never);
      if (!granted) throw new Error("nothing was granted");
      const start = log.shown[0]?.[0]?.proposal.session.validAfter ?? 0;

      const isNative = type.startsWith("native-");
      const wallet = (signer: Account) =>
        createWalletClient({
          account: signer,
          chain: client.chain,
          transport: custom(provider, { retryCount: 0 }),
        });
      /** What the kit sends for a payment. */
      const redeem = async (amount: bigint, to: Address = shop, signer = redeemer): Promise<string> => {
        const execution = createExecution(
          isNative
            ? { target: to, value: amount, callData: "0x" }
            : {
                target: usdc,
                value: 0n,
                callData: encodeFunctionData({
                  abi: erc20Abi,
                  functionName: "transfer",
                  args: [to, amount],
                }),
              },
        );
        try {
          const hash = await contracts.DelegationManager.execute.redeemDelegations({
            client: wallet(signer) as never,
            delegationManagerAddress: granted.delegationManager,
            delegations: [granted.context as Hex] as never,
            modes: [ExecutionMode.SingleDefault],
            executions: [[execution]],
          });
          return (await client.getTransactionReceipt({ hash })).status;
        } catch (error) {
          return decodeError(error).code;
        }
      };
      const received = async () =>
        isNative
          ? client.getBalance({ address: shop })
          : client.readContract({ address: usdc, abi: erc20Abi, functionName: "balanceOf", args: [shop] });
      const before = await received();

      expect(await redeem(1n, elsewhere)).to.equal("RECIPIENT");
      expect(await redeem(1n, shop, strangerOf(redeemer))).to.equal("NOT_KEY");
      expect(await redeem(101n)).to.equal("PER_TRANSACTION");
      let paid: bigint;
      if (type.endsWith("-stream")) {
        // 10 at the start and 2 a second: 50 after 20 seconds, 90 after 40, and never more than 100.
        await mineAt(start + 20);
        expect(await redeem(50n)).to.equal("success");
        expect(await redeem(30n)).to.equal("PERIOD");
        await mineAt(start + 40);
        expect(await redeem(30n)).to.equal("success");
        await mineAt(start + HOUR);
        expect(await redeem(21n)).to.equal("PERIOD");
        expect(await redeem(20n)).to.equal("success");
        paid = 100n;
      } else {
        expect(await redeem(60n)).to.equal("success");
        expect(await redeem(41n)).to.equal("PERIOD");
        expect(await redeem(40n)).to.equal("success");
        await mineAt(start + HOUR);
        const isPeriodic = type.endsWith("-periodic");
        expect(await redeem(60n)).to.equal(isPeriodic ? "success" : "PERIOD");
        paid = isPeriodic ? 160n : 100n;
      }
      expect((await received()) - before).to.equal(paid);
      await mineAt(expiry - 2);
      await mineAt(expiry);
      expect(await redeem(1n)).to.equal("EXPIRED");
    });
  }
}

/** Someone with a key, who is not the redeemer. */
const strangerOf = (redeemer: Account) => (redeemer.address === owner.address ? agent : owner);

describe("ERC-7715 permissions redeemed by MetaMask's kit (ERC-7710)", function () {
  this.timeout(60_000);

  describe("of a Safe 1.4.1", () => {
    const world = useSafe("1.4.1");
    redemptions(async () => {
      const { env, safe, latchkey } = world();
      const { networkHelpers } = env.connection;
      return {
        client: env.testChain.client,
        provider: env.connection.provider,
        account: safe.address,
        accountKind: "safe",
        module: latchkey.module,
        usdc: env.usdc.address,
        redeemer: agent,
        sign: (proposal) => signGrant(owner, proposal),
        mineAt: (timestamp) => networkHelpers.time.increaseTo(timestamp),
      };
    });

    it("end with the revocation that the site has asked for", async () => {
      const { env, safe, latchkey } = world();
      const client = env.testChain.client;
      const { site, revoke, log } = openSite({
        client,
        account: safe.address,
        accountKind: "safe",
        module: latchkey.module,
        grant: (permissions) => Promise.all(permissions.map(({ proposal }) => signGrant(owner, proposal))),
        revoke: (grant) => mined(world(), revokeSession(walletOf(world(), owner), { grant })),
      });
      const [granted] = await site.requestExecutionPermissions([
        {
          chainId: env.testChain.chainId,
          expiry: Number((await client.getBlock()).timestamp) + DAY,
          to: agent.address,
          permission: {
            type: "native-token-allowance",
            data: { allowanceAmount: 100n },
            isAdjustmentAllowed: true,
          },
        },
      ]);
      if (!granted) throw new Error("nothing was granted");
      const pay = () =>
        contracts.DelegationManager.execute.redeemDelegations({
          client: walletOf(world(), agent) as never,
          delegationManagerAddress: granted.delegationManager,
          delegations: [granted.context as Hex] as never,
          modes: [ExecutionMode.SingleDefault],
          executions: [[createExecution({ target: shop, value: 1n, callData: "0x" })]],
        });
      await mined(world(), pay());
      await revoke(granted.context);
      const proposal = log.shown[0]?.[0]?.proposal;
      expect(proposal && (await stateOf(world(), proposal))).to.equal("REVOKED");
      const code = await pay().then(
        () => "paid",
        (error: unknown) => decodeError(error).code,
      );
      expect(code).to.equal("REVOKED");
    });
  });

  onEveryAccount(
    (account) =>
      redemptions(async () => {
        await install(account());
        const { testChain, module, usdc, connection } = world7579();
        for (const { address } of [key, owner, account()])
          await testChain.setBalance(address, parseEther("10"));
        return {
          client: testChain.client,
          provider: testChain.provider,
          account: getAddress(account().address),
          accountKind: account().kind,
          module,
          usdc: usdc.address,
          redeemer: key,
          sign: (proposal) => signGrant(signerOf(account()), proposal),
          mineAt: (timestamp) => connection.networkHelpers.time.increaseTo(timestamp),
        };
      }),
    (name) => /^(Nexus|Kernel 3.1$)/.test(name),
  );
});
