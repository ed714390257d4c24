import { type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, payingFetch, type Refusal, sessionStatus } from "@latchkey/sdk";
import { decodePayload, encodeEnable, encodeRevoke } from "@latchkey/sdk/encoding";
import { erc7579Removal, readErc7579Removal, toSessionSmartAccount } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { getAddress } from "viem";
import {
  alice,
  balanceOf,
  budget,
  install,
  isInitialized,
  key,
  mallory,
  pay as transfer,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { grantBy } from "./sessionGrants.ts";

/** Why a payment was refused before it was sent. */
const refusalOf = (attempt: Promise<Response>): Promise<Refusal> =>
  attempt.then(
    ({ status }) => {
      throw new Error(`it was answered with ${status}`);
    },
    (error: Refusal) => error,
  );

describe("an x402 payment from an ERC-7579 account", () => {
  onEveryAccount((account) => {
    let merchant: Merchant;
    beforeEach(async () => {
      const { testChain, usdc } = world();
      const offer = { asset: usdc.address, payTo: alice, amount: USD / 4n };
      merchant = await openMerchant(testChain, {
        cheap: offer,
        dear: { ...offer, amount: USD + 1n },
        elsewhere: { ...offer, payTo: mallory },
      });
    });
    afterEach(() => merchant.close());
    const payFor = (grant: Grant, what: string) =>
      payingFetch({ client: world().testChain.client, key, grant, maxWait: 0 })(merchant.url(what));

    it("is settled by the stock facilitator in genuine USDC, the grant carried along, and again once enabled", async () => {
      await install(account());
      const grant = await grantBy(account());
      const pay = payingFetch({ client: world().testChain.client, key, grant });
      expect((await pay(merchant.url("cheap"))).status).to.equal(200);
      expect((await pay(merchant.url("cheap"))).status).to.equal(200);
      await account().execute([encodeEnable(grant)]);
      expect((await payFor({ ...grant, signature: "0x" }, "cheap")).status).to.equal(200);
      expect(await balanceOf(alice)).to.equal((3n * USD) / 4n);
      const [first, , third] = merchant.headers.map(
        (header) => JSON.parse(Buffer.from(header, "base64").toString()).payload.signature,
      );
      // What the account reads off before it asks the module: the module's address, on a Kernel with its type.
      const prefix = account().kind === "kernel" ? 21 : 20;
      const version = (signature: string) => decodePayload(`0x${signature.slice(2 + 2 * prefix)}`).version;
      // A Kernel asks about a hash of its own, which hides who signed: the payload names the key.
      const namesKey = account().kind === "kernel" ? 2 : 0;
      expect(version(first)).to.equal(2 + namesKey);
      expect(version(third)).to.equal(1 + namesKey);
      const { budgets } = await sessionStatus(world().testChain.client, grant);
      // Three quarters of the lot that they share.
      expect(budgets[0]).to.include({ opened: USD, spent: 0n, remaining: 2n * USD });
    });

    it("tells a userOp that needs its lot how much is left, and until when", async () => {
      await install(account());
      const grant = await grantBy(account(), { budgets: [budget({ perPeriod: USD })] });
      expect((await payFor(grant, "cheap")).status).to.equal(200);
      const { testChain, usdc } = world();
      const { address: entryPoint, version } = account().entryPoint;
      const client = testChain.client;
      const sender = await toSessionSmartAccount({
        client,
        key,
        grant,
        entryPoint: { address: entryPoint, version },
      });
      const { data } = transfer(alice, 1n);
      const callData = await sender.encodeCalls([{ to: usdc.address, data }]);
      const userOp = { sender: sender.address, nonce: await sender.getNonce(), callData };
      const estimate = async () => sender.userOperation?.estimateGas?.(userOp);
      const error: Refusal = await estimate().then(
        () => expect.fail("it was not refused"),
        (refusal: Refusal) => refusal,
      );
      const [status] = (await sessionStatus(client, grant)).budgets;
      const details = { token: usdc.address, lot: 0n, remaining: 0n, resetsAt: status?.resetsAt };
      expect({ code: error.code, details: error.details }).to.deep.equal({ code: "LOT_OPENED", details });
    });

    it("is refused before it is signed where the session does not allow it", async () => {
      await install(account());
      const grant = await grantBy(account());
      expect((await refusalOf(payFor(grant, "dear"))).code).to.equal("PER_TRANSACTION");
      expect((await refusalOf(payFor(grant, "elsewhere"))).code).to.equal("RECIPIENT");
      const unsigned: Grant = { ...grant, signature: account().granter };
      expect((await refusalOf(payFor(unsigned, "cheap"))).code).to.equal("NOT_GRANTED");
      await account().execute([encodeRevoke(grant)]);
      expect((await refusalOf(payFor(grant, "cheap"))).code).to.equal("REVOKED");
      expect(merchant.headers).to.deep.equal([]);
    });

    it("is refused where the account has not installed the module, or has removed it", async () => {
      const grant = await grantBy(account());
      expect((await refusalOf(payFor(grant, "cheap"))).code).to.equal("MODULE_NOT_ENABLED");
      await install(account());
      const { kind, address } = account();
      const { module, testChain } = world();
      const removal = await readErc7579Removal(testChain.client, { kind, account: address, module });
      expect(removal).to.include({ kind, account: address, module });
      await account().execute(erc7579Removal(removal));
      expect(await isInitialized(getAddress(address))).to.equal(false);
      expect((await refusalOf(payFor(grant, "cheap"))).code).to.equal("MODULE_NOT_ENABLED");
    });
  });
});
