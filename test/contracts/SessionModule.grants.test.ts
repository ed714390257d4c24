import { safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  size,
  toBytes,
} from "viem";
import {
  actAction,
  alice,
  asOwner,
  bob,
  budget,
  CANNED,
  chain,
  DAY,
  enable,
  epochOf,
  eventsOf,
  execute,
  grantDigest,
  grantOf,
  idOf,
  key,
  MODULE,
  OTHER_MODULE,
  owner,
  passkey,
  pay,
  refused,
  revoke,
  revokeAll,
  SAFE_VERSIONS,
  safeAccountAbi,
  safeMessageHash,
  secondOwner,
  session,
  signAsSafe,
  spentOf,
  stateOf,
  stranger,
  T0,
  teach,
  USD,
  useChain,
} from "./fixture.ts";

const use = (of = session(), grant: Hex = "0x") => execute(of, [pay(alice, USD)], grant);
const notGranted = async (of: ReturnType<typeof session>, grant: Hex) =>
  refused(chain.call(use(of, grant)), "NotGranted", await idOf(of));

// Rules of docs/spec.md: G-1, G-3, G-6, G-7.
describe("a grant", () => {
  useChain();

  for (const version of SAFE_VERSIONS) {
    it(`by the owner of a Safe ${version} enables the session at its first use`, async () => {
      const of = session({ account: chain.safes[version] });
      const receipt = await chain.send(use(of, await grantOf(of)));
      expect(eventsOf(receipt).map(({ name }) => name)).to.deep.equal(["SessionEnabled", "Spent"]);
      expect(eventsOf(receipt)[0]?.args).to.deep.include({
        account: of.account,
        id: await idOf(of),
        key: key.address,
      });
      expect(await stateOf(await idOf(of), of.account)).to.equal("ENABLED");
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    });
  }
  it("is not needed again, and is ignored when it is carried again", async () => {
    const grant = await grantOf(session());
    await chain.send(use(session(), grant));
    for (const carried of ["0x", grant, "0x1234"] as Hex[]) {
      expect(eventsOf(await chain.send(use(session(), carried))).map(({ name }) => name)).to.deep.equal([
        "Spent",
      ]);
    }
    expect(await spentOf(session())).to.equal(4n * USD);
  });
  it("may be a passkey's", async () => {
    const of = session({ account: chain.passkeySafe });
    const hash = safeMessageHash(of.account, grantDigest(of));
    const signer = chain.safeContracts.passkey.sharedSigner;
    const grant = safeSignatures([{ signer, signature: await passkey.sign(hash), isContract: true }]);
    await notGranted(
      of,
      safeSignatures([{ signer, signature: await passkey.sign(pad("0x01")), isContract: true }]),
    );
    await notGranted(of, await grantOf(of));
    await chain.send(use(of, grant));
    expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
  });
  it("needs as many owners as the Safe's threshold", async () => {
    const of = session({ account: chain.twoOwnerSafe });
    await notGranted(of, await grantOf(of, [owner]));
    await notGranted(of, await grantOf(of, [secondOwner]));
    await notGranted(of, concat([await grantOf(of, [owner]), await grantOf(of, [owner])]));
    await notGranted(of, await grantOf(of, [owner, stranger]));
    await chain.send(use(of, await grantOf(of, [owner, secondOwner])));
  });
  it("may be given with approveHash, like any Safe approval", async () => {
    const hash = safeMessageHash(session().account, grantDigest(session()));
    const approved = concat([pad(owner.address), pad("0x"), "0x01"]);
    await notGranted(session(), approved);
    const data = encodeFunctionData({ abi: safeAccountAbi, functionName: "approveHash", args: [hash] });
    await chain.send({ from: owner.address, to: session().account, data });
    await chain.send(use(session(), approved));
  });
  it("is rejected from anyone but the owner", async () => {
    for (const by of [stranger, key]) await notGranted(session(), await grantOf(session(), [by]));
  });
  it("is for one session: another field, another grant", async () => {
    const grant = await grantOf(session());
    for (const changed of [
      session({ key: stranger.address }),
      session({ salt: 2n }),
      session({ validUntil: T0 + 8 * DAY }),
      session({ budgets: [budget({ perPeriod: 21n * USD })] }),
      session({ budgets: [budget({ recipients: [alice, bob, stranger.address] })] }),
      session({ actions: [actAction()] }),
    ])
      await notGranted(changed, grant);
  });
  it("is for one chain, one module and one account", async () => {
    const of = session();
    await notGranted(of, await signAsSafe(of.account, grantDigest(of, { chainId: 8453 })));
    await notGranted(of, await signAsSafe(of.account, grantDigest(of, { module: OTHER_MODULE })));
    await notGranted(of, await signAsSafe(of.account, grantDigest(of), [owner], 8453));
    await notGranted(of, await signAsSafe(chain.safes["1.5.0"], grantDigest(of)));
    // The same owner's signature for the same limits, on another Safe of hers.
    await notGranted(session({ account: chain.safes["1.5.0"] }), await grantOf(of));
  });
  it("for another module is rejected, though both are enabled", async () => {
    const safe = session().account;
    const data = encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [OTHER_MODULE] });
    await chain.send({ from: safe, to: safe, data });
    await chain.send({
      ...use(session(), await signAsSafe(safe, grantDigest(session(), { module: OTHER_MODULE }))),
      to: OTHER_MODULE,
    });
    await notGranted(session(), "0x");
  });
  it("must sign the SafeMessage of the digest, not the digest or the id", async () => {
    const of = session();
    const hashes = [grantDigest(of), await idOf(of), safeMessageHash(of.account, await idOf(of))];
    for (const hash of hashes) await notGranted(of, await owner.sign({ hash }));
  });
  it("is rejected if it is empty, truncated or garbage", async () => {
    const grant = await grantOf(session());
    for (const bad of [
      "0x",
      "0x00",
      grant.slice(0, -2),
      grant.slice(0, 66),
      pad("0x01"),
      `0x${"ff".repeat(65)}`,
      `0x${"00".repeat(65)}`,
    ])
      await notGranted(session(), bad as Hex);
  });
  it("may have trailing bytes that the Safe ignores", async () => {
    await chain.call(use(session(), concat([await grantOf(session()), "0x1234"])));
  });
  it("is rejected if the owners only approved the hash on chain, with signedMessages", async () => {
    const of = session();
    const data = encodeFunctionData({
      abi: parseAbi(["function signMessage(bytes message)"]),
      args: [grantDigest(of)],
    });
    const signMessageLib = chain.safeContracts["1.4.1"].signMessageLib as Address;
    await chain.send(asOwner(of.account, { to: signMessageLib, data }, 1));
    const erc1271 = encodeFunctionData({
      abi: safeAccountAbi,
      functionName: "isValidSignature",
      args: [grantDigest(of), "0x"],
    });
    expect(
      (await chain.call({ to: of.account, data: erc1271 })).slice(0, 10),
      "the Safe accepts it",
    ).to.equal("0x1626ba7e");
    await notGranted(of, "0x");
    await notGranted(of, "0x00");
  });
  it("is rejected once the session is REVOKED, or in another epoch", async () => {
    const grant = await grantOf(session());
    const other = session({ salt: 2n });
    const unused = await grantOf(other);
    await chain.send(revoke(session().account, await idOf(session())));
    await refused(chain.call(use(session(), grant)), "SessionIsRevoked", await idOf(session()));
    await chain.send(revokeAll(other.account));
    await refused(chain.call(use(other, unused)), "WrongEpoch", 0, await epochOf(other.account));
  });
  it("is rejected before and after the window", async () => {
    const window = session({ validAfter: T0 + 10, validUntil: T0 + 20 });
    const grant = await grantOf(window);
    await refused(chain.call(use(window, grant)), "NotYetValid", T0 + 10);
    await chain.setTime(T0 + 20);
    await refused(chain.call(use(window, grant)), "Expired", T0 + 20);
  });
  it("does not change state if its first use reverts", async () => {
    const attempt = chain.send(execute(session(), [pay(alice, 2n * USD)], await grantOf(session())));
    await refused(attempt, "PerTransactionExceeded", chain.usdc.address, 2n * USD, USD);
    expect(await stateOf(await idOf(session()))).to.equal("UNKNOWN");
  });
  it("becomes invalid when the owner is removed, if unused", async () => {
    const of = session();
    const grant = await grantOf(of);
    const swap = encodeFunctionData({
      abi: parseAbi(["function swapOwner(address prevOwner, address oldOwner, address newOwner)"]),
      args: ["0x0000000000000000000000000000000000000001", owner.address, stranger.address],
    });
    await chain.send({ from: of.account, to: of.account, data: swap });
    await notGranted(of, grant);
    await chain.send(use(of, await grantOf(of, [stranger])));
  });

  describe("is rejected from an account", () => {
    const CHECK_SIGNATURES = "0x934f3a11";
    const DOMAIN_SEPARATOR = "0xf698da25";
    const of = () => session({ account: CANNED });
    const check = async (signatures: Hex): Promise<Hex> => {
      const { hash, preimage } = safeMessageHashIn(pad("0x07"), grantDigest(of()));
      return checkSignatures(hash, preimage, signatures);
    };
    beforeEach(async () => {
      await teach("0x5624b25b", concat([pad("0x20"), pad("0x20"), pad("0x")]));
      await teach("0x5229073f", concat([pad("0x01"), pad("0x40"), pad("0x20"), pad("0x01")]));
    });
    it("that accepts everything", async () => {
      // Whatever it is asked, it accepts with 32 bytes, and in a Safe's own forms.
      await teach(DOMAIN_SEPARATOR, pad("0x07"));
      for (const answer of ["0x", pad("0x01"), pad("0x1626ba7e", { dir: "right" })] as Hex[]) {
        await teach(CHECK_SIGNATURES, answer);
        await notGranted(of(), "0x1234");
      }
      await chain.setCode(CANNED, "0x60015f5260205ff3");
      await notGranted(of(), "0x1234");
    });
    it("that returns no domain separator, or not exactly one word", async () => {
      await teach(await check("0x1234"), "0x");
      await notGranted(of(), "0x1234");
      for (const answer of ["0x", concat([pad("0x07"), pad("0x")]), `0x${"00".repeat(31)}`] as Hex[]) {
        await teach(DOMAIN_SEPARATOR, answer);
        await notGranted(of(), "0x1234");
      }
      await teach(DOMAIN_SEPARATOR, pad("0x07"), { fails: true });
      await notGranted(of(), "0x1234");
      // Even if it accepts empty signatures.
      await teach(checkSignatures(keccak256("0x"), "0x", "0x1234"), "0x");
      await notGranted(of(), "0x1234");
    });
    it("but not if it accepts the owners' signatures and rejects empty ones", async () => {
      await teach(DOMAIN_SEPARATOR, pad("0x07"));
      await teach(await check("0x1234"), "0x");
      await notGranted(of(), "0x1235");
      expect(size(CANNED)).to.equal(20);
      await chain.call(use(of(), "0x1234"));
      await teach(await check("0x"), "0x");
      await notGranted(of(), "0x1234");
    });
    it("that has no code", async () => {
      const plain: Address = owner.address;
      await notGranted(session({ account: plain }), await grantOf(session({ account: plain })));
      expect(await chain.codeOf(MODULE)).to.not.equal("0x");
    });
  });

  it("given through enable has the same effect", async () => {
    await chain.send(asOwner(session().account, enable(session())));
    await chain.send(use());
  });
});

const checkSignatures = (hash: Hex, preimage: Hex, signatures: Hex): Hex =>
  encodeFunctionData({
    abi: parseAbi(["function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view"]),
    args: [hash, preimage, signatures],
  });

/** As `safeMessageHash`, for an account that names any domain separator. */
function safeMessageHashIn(separator: Hex, digest: Hex) {
  const typeHash = keccak256(toBytes("SafeMessage(bytes message)"));
  const structHash = keccak256(concat([typeHash, keccak256(digest)]));
  const preimage = concat(["0x1901", separator, structHash]);
  return { preimage, hash: keccak256(preimage) };
}
