import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { createSafe, installOnSafe, type Latchkey, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { installWeth, SAFE_VERSIONS, USDC, type UsdcChain, WETH, wethAbi } from "@latchkey/devchain";
import { sessionState } from "@latchkey/sdk";
import {
  decodePayload,
  encodeEnable,
  encodeExecuteSigned,
  encodeRevoke,
  encodeRevokeAll,
  signExecution,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  keccak256,
  parseAbi,
  slice,
  toBytes,
  toFunctionSelector,
  toHex,
} from "viem";
import { installLatchkey } from "../environment/latchkey.ts";
import { refusal } from "../environment/refusal.ts";
import { type Environment, LIVE, setUp } from "../environment/setUp.ts";
import { openBooks } from "./books.ts";
import { type FiatToken, placeFiatToken } from "./fiatToken.ts";
import { payloadWithin } from "./payloadWithin.ts";
import { refusalCode } from "./refusalCode.ts";
import { type SessionPayer, sessionPayer } from "./SessionPayer.ts";

const DOLLAR = 1_000_000n;
/** An address that nobody else uses, on a live chain either. */
const addressOf = (name: string): Address => getAddress(slice(keccak256(toBytes(name)), 12));
const [shop, stranger] = [
  addressOf("the shop of the token tests"),
  addressOf("a stranger of the token tests"),
];
const REENTERED = toFunctionSelector("Reentered(address)");
/** Not the addressee of a payload: the tokens below have no signature rail. */
const NO_DOMAIN = (address: Address): FiatToken => ({
  address,
  domain: { name: "", version: "", chainId: 1, verifyingContract: address },
  domainSeparator: keccak256(address),
});

for (const chain of Object.keys(USDC) as UsdcChain[]) {
  for (const version of SAFE_VERSIONS) {
    describe(`a session of a Safe ${version} with other tokens on ${chain} (${LIVE[chain] ? "live fork" : "hermetic"})`, function () {
      this.timeout(LIVE[chain] ? 300_000 : 60_000);

      let environment: Environment;
      let latchkey: Latchkey;
      let account: SafeAccount;
      let tokens: Record<"eurc" | "unlisted", FiatToken>;
      let restore: () => Promise<void>;

      before(async () => {
        environment = await setUp(chain);
        const { testChain, usdc, connection } = environment;
        latchkey = await installLatchkey(testChain);
        account = await createSafe(environment, { version, owner: ecdsaOwner(`tokens ${version}`) });
        const token = { holder: account.address, amount: 100n * DOLLAR };
        tokens = {
          eurc: await placeFiatToken(environment, {
            ...token,
            address: addressOf("EURC"),
            name: "EURC",
            symbol: "EURC",
          }),
          unlisted: await placeFiatToken(environment, {
            ...token,
            address: addressOf("Moon Dollar"),
            name: "Moon Dollar",
            symbol: "MOON",
          }),
        };
        await installOnSafe(account, latchkey, [
          usdc.domainSeparator,
          tokens.eurc.domainSeparator,
          tokens.unlisted.domainSeparator,
        ]);
        const snapshot = await connection.networkHelpers.takeSnapshot();
        restore = () => snapshot.restore();
      });
      afterEach(() => restore());
      after(() => environment.connection.close());

      const balanceOf = (token: Address, of: Address) =>
        environment.testChain.client.readContract({
          address: token,
          abi: erc20Abi,
          functionName: "balanceOf",
          args: [of],
        });
      const callOf = (token: Address, functionName: "transfer" | "approve", to: Address, amount: bigint) => ({
        to: token,
        data: encodeFunctionData({ abi: erc20Abi, functionName, args: [to, amount] }),
      });
      /** A session of one token that has no signatures: at most 1 at once, 2 in all. */
      const executing = (token: Address, recipients: readonly Address[] = [shop]) =>
        sessionPayer(account, {
          latchkey,
          token: NO_DOMAIN(token),
          payee: shop,
          budgets: { [token]: { perTransaction: "1", inAll: "2", recipients } },
        });
      /** Deploys a token of test/mocks; the Safe gets 10 of it. */
      async function deployToken(name: string): Promise<Mock> {
        const token = await deployMock(environment.testChain, name);
        await token.write("mint", [account.address, 10n * DOLLAR]);
        return token;
      }

      for (const [name, code] of [
        ["eurc", 3],
        ["unlisted", 0],
      ] as const) {
        it(`pays by both rails where ${name === "eurc" ? "USDC's code is named EURC" : "the token's name is on no list"} (domain code ${code})`, async () => {
          const token = tokens[name];
          const checkBooks = await openBooks(environment.testChain, token.address);
          const payer = await sessionPayer(account, {
            latchkey,
            token,
            payee: shop,
            budgets: {
              [token.address]: {
                perTransaction: "1",
                inAll: "3",
                recipients: [shop],
                x402: { typicalPrice: "0.25" },
              },
            },
          });
          await payer.settle(await payer.sign({ carriesGrant: true }));
          await payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
          const payment = await payer.sign({ slot: { lot: 0n, size: 1, index: 1n } });
          await payer.settle(payment);
          expect(await refusal(payer.settle(payment))).to.include("used or canceled");
          expect(await balanceOf(token.address, shop)).to.equal(DOLLAR + 500_000n);
          await checkBooks();
          // The name is in the payload as its code, or as two hashes.
          expect(decodePayload(payloadWithin(payment.signature)))
            .to.have.nested.property("tokenDomain.nameHash")
            .that.equals(keccak256(toBytes(token.domain.name)));
          const asUsdc = await sessionPayer(account, {
            latchkey,
            token: { ...token, domain: { ...token.domain, name: "USD Coin" } },
            payee: shop,
            budgets: {
              [token.address]: { perTransaction: "1", inAll: "3", recipients: [shop], x402: true },
            },
          });
          expect(await refusal(asUsdc.settle(await asUsdc.sign({ carriesGrant: true })))).to.include(
            "invalid signature",
          );
        });
      }

      it("never pays one token with another's signature", async () => {
        const payer = await sessionPayer(account, {
          latchkey,
          token: tokens.eurc,
          payee: shop,
          budgets: {
            [tokens.eurc.address]: { perTransaction: "1", inAll: "3", recipients: [shop], x402: true },
          },
        });
        const payment = await payer.sign({ carriesGrant: true });
        const elsewhere = await sessionPayer(account, {
          latchkey,
          token: tokens.unlisted,
          payee: shop,
          budgets: {
            [tokens.unlisted.address]: { perTransaction: "1", inAll: "3", recipients: [shop], x402: true },
          },
        });
        expect(await refusal(elsewhere.settle(payment))).to.include("invalid signature");
        await payer.settle(payment);
      });

      it("pays with a token that returns nothing, and is charged", async () => {
        const token = await deployToken("NoReturnToken");
        const payer = await executing(token.address);
        await payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
        expect(await balanceOf(token.address, shop)).to.equal(DOLLAR);
        expect(await payer.spent()).to.equal(DOLLAR);
      });

      it("treats a token's false as a failure, and charges nothing", async () => {
        const token = await deployToken("FalseToken");
        const payer = await executing(token.address);
        await asSafe(account, [{ ...callOf(token.address, "transfer", stranger, 10n * DOLLAR), value: 0n }]);
        const attempt = payer.execute([callOf(token.address, "transfer", shop, 1n)]);
        expect(await refusalCode(attempt)).to.equal("TOKEN_CALL_FAILED");
        expect(await payer.spent()).to.equal(0n);
        await token.write("mint", [account.address, 1n]);
        await payer.execute([callOf(token.address, "transfer", shop, 1n)]);
        expect(await balanceOf(token.address, shop)).to.equal(1n);
      });

      it("rejects a token's result that is longer than or different from true", async () => {
        const token = await deployToken("FalseToken");
        const payer = await executing(token.address);
        const pay = () => payer.execute([callOf(token.address, "transfer", shop, 1n)]);
        for (const answer of [toHex(2, { size: 32 }), toHex(1, { size: 64 }), "0x01"] as const) {
          await token.write("answerWith", [answer]);
          expect(await refusalCode(pay()), answer).to.equal("TOKEN_CALL_FAILED");
        }
        await token.write("answerWith", [toHex(1, { size: 32 })]);
        await pay();
      });

      for (const party of ["the Safe", "the shop"] as const) {
        describe(`where a token calls ${party} back`, () => {
          let token: Mock;
          let hook: Mock;
          let payer: SessionPayer;
          let inner: { to: Address; data: Hex };

          beforeEach(async () => {
            token = await deployToken("HookToken");
            hook = await deployMock(environment.testChain, "Caller");
            await token.write("setHook", [party === "the Safe" ? account.address : shop, hook.address]);
            payer = await executing(token.address);
            await asSafe(account, [encodeEnable(payer.grant)]);
            const signed = await signExecution(payer.key, {
              grant: payer.grant,
              calls: [callOf(token.address, "transfer", shop, DOLLAR)],
              caller: "anyone",
              deadline: payer.grant.session.validUntil - 1,
            });
            inner = encodeExecuteSigned({ grant: payer.grant, signed });
          });

          it("prevents a nested execution, and charges the outer one once", async () => {
            await hook.write("setForgiving", [true]);
            await hook.write("plan", [inner.to, 0n, inner.data]);
            await payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
            expect(await hook.read("failed")).to.equal(1n);
            expect(slice((await hook.read("lastReturned")) as Hex, 0, 4)).to.equal(REENTERED);
            expect(await payer.spent()).to.equal(DOLLAR);
            expect(await balanceOf(token.address, shop)).to.equal(DOLLAR);
            // Outside of an execution the very same call is good.
            await environment.testChain.send({ from: shop, ...inner });
            expect(await balanceOf(token.address, shop)).to.equal(2n * DOLLAR);
            expect(await payer.spent()).to.equal(2n * DOLLAR);
          });

          it("reverts the whole execution if the hook insists", async () => {
            await hook.write("plan", [inner.to, 0n, inner.data]);
            const attempt = payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
            expect(await refusalCode(attempt)).to.equal("REENTERED");
            expect(await payer.spent()).to.equal(0n);
            expect(await balanceOf(token.address, shop)).to.equal(0n);
          });

          it("does not treat the hook as the Safe when it revokes or enables", async () => {
            await hook.write("setForgiving", [true]);
            const calls = [
              encodeRevoke(payer.grant),
              encodeRevokeAll(payer.grant),
              encodeEnable(payer.grant),
            ];
            for (const { to, data } of calls) await hook.write("plan", [to, 0n, data]);
            await payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
            // Revoking is everybody's right, for oneself; enabling for another is nobody's.
            expect([await hook.read("succeeded"), await hook.read("failed")]).to.deep.equal([2n, 1n]);
            expect(
              await sessionState(environment.testChain.client, {
                module: latchkey.module,
                id: payer.id,
                account: account.address,
              }),
            ).to.equal("ENABLED");
            await payer.execute([callOf(token.address, "transfer", shop, DOLLAR)]);
          });
        });
      }

      describe("with wrapped ether", () => {
        const ETHER = 10n ** 18n;
        let payer: SessionPayer;
        let puller: Mock;

        beforeEach(async () => {
          const { testChain } = environment;
          await installWeth(testChain);
          await testChain.setBalance(account.address, 10n * ETHER);
          const deposit = encodeFunctionData({ abi: wethAbi, functionName: "deposit" });
          await asSafe(account, [{ to: WETH, value: 10n * ETHER, data: deposit }]);
          puller = await deployMock(testChain, "Puller");
          payer = await sessionPayer(account, {
            latchkey,
            token: NO_DOMAIN(WETH),
            payee: shop,
            budgets: { [WETH]: { perTransaction: "1", inAll: "2", recipients: [shop, puller.address] } },
            // What an exchange does: it takes what it was allowed to.
            actions: [
              {
                target: puller.address,
                function: "function pull(address token, address to, uint256 value)",
                where: "any arguments",
              },
            ],
          });
        });

        it("pays up to the limit, and not a wei more", async () => {
          const over = payer.execute([callOf(WETH, "transfer", shop, ETHER + 1n)]);
          expect(await refusalCode(over)).to.equal("PER_TRANSACTION");
          await payer.execute([callOf(WETH, "transfer", shop, ETHER)]);
          await payer.execute([callOf(WETH, "transfer", shop, ETHER)]);
          const third = payer.execute([callOf(WETH, "transfer", shop, 1n)]);
          expect(await refusalCode(third)).to.equal("PERIOD");
          expect(await balanceOf(WETH, shop)).to.equal(2n * ETHER);
          expect(await balanceOf(WETH, account.address)).to.equal(8n * ETHER);
        });

        it("does not unwrap, deposit, or move others' funds: these are neither payments nor actions", async () => {
          const abi = parseAbi([
            "function withdraw(uint256 wad)",
            "function deposit()",
            "function transferFrom(address src, address dst, uint256 wad)",
          ]);
          for (const data of [
            encodeFunctionData({ abi, functionName: "withdraw", args: [1n] }),
            encodeFunctionData({ abi, functionName: "deposit" }),
            encodeFunctionData({ abi, functionName: "transferFrom", args: [account.address, shop, 1n] }),
          ])
            expect(await refusalCode(payer.execute([{ to: WETH, data }]))).to.equal("CALL_NOT_ALLOWED");
        });

        it("is charged for what a contract pulls, measured by the Safe's balance", async () => {
          const pull = (value: bigint) => ({
            to: puller.address,
            data: puller.encode("pull", [WETH, shop, value]),
          });
          await payer.execute([callOf(WETH, "approve", puller.address, ETHER), pull(ETHER)]);
          expect(await payer.spent()).to.equal(ETHER);
          const half = payer.execute([callOf(WETH, "approve", puller.address, ETHER), pull(ETHER / 2n)]);
          expect(await refusalCode(half)).to.equal("ALLOWANCE_LEFT");
          expect(await balanceOf(WETH, shop)).to.equal(ETHER);
        });
      });
    });
  }
}
