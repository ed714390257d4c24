import "../environment/seed.ts";
import type { SafeAccount } from "@latchkey/accounts/safeAccount";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import { executeAsSafe, executeSigned, payingFetch, signGrant, verifyGrant } from "@latchkey/sdk";
import { encodeExecuteSigned, encodeRevokeAll, safeSignatures, signExecution } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import {
  concat,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  hashMessage,
  keccak256,
  pad,
  parseAbi,
  parseSignature,
  recoverAddress,
  toBytes,
  toHex,
  zeroHash,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { signatureBy } from "#sdk/internal/ecdsaSignature.ts";
import {
  agent,
  balanceOf,
  grantOf,
  mined,
  owner,
  refusalOf,
  shop,
  USD,
  useSafe,
  walletOf,
} from "./safeFixture.ts";
import { inForm, SIGNATURE_FORMS } from "./signatureForms.ts";

const ownSafeAbi = parseAbi([
  "function checkSignatures(bytes32 hash, bytes message, bytes signatures) view",
  "function approveHash(bytes32 hash)",
]);
const mallory = privateKeyToAccount(keccak256(toBytes("mallory")));
/** Signs for another's address with a key of its own. */
const posing = (as: PrivateKeyAccount) => ({ ...mallory, address: as.address });
const forms = Object.entries(SIGNATURE_FORMS);

describe("a key that is kept elsewhere", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 60_000);
  const world = useSafe("1.4.1");
  let merchant: Merchant;
  beforeEach(async () => {
    const { env } = world();
    const offer = { amount: 200_000n, asset: env.usdc.address, payTo: shop };
    merchant = await openMerchant(env.testChain, { forecast: offer });
  });
  afterEach(() => merchant.close());

  const payment = () => ({
    to: world().env.usdc.address,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, USD] }),
  });
  /** A free choice for both: who signs, and in which form. */
  const terms = { caller: "anyone", deadline: 2 ** 40 } as const;

  for (const [form, convert] of forms) {
    it(`pays by x402 where it signs ${form}`, async () => {
      const { testChain } = world().env;
      const grant = await grantOf(world());
      const buy = payingFetch({ client: testChain.client, key: inForm(agent, convert), grant });
      expect((await buy(merchant.url("forecast"))).status).to.equal(200);
      expect(await balanceOf(world(), shop)).to.equal(200_000n);
    });

    it(`signs an execution ${form}`, async () => {
      const grant = await grantOf(world());
      const signed = await signExecution(inForm(agent, convert), { grant, calls: [payment()], ...terms });
      await mined(world(), executeSigned(walletOf(world(), owner), { grant, signed }));
      expect(await balanceOf(world(), shop)).to.equal(USD);
    });

    it(`grants as an owner, and sends the Safe's transactions, where it signs ${form}`, async () => {
      const { testChain } = world().env;
      const vault = inForm(owner, convert);
      const grant = await grantOf(world(), {}, vault);
      expect(grant).to.deep.equal(await signGrant(owner, { ...grant }));
      expect(await verifyGrant(testChain.client, grant)).to.deep.include({ valid: true });
      const calls = [encodeRevokeAll(world().latchkey)];
      await mined(
        world(),
        executeAsSafe(walletOf(world(), agent), { safe: world().safe.address, calls, owner: vault }),
      );
    });
  }

  for (const form of ["with a high s", "with v 0 or 1", "of 64 bytes (EIP-2098)"] as const)
    it(`has a signed execution submitted whose signature came ${form} from elsewhere`, async () => {
      const grant = await grantOf(world());
      const signed = await signExecution(agent, { grant, calls: [payment()], ...terms });
      const keySignature = SIGNATURE_FORMS[form]?.(signed.keySignature) as Hex;
      expect(encodeExecuteSigned({ grant, signed: { ...signed, keySignature } })).to.deep.equal(
        encodeExecuteSigned({ grant, signed }),
      );
    });

  it("is refused as the signer of another's key, on every way, and no payment leaves the process", async () => {
    const { testChain } = world().env;
    const grant = await grantOf(world());
    const buy = payingFetch({ client: testChain.client, key: posing(agent), grant });
    const refusal = await refusalOf(buy(merchant.url("forecast")));
    expect(refusal.code).to.equal("INVALID_SIGNER");
    expect(refusal.details).to.deep.equal({ expected: agent.address });
    // The slot is free again: the key itself pays at once.
    expect(
      (await payingFetch({ client: testChain.client, key: agent, grant })(merchant.url("forecast"))).status,
    ).to.equal(200);
    const signing = signExecution(posing(agent), { grant, calls: [payment()], ...terms });
    expect((await refusalOf(signing)).code).to.equal("INVALID_SIGNER");
    expect((await refusalOf(grantOf(world(), {}, posing(owner)))).code).to.equal("INVALID_SIGNER");
  });

  it("pays in whatever form it signs, one payment after another", async () => {
    const { testChain } = world().env;
    const grant = await grantOf(world());
    let convert = (signature: Hex): Hex => signature;
    const key = inForm(agent, (signature) => convert(signature));
    const buy = payingFetch({ client: testChain.client, key, grant });
    for (const form of [convert, ...Object.values(SIGNATURE_FORMS)]) {
      convert = form;
      expect((await buy(merchant.url("forecast"))).status).to.equal(200);
    }
    expect(await balanceOf(world(), shop)).to.equal(200_000n * BigInt(forms.length + 1));
  });

  it("is refused as the signer of another's key also after it has signed for its own", async () => {
    const { testChain } = world().env;
    const grant = await grantOf(world());
    const key = { ...agent };
    const buy = payingFetch({ client: testChain.client, key, grant, maxWait: 0 });
    expect((await buy(merchant.url("forecast"))).status).to.equal(200);
    key.signTypedData = mallory.signTypedData;
    const refusal = await refusalOf(buy(merchant.url("forecast")));
    expect(refusal.code).to.equal("INVALID_SIGNER");
    expect(refusal.details).to.include.keys("expected", "nonce", "validBefore");
    expect(await balanceOf(world(), shop)).to.equal(200_000n);
  });

  it("is refused where what it returns is not a signature", async () => {
    const grant = await grantOf(world());
    const good = await agent.sign({ hash: zeroHash });
    for (const bad of [
      "0x",
      concat([good, "0x00"]),
      concat([good.slice(0, -2) as Hex, "0x1d"]),
      concat([good.slice(0, -2) as Hex, "0x1f"]),
      `0x${"00".repeat(65)}`,
      `0x${"ff".repeat(64)}`,
      `0x30440220${good.slice(2, 66)}0220${good.slice(66, 130)}`,
    ] as Hex[]) {
      const key = { ...agent, signTypedData: async () => bad };
      const refusal = await refusalOf(signExecution(key, { grant, calls: [payment()], ...terms }));
      expect(refusal.code, bad).to.equal("INVALID_SIGNER");
    }
  });

  it("is found in every form of every key's signature, and in no other key's", async () => {
    const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => keccak256(bytes));
    await fc.assert(
      fc.asyncProperty(secret, secret, fc.constantFrom(...forms), async (privateKey, hash, [, convert]) => {
        const key = privateKeyToAccount(privateKey);
        const plain = await key.sign({ hash });
        const signature = convert(plain);
        expect(await signatureBy(key.address, { hash, signature })).to.equal(plain);
        expect(await recoverAddress({ hash, signature: plain })).to.equal(key.address);
        const refusal = await refusalOf(signatureBy(mallory.address, { hash, signature }));
        expect(refusal.code).to.equal("INVALID_SIGNER");
      }),
      { numRuns: process.env.LATCHKEY_DEEP ? 5000 : 100 },
    );
  });
});

describe("the signatures of a Safe's owners", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");

  /** Asks the genuine Safe. */
  const accepts = async (safe: SafeAccount, hash: Hex, signatures: Hex) =>
    world()
      .env.testChain.client.readContract({
        address: safe.address,
        abi: ownSafeAbi,
        functionName: "checkSignatures",
        args: [hash, "0x", signatures],
      })
      .then(
        () => true,
        () => false,
      );
  const hash = keccak256("0x1234");

  for (const [form, convert] of forms.filter(([name]) => !name.endsWith("alone")))
    it(`are joined ${form}, and the Safe accepts them`, async () => {
      const plain = await owner.sign({ hash });
      const joined = safeSignatures([{ signer: owner.address, signature: convert(plain) }]);
      expect(joined).to.equal(plain);
      expect(await accepts(world().safe, hash, joined)).to.equal(true);
    });

  it("stay as they are in the Safe's own forms: over an eth_sign message, and an approved hash", async () => {
    const { safe, env } = world();
    const { r, s, yParity } = parseSignature(await owner.sign({ hash: hashMessage({ raw: hash }) }));
    const ethSign = concat([r, s, toHex(31 + yParity)]);
    const joined = safeSignatures([{ signer: owner.address, signature: ethSign }]);
    expect(joined).to.equal(ethSign);
    expect(await accepts(safe, hash, joined)).to.equal(true);
    const approval = concat([pad(owner.address), zeroHash, "0x01"]).toLowerCase() as Hex;
    expect(safeSignatures([{ signer: owner.address, signature: approval }])).to.equal(approval);
    expect(await accepts(safe, hash, approval)).to.equal(false);
    await env.testChain.send({
      from: owner.address,
      to: safe.address,
      data: encodeFunctionData({ abi: ownSafeAbi, functionName: "approveHash", args: [hash] }),
    });
    expect(await accepts(safe, hash, approval)).to.equal(true);
  });

  it("stay as they are where the owner is a contract", () => {
    const inner = concat([pad("0x01"), pad("0x02"), "0x00"]);
    const joined = safeSignatures([{ signer: owner.address, signature: inner, isContract: true }]);
    expect(joined.endsWith(inner.slice(2))).to.equal(true);
    const head = concat([pad(owner.address), toHex(65, { size: 32 }), "0x00"]).toLowerCase() as Hex;
    expect(safeSignatures([{ signer: owner.address, signature: head }])).to.equal(head);
  });
});
