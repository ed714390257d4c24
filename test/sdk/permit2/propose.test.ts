import { deployMock } from "@latchkey/accounts/deployMock";
import { installX402Proxies, PERMIT2 } from "@latchkey/devchain";
import type { SafeVersion, TokenBudgetRequest } from "@latchkey/sdk";
import { expect } from "chai";
import { type Address, encodeFunctionData, getAddress, parseAbi } from "viem";
import { permit2DomainSeparator, X402_PROXIES } from "#sdk/session/permit2.ts";
import { X402_EXACT, X402_UPTO } from "../../contracts/fixture.ts";
import { propose, refusalOf, shop, useSafe } from "../safeFixture.ts";

const verifierAbi = parseAbi(["function setDomainVerifier(bytes32 domainSeparator, address verifier)"]);

describe("a proposal for payments by Permit2", function () {
  this.timeout(60_000);
  it("knows x402's proxies", () =>
    expect(X402_PROXIES).to.deep.equal({ "permit2-exact": X402_EXACT, "permit2-upto": X402_UPTO }));

  for (const version of ["1.4.1", "1.5.0"] as SafeVersion[])
    describe(`of a Safe ${version}`, () => {
      const world = useSafe(version);
      let token: Address;
      const budgetOf = async (changes: object, of: Address | "usdc" = token) =>
        (
          await propose(world(), {
            budgets: {
              [of]: {
                perTransaction: "1",
                perDay: "20",
                recipients: [shop],
                ...changes,
              } as TokenBudgetRequest,
            },
          })
        ).session.budgets[0];
      beforeEach(async () => {
        await installX402Proxies(world().env.testChain);
        token = getAddress((await deployMock(world().env.testChain, "StandardToken")).address);
      });

      it("is made where the token has no EIP-3009, with sizes that are halves", async () => {
        expect(await budgetOf({ x402: true })).to.include({ signatures: 6, sizes: 8 });
        expect(await budgetOf({ x402: "permit2" })).to.include({ signatures: 6, sizes: 8 });
        expect(await budgetOf({ x402: { typicalPrice: "0.5" } })).to.include({ signatures: 6, sizes: 2 });
        expect(await budgetOf({ x402: { typicalPrice: "0.125" }, perTransaction: undefined })).to.include({
          perTransaction: 1_000_000n,
          sizes: 4,
        });
      });
      it("is made where the token has EIP-3009, if it is asked for", async () => {
        expect(await budgetOf({ x402: true }, "usdc")).to.include({ signatures: 1, sizes: 5 });
        expect(await budgetOf({ x402: "eip3009" }, "usdc")).to.include({ signatures: 1 });
        expect(await budgetOf({ x402: "permit2" }, "usdc")).to.include({ signatures: 6 });
        const by = { typicalPrice: "0.25", by: "permit2" };
        expect(await budgetOf({ x402: by }, "usdc")).to.include({ signatures: 6, sizes: 3 });
      });
      it("is not made by itself: by default no budget is paid by Permit2", async () => {
        expect(await budgetOf({})).to.include({ signatures: 0 });
        expect(await budgetOf({}, "usdc")).to.include({ signatures: 1 });
      });
      it("is refused where EIP-3009 alone is asked for and the token has none", async () => {
        const refusal = await refusalOf(budgetOf({ x402: "eip3009" }));
        expect(refusal.shortMessage).to.match(/does not implement EIP-3009/);
        expect(refusal.message).to.include('x402: "permit2"');
      });

      const refusals: Record<string, { without: () => Promise<unknown>; why: RegExp }> = {
        "Permit2 is not on the chain": {
          without: () => world().env.testChain.setCode(PERMIT2, "0x"),
          why: /Permit2 is not at 0x000000000022D473030F116dDEE9F6B43aC78BA3 on this chain/,
        },
        "another contract has Permit2's address": {
          without: async () => {
            const code = await world().env.testChain.client.getCode({ address: token });
            return world().env.testChain.setCode(PERMIT2, code ?? "0x");
          },
          why: /Permit2 is not at/,
        },
        "a contract at Permit2's address returns zeros": {
          without: () => world().env.testChain.setCode(PERMIT2, "0x600060005260206000f3"),
          why: /Permit2 is not at/,
        },
        "x402's proxy for exact is not on the chain": {
          without: () => world().env.testChain.setCode(X402_EXACT, "0x"),
          why: new RegExp(`x402's proxy ${X402_EXACT} is not on this chain`),
        },
        "x402's proxy for upto is not on the chain": {
          without: () => world().env.testChain.setCode(X402_UPTO, "0x"),
          why: new RegExp(`x402's proxy ${X402_UPTO} is not on this chain`),
        },
      };
      for (const [name, { without, why }] of Object.entries(refusals))
        it(`is refused where ${name}`, async () => {
          await without();
          for (const x402 of ["permit2", true, { typicalPrice: "0.25" }]) {
            const refusal = await refusalOf(budgetOf({ x402 }));
            expect(refusal.code).to.equal("INVALID_LIMIT");
            expect(refusal.shortMessage).to.match(why);
            expect(refusal.details).to.deep.equal({ token });
          }
          expect(await budgetOf({ x402: true }, "usdc"), "USDC needs no Permit2").to.include({
            signatures: 1,
          });
        });

      if (version === "1.5.0")
        it("is refused where another contract answers for Permit2, and made where the module does", async () => {
          const { env, safe, latchkey } = world();
          const setVerifier = (verifier: Address) =>
            env.testChain.send({
              from: safe.address,
              to: safe.address,
              data: encodeFunctionData({
                abi: verifierAbi,
                args: [permit2DomainSeparator(env.testChain.chainId), verifier],
              }),
            });
          await setVerifier(shop);
          const refusal = await refusalOf(budgetOf({ x402: "permit2" }));
          expect(refusal.shortMessage).to.match(/another verifier of Permit2's domain/);
          expect(refusal.shortMessage).to.include(shop);
          await setVerifier(latchkey.module);
          expect(await budgetOf({ x402: "permit2" })).to.include({ signatures: 6 });
        });
    });
});
