import { asSafe } from "@latchkey/accounts/asSafe";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { installX402Proxies, PERMIT2, USDC, type UsdcChain } from "@latchkey/devchain";
import { hashSession, type Proposal, proposeSession } from "@latchkey/sdk";
import {
  encodeEnable,
  encodePayload,
  nodeNonce,
  type Permit2Transfer,
  permit2Transfer,
  signedPayment,
} from "@latchkey/sdk/encoding";
import {
  x402ExactPermit2ProxyABI,
  x402ExactPermit2ProxyAddress,
  x402UptoPermit2ProxyABI,
  x402UptoPermit2ProxyAddress,
} from "@x402/evm";
import { expect } from "chai";
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  slice,
  toBytes,
  toFunctionSelector,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { genuineCode } from "#devchain/genuineCode.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, LIVE, setUp } from "../environment/setUp.ts";

const DOLLAR = 1_000_000n;
const addressOf = (name: string): Address => getAddress(slice(keccak256(toBytes(name)), 12));
const [shop, facilitator, stranger] = ["shop", "facilitator", "stranger"].map((who) =>
  addressOf(`the ${who} of the Permit2 tests`),
) as [Address, Address, Address];
const key = privateKeyToAccount(keccak256(toBytes("the agent of the Permit2 tests")));

/** One way to settle a payment of $1 that the key signed. */
type Settlement = {
  scheme: "exact" | "upto";
  from?: Address;
  to?: Address;
  amount?: bigint;
  /** Seconds from now. */
  validAfter?: bigint;
  deadline?: bigint;
  /** What is claimed in place of what was signed. */
  claimed?: Partial<Permit2Transfer>;
};

const SETTLEMENTS: Record<string, Settlement> = {
  exact: { scheme: "exact" },
  "exact, by anyone": { scheme: "exact", from: stranger },
  "exact, before its time": { scheme: "exact", validAfter: 3600n },
  "exact, after its time": { scheme: "exact", deadline: -1n },
  "exact, of nothing": { scheme: "exact", claimed: { amount: 0n } },
  "exact, to another": { scheme: "exact", claimed: { to: stranger } },
  "exact, of more": { scheme: "exact", claimed: { amount: DOLLAR + 1n } },
  "upto, of all": { scheme: "upto" },
  "upto, of less": { scheme: "upto", amount: DOLLAR / 4n },
  "upto, of nothing": { scheme: "upto", amount: 0n },
  "upto, of more": { scheme: "upto", amount: DOLLAR + 1n },
  "upto, by another": { scheme: "upto", from: stranger },
  "upto, before its time": { scheme: "upto", validAfter: 3600n },
  "upto, after its time": { scheme: "upto", deadline: -1n },
  "upto, to another": { scheme: "upto", claimed: { to: stranger } },
};

/** The words that the stand-ins have for what they refuse; the others are Permit2's and the account's. */
const OWN_ERRORS = ["PaymentTooEarly()", "UnauthorizedFacilitator()", "AmountExceedsPermitted()"];

for (const chain of Object.keys(USDC) as UsdcChain[])
  describe(`payments by Permit2 through x402's ${LIVE[chain] ? "proxies" : "proxies' stand-ins"} on ${chain}`, function () {
    this.timeout(120_000);
    let environment: Environment;
    let safe: SafeAccount;
    let proposal: Proposal;
    let restore: () => Promise<void>;

    before(async () => {
      environment = await setUp(chain);
      const { testChain, usdc, connection } = environment;
      await installX402Proxies(testChain);
      const latchkey = await installLatchkey(testChain);
      safe = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("permit2 on a fork") });
      await installOnSafe(safe, latchkey, [usdc.domainSeparator]);
      await usdc.mint(safe.address, 100n * DOLLAR);
      proposal = await proposeSession(testChain.client, {
        account: safe.address,
        key,
        module: latchkey.module,
        budgets: {
          [usdc.address]: { perTransaction: "1", perDay: "20", recipients: [shop], x402: "permit2" },
        },
        until: "7d",
      });
      const approval = encodeFunctionData({
        abi: erc20Abi,
        functionName: "approve",
        args: [PERMIT2, 20n * DOLLAR],
      });
      await asSafe(safe, [encodeEnable(proposal), { to: usdc.address, value: 0n, data: approval }]);
      for (const who of [facilitator, stranger]) await testChain.impersonate(who);
      ({ restore } = await connection.networkHelpers.takeSnapshot());
    });
    afterEach(() => restore());
    after(() => environment.connection.close());

    /** The transaction by which somebody settles, with what the key signed for the first whole lot. */
    async function settlementOf(settlement: Settlement) {
      const { testChain, usdc } = environment;
      const { scheme, from = facilitator, claimed } = settlement;
      const { timestamp } = await testChain.client.getBlock();
      const { session, module } = proposal;
      const node = { lot: 0n, size: 0, index: 0n };
      const period = (timestamp - BigInt(session.validAfter)) / 86_400n;
      const { chainId } = testChain;
      const transfer: Permit2Transfer = {
        token: usdc.address,
        amount: DOLLAR,
        nonce: nodeNonce({ id: hashSession(session), budgetIndex: 0, period, ...node }),
        deadline: timestamp + (settlement.deadline ?? 600n),
        to: shop,
        validAfter: settlement.validAfter === undefined ? 0n : timestamp + settlement.validAfter,
        facilitator: scheme === "upto" ? facilitator : undefined,
      };
      const { address: account } = safe;
      const digest = hashTypedData(permit2Transfer(transfer, chainId));
      const payload = encodePayload({
        session,
        budgetIndex: 0,
        slot: node,
        to: shop,
        value: DOLLAR,
        validAfter: transfer.validAfter,
        validBefore: transfer.deadline,
        ...(scheme === "exact" ? { method: "permit2-exact" } : { method: "permit2-upto", facilitator }),
        keySignature: await key.signTypedData(signedPayment({ account, digest }, { chainId, module })),
      });
      const { amount, nonce, deadline, to, validAfter } = { ...transfer, ...claimed };
      const permit = { permitted: { token: usdc.address, amount }, nonce, deadline };
      const call =
        scheme === "exact"
          ? {
              to: x402ExactPermit2ProxyAddress,
              data: encodeFunctionData({
                abi: x402ExactPermit2ProxyABI,
                functionName: "settle",
                args: [permit, account, { to, validAfter }, payload],
              }),
            }
          : {
              to: x402UptoPermit2ProxyAddress,
              data: encodeFunctionData({
                abi: x402UptoPermit2ProxyABI,
                functionName: "settle",
                args: [
                  permit,
                  settlement.amount ?? DOLLAR,
                  account,
                  { to, facilitator, validAfter },
                  payload,
                ],
              }),
            };
      return { from, ...call };
    }

    /** What a settlement moves to the shop, or the selector of what it reverts with. */
    async function outcomeOf(settlement: Settlement): Promise<bigint | Hex> {
      const { testChain, usdc } = environment;
      const transaction = await settlementOf(settlement);
      const before = await usdc.balanceOf(shop);
      try {
        await testChain.send(transaction);
      } catch (error) {
        for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
          const { data } = cause as { data?: Hex | { data?: Hex } };
          const revert = typeof data === "object" ? data.data : data;
          if (revert?.startsWith("0x")) return revert.length >= 10 ? slice(revert, 0, 4) : "0x";
        }
        throw error;
      }
      return (await usdc.balanceOf(shop)) - before;
    }

    const outcomes = async () => {
      const all: Record<string, bigint | Hex> = {};
      for (const [title, settlement] of Object.entries(SETTLEMENTS)) {
        all[title] = await outcomeOf(settlement);
        await restore();
      }
      return all;
    };

    it("settle what was signed, or less by upto, to the payee", async () => {
      const all = await outcomes();
      const moved = Object.entries(all).filter(([, outcome]) => typeof outcome === "bigint");
      expect(Object.fromEntries(moved)).to.deep.equal({
        exact: DOLLAR,
        "exact, by anyone": DOLLAR,
        "upto, of all": DOLLAR,
        "upto, of less": DOLLAR / 4n,
      });
      const reasons = new Set(Object.values(all));
      for (const error of OWN_ERRORS) expect(reasons, error).to.include(toFunctionSelector(error));
    });

    if (LIVE[chain])
      it("end as through the stand-ins, reason for reason", async () => {
        const genuine = await outcomes();
        const { testChain } = environment;
        await testChain.setCode(x402ExactPermit2ProxyAddress, genuineCode("X402ExactProxyStandIn").code);
        await testChain.setCode(x402UptoPermit2ProxyAddress, genuineCode("X402UptoProxyStandIn").code);
        ({ restore } = await environment.connection.networkHelpers.takeSnapshot());
        expect(await outcomes()).to.deep.equal(genuine);
      });
  });
