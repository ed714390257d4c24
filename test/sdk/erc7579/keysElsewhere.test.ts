import type { Grant } from "@latchkey/sdk";
import {
  encodePaymentUserOpSignature,
  signPaymentUserOp,
  toSessionSmartAccount,
  type UserOpKey,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { type Hex, zeroHash } from "viem";
import { alice, balanceOf, budget, install, key, pay, USD, world } from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { inForm, SIGNATURE_FORMS } from "../signatureForms.ts";
import { codeOf } from "./codeOf.ts";
import { bundlerClientOf, inProcessBundler } from "./inProcessBundler.ts";
import { grantBy } from "./sessionGrants.ts";

const GAS_ALLOWANCE = 10n ** 18n;

describe("a key that is kept elsewhere, and sends userOps", () => {
  onEveryAccount(
    (account) => {
      const open = async (signer: UserOpKey, grant: Grant) => {
        const { testChain } = world();
        const { address, version } = account().entryPoint;
        const smartAccount = await toSessionSmartAccount({
          client: testChain.client,
          key: signer,
          grant,
          entryPoint: { address, version },
        });
        const bundler = inProcessBundler(testChain, account().entryPoint);
        return { smartAccount, client: bundlerClientOf(testChain, bundler, smartAccount) };
      };
      const call = () => {
        const { target, data } = pay(alice, USD);
        return { to: target, data };
      };
      /** A budget without signatures is charged while the userOp is validated, by a signature of another kind. */
      const ways = {
        execution: () => ({}),
        validation: () => ({ budgets: [budget({ signatures: 0, sizes: 0 })] }),
      };

      for (const [form, convert] of Object.entries(SIGNATURE_FORMS))
        for (const [way, changes] of Object.entries(ways))
          it(`pays by ${way} where it signs ${form}`, async () => {
            await install(account());
            const grant = await grantBy(account(), { gasAllowance: GAS_ALLOWANCE, ...changes() });
            const { client } = await open(inForm(key, convert) as UserOpKey, grant);
            await client.sendUserOperation({ calls: [call()] });
            expect(await balanceOf(alice)).to.equal(USD);
          });

      it("is refused where another key signed", async () => {
        await install(account());
        const grant = await grantBy(account(), { gasAllowance: GAS_ALLOWANCE });
        const stranger = { ...key, sign: async () => key.sign({ hash: zeroHash }) } as UserOpKey;
        const { smartAccount } = await open(stranger, grant);
        expect(await codeOf(smartAccount.getStubSignature())).to.equal("INVALID_SIGNER");
        const signing = signPaymentUserOp(stranger, {
          session: grant,
          chainId: grant.chainId,
          period: 0n,
          userOpHash: zeroHash,
        });
        expect(await codeOf(signing)).to.equal("INVALID_SIGNER");
      });

      it("has its signature encoded in every form of r, s and v", async () => {
        const grant = await grantBy(account());
        const plain = await key.sign({ hash: zeroHash });
        const encode = (keySignature: Hex) =>
          encodePaymentUserOpSignature({ session: grant, period: 0n, keySignature });
        for (const [form, convert] of Object.entries(SIGNATURE_FORMS).filter(
          ([name]) => !name.endsWith("alone"),
        ))
          expect(encode(convert(plain)), form).to.equal(encode(plain));
      });
    },
    (name) => name === "Nexus 1.0.0" || name === "Kernel 3.1",
  );
});
