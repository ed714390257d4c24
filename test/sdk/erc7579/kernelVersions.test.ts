import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { kernelAccount } from "@latchkey/accounts/erc7579/modularAccounts";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { openMerchant } from "@latchkey/devchain";
import { InvalidInput, payingFetch, proposeSession, signGrant, verifyGrant } from "@latchkey/sdk";
import { granterPrefix, kernelMessage } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { toKernelSmartAccount } from "permissionless/accounts";
import { type Hex, hashTypedData, parseAbi, parseEther, slice } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  alice,
  balanceOf,
  execute,
  install,
  key,
  pay,
  stranger,
  USD,
  useWorld,
  world,
} from "../../accounts/erc7579/fixture.ts";

const abi = parseAbi(["function rootValidator() view returns (bytes21)"]);
const owner = privateKeyToAccount(ecdsaOwner("owner of a Kernel").signer as Hex);

/** Kernel 3.1 under its own name, and its code under the names of the versions whose code no package has. */
for (const version of ["0.3.1", "0.3.2", "0.3.3"] as const)
  describe(`a Kernel that calls itself ${version}`, function () {
    this.timeout(60_000);
    useWorld();
    let account: ModularAccount;
    beforeEach(async () => {
      const { testChain, usdc, accounts } = world();
      account = await kernelAccount({ testChain, entryPoint: accounts["Kernel 3.1"].entryPoint }, version);
      await testChain.setBalance(account.address, parseEther("1"));
      await usdc.mint(account.address, 100n * USD);
    });
    /** Nothing is said of the account's kind. */
    const propose = () =>
      proposeSession(world().testChain.client, {
        account: account.address,
        module: world().module,
        key: key.address,
        budgets: {
          usdc: { token: world().usdc.address, perTransaction: "1", perDay: "3", recipients: [alice] },
        },
        until: "7d",
      });

    it("is found out by its id, and its owner's key signs a grant in its domain", async () => {
      await install(account);
      const proposal = await propose();
      expect(proposal.accountKind).to.equal(version === "0.3.1" ? "kernel" : `kernel-${version}`);
      const grant = await signGrant(owner, proposal);
      expect(await verifyGrant(world().testChain.client, grant)).to.deep.equal({ valid: true });
      await execute(grant.session, [pay(alice, USD)], grant.signature);
      expect(await balanceOf(alice)).to.equal(USD);
      const others = await signGrant(stranger, await propose());
      expect((await verifyGrant(world().testChain.client, others)).valid).to.equal(false);
    });

    it("refuses a grant that was signed in another version's domain", async () => {
      await install(account);
      const accountKind = version === "0.3.3" ? "kernel" : "kernel-0.3.3";
      const grant = await signGrant(owner, { ...(await propose()), accountKind });
      expect((await verifyGrant(world().testChain.client, grant)).valid).to.equal(false);
    });

    it("settles x402 payments", async () => {
      await install(account);
      const grant = await signGrant(owner, await propose());
      const merchant = await openMerchant(world().testChain, {
        report: { asset: world().usdc.address, payTo: alice, amount: USD / 4n },
      });
      try {
        const buy = payingFetch({ client: world().testChain.client, key, grant });
        expect((await buy(merchant.url("report"))).status).to.equal(200);
      } finally {
        await merchant.close();
      }
      expect(await balanceOf(alice)).to.equal(USD / 4n);
    });

    it("asks for the message that permissionless' account of that version signs", async () => {
      const { client, chainId } = world().testChain;
      const root = await client.readContract({
        address: account.address,
        abi,
        functionName: "rootValidator",
      });
      const validatorAddress = slice(root, 1);
      const asked: Hex[] = [];
      const spy: typeof owner = {
        ...owner,
        signMessage: async ({ message }) => {
          asked.push((message as { raw: Hex }).raw);
          return owner.sign({ hash: (message as { raw: Hex }).raw });
        },
      };
      const smartAccount = await toKernelSmartAccount({
        client: client as never,
        owners: [spy],
        version,
        address: account.address,
        validatorAddress,
      });
      await install(account, { granter: granterPrefix({ kind: account.kind, validator: validatorAddress }) });
      const proposal = await propose();
      const grant = await signGrant(smartAccount, proposal);
      expect(await verifyGrant(client, grant)).to.deep.equal({ valid: true });
      const questions: Hex[] = [];
      const sign = (digest: Hex) => {
        questions.push(digest);
        return owner.sign({ hash: digest });
      };
      await signGrant(
        { granter: granterPrefix({ kind: account.kind, validator: validatorAddress }), sign },
        proposal,
      );
      expect(asked).to.deep.equal(questions);
      expect(chainId).to.equal(proposal.chainId);
    });
  });

describe("kernelMessage", () => {
  it("is refused for a version that is not supported", () => {
    const question = { account: alice, chainId: 1, digest: `0x${"11".repeat(32)}` } as const;
    expect(() => kernelMessage({ ...question, version: "0.3.0" as never })).to.throw(InvalidInput, /0\.3\.0/);
    expect(hashTypedData(kernelMessage(question))).to.equal(
      hashTypedData(kernelMessage({ ...question, version: "0.3.1" })),
    );
  });
});
