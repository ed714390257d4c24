import { type SafeSignatureRail, safeAddresses, safeInstallation, safeRemoval } from "@latchkey/sdk";
import { safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  pad,
  parseAbi,
  parseAbiParameters,
} from "viem";
import {
  type Authorization,
  asks,
  authorize,
  hashOf,
  settlement,
  slotNonce,
  type Terms,
} from "../authorization.ts";
import {
  alice,
  asOwner,
  budget,
  CANNED,
  chain,
  decodeRevert,
  enable,
  encode,
  epochOf,
  execute,
  grantDigest,
  grantOf,
  HANDLER,
  idOf,
  MAX_UINT256,
  MODULE,
  OTHER_MODULE,
  owner,
  passkey,
  pay,
  refused,
  relayer,
  revertOf,
  revoke,
  revokeAll,
  SAFE_VERSIONS,
  type SafeVersion,
  safeAccountAbi,
  safeMessageHash,
  session,
  signAsSafe,
  spentOf,
  stranger,
  teach,
  USD,
  useChain,
  YES,
} from "../fixture.ts";

const TRANSFER_TYPEHASH: Hex = "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267";
/** The ERC-1271 signature by which a Safe of the version is asked about an authorization. */
function signatureFor(version: SafeVersion, { payload, ...message }: Authorization): Hex {
  if (version === "1.4.1") return payload;
  const { from, to, value, validAfter, validBefore, nonce } = message;
  const words = parseAbiParameters("address, address, uint256, uint256, uint256, bytes32");
  const encodeData = encodeAbiParameters(words, [from, to, value, validAfter, validBefore, nonce]);
  const rest = parseAbiParameters("bytes32, bytes32, bytes, bytes");
  return concat([
    "0x5fd7e97d",
    encodeAbiParameters(rest, [chain.usdc.domainSeparator, TRANSFER_TYPEHASH, encodeData, payload]),
  ]);
}
const tokenError = async (attempt: Promise<unknown>) => decodeRevert(await revertOf(attempt)).args[0];

for (const version of SAFE_VERSIONS) {
  describe(`the signature rail on a Safe ${version}`, () => {
    useChain();
    const of = (changes = {}) => session({ account: chain.safes[version], ...changes });
    const settleOf = async (terms: Terms = {}) => {
      const authorization = await authorize({ of: of(), ...terms });
      return settlement(authorization, signatureFor(version, authorization));
    };
    const asSafe = (data: Hex) => chain.send({ from: of().account, to: of().account, data });

    it("pays with a transfer checked by USDC itself, without a transaction from the account", async () => {
      await chain.send(enable(of()));
      await chain.send(await settleOf());
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      const nonce = slotNonce(hashOf(of()), 0, 0n, { lot: 0n, size: 0, index: 0n });
      expect(await chain.usdc.authorizationState(of().account, nonce)).to.equal(true);
      expect(await spentOf(of()), "the token counts, not the module").to.equal(0n);
    });
    it("pays repeatedly with the owner's grant, for a session that is not enabled", async () => {
      const grant = await grantOf(of());
      await chain.send(await settleOf({ grant }));
      await chain.send(await settleOf({ grant, slot: { lot: 1n } }));
      expect(await chain.usdc.balanceOf(alice)).to.equal(2n * USD);
    });
    it("pays once for each signature", async () => {
      await chain.send(enable(of()));
      await chain.send(await settleOf());
      expect(await tokenError(chain.call(await settleOf()))).to.match(/authorization is used/);
    });
    it("pays perPeriod and not one unit more, by signatures alone", async () => {
      await chain.send(enable(of({ budgets: [budget({ perPeriod: 3n * USD })] })));
      const three = of({ budgets: [budget({ perPeriod: 3n * USD })] });
      for (let lot = 0n; lot < 3n; ++lot) await chain.send(await settleOf({ of: three, slot: { lot } }));
      for (const slot of [{ lot: 3n }, { lot: 0n, size: 1 }, { lot: 2n, size: 4, index: 7n }])
        expect(await tokenError(chain.call(await settleOf({ of: three, slot, value: 1n })))).to.match(
          /invalid signature|revert|GS|used/,
        );
      expect(await chain.usdc.balanceOf(alice)).to.equal(3n * USD);
    });
    it("is rejected by the token if the module rejects it: amount, recipient, key, revoked, epoch", async () => {
      const revoked = of({ salt: 5n });
      for (const one of [of(), revoked]) await chain.send(enable(one));
      await chain.send(revoke(revoked.account, await idOf(revoked)));
      for (const terms of [
        { value: USD + 1n },
        { to: relayer.address },
        { by: stranger },
        { of: revoked },
      ] as Terms[])
        await revertOf(chain.call(await settleOf(terms)));
      await chain.call(await settleOf());
      await chain.send(revokeAll(of().account));
      await revertOf(chain.call(await settleOf()));
    });
    it("is rejected once the Safe has removed the module, without notification", async () => {
      await chain.send(enable(of()));
      const authorization = await authorize({ of: of() });
      expect(await asks(authorization.hash, authorization.payload, of().account)).to.equal(true);
      const first: Address = "0x0000000000000000000000000000000000000001";
      await asSafe(
        encodeFunctionData({ abi: safeAbi, functionName: "disableModule", args: [first, MODULE] }),
      );
      expect(await asks(authorization.hash, authorization.payload, of().account)).to.equal(false);
      await revertOf(chain.call(await settleOf()));
    });
    it("keeps the owners' own signatures working, for USDC and anyone else", async () => {
      const authorization = await authorize({ of: of(), nonce: pad("0x1234"), value: 50n * USD });
      const byOwner = await signAsSafe(of().account, authorization.hash);
      await chain.send(settlement(authorization, byOwner));
      expect(await chain.usdc.balanceOf(alice)).to.equal(50n * USD);
      const ask = encodeFunctionData({
        abi: safeAccountAbi,
        functionName: "isValidSignature",
        args: [pad("0x99"), await signAsSafe(of().account, pad("0x99"))],
      });
      expect((await chain.call({ to: of().account, data: ask })).slice(0, 10)).to.equal(YES);
    });
    it("never accepts a permit, which would let anyone pull USDC", async () => {
      await chain.send(enable(of()));
      const { payload } = await authorize({ of: of() });
      const permit = encodeFunctionData({
        abi: parseAbi([
          "function permit(address owner, address spender, uint256 value, uint256 deadline, bytes signature)",
        ]),
        args: [of().account, stranger.address, USD, MAX_UINT256, payload],
      });
      await revertOf(chain.call({ from: stranger.address, to: chain.usdc.address, data: permit }));
    });
    it("pays on both rails from one budget", async () => {
      await chain.send(enable(of()));
      for (let lot = 0n; lot < 10n; ++lot) await chain.send(await settleOf({ slot: { lot } }));
      for (let i = 0; i < 10; ++i) await chain.send(execute(of(), [pay(alice, USD)]));
      await refused(chain.call(execute(of(), [pay(alice, 1n)])), "LotOpened", chain.usdc.address, 9);
      await revertOf(chain.call(await settleOf({ slot: { lot: 10n } })));
      expect(await chain.usdc.balanceOf(alice)).to.equal(20n * USD);
    });
    it("is removed with one batch, after which neither rail pays and no grant is valid", async () => {
      await chain.send(enable(of()));
      const rail: SafeSignatureRail =
        version === "1.4.1"
          ? { version, handler: HANDLER }
          : { version, domainSeparators: [chain.usdc.domainSeparator] };
      const unused = of({ salt: 9n });
      const grant = await grantOf(unused);
      const removal = safeRemoval({
        safe: of().account,
        module: MODULE,
        modules: [MODULE],
        fallbackHandler: version === "1.4.1" ? HANDLER : safeAddresses.extensibleFallbackHandler,
        ...rail,
      });
      for (const call of removal) await chain.send(asOwner(of().account, call));
      await revertOf(chain.call(execute(of(), [pay(alice, 1n)])));
      await revertOf(chain.call(await settleOf()));
      // Installed again, it knows none of what was granted before.
      for (const call of safeInstallation({ safe: of().account, module: MODULE, ...rail }))
        await chain.send(asOwner(of().account, call));
      const epoch = await epochOf(of().account);
      await refused(chain.call(execute(of(), [pay(alice, 1n)])), "WrongEpoch", 0, epoch);
      await refused(chain.call(execute(unused, [pay(alice, 1n)], grant)), "WrongEpoch", 0, epoch);
      await revertOf(chain.call(await settleOf({ of: unused, grant })));
    });
  });
}

describe("SafeSessionModule", () => {
  useChain();

  describe("is asked by isValidSafeSignature", () => {
    const ask = async (
      authorization: Authorization,
      changes: Partial<Record<"sender" | "separator" | "typeHash" | "encodeData", Hex>> = {},
    ) =>
      (
        await chain.call({
          from: stranger.address,
          to: MODULE,
          data: encode("isValidSafeSignature", [
            authorization.from,
            changes.sender ?? relayer.address,
            authorization.hash,
            changes.separator ?? pad("0x01"),
            changes.typeHash ?? pad("0x02"),
            changes.encodeData ?? "0x1234",
            authorization.payload,
          ]),
        })
      ).slice(0, 10);
    it("and ignores sender, domain separator, type hash and encoded data: it computes the digest itself", async () => {
      await chain.send(enable(session()));
      const good = await authorize();
      for (const changes of [
        {},
        { sender: owner.address },
        { separator: chain.usdc.domainSeparator },
        { typeHash: TRANSFER_TYPEHASH },
        { encodeData: "0x" },
      ] as const)
        expect(await ask(good, changes)).to.equal(YES);
      const bad = await authorize({ value: USD + 1n });
      for (const changes of [
        {},
        { separator: chain.usdc.domainSeparator, typeHash: TRANSFER_TYPEHASH },
      ] as const)
        expect(await ask(bad, changes)).to.equal("0xffffffff");
    });
  });
  it("pays from a passkey's Safe with a single assertion, before anything is enabled", async () => {
    const of = session({ account: chain.passkeySafe });
    const signer = chain.safeContracts.passkey.sharedSigner;
    const before = passkey.assertions;
    const signature = await passkey.sign(safeMessageHash(of.account, grantDigest(of)));
    const grant = safeSignatures([{ signer, signature, isContract: true }]);
    for (const lot of [0n, 1n]) {
      const authorization = await authorize({ of, grant, slot: { lot } });
      await chain.send(settlement(authorization, authorization.payload));
    }
    expect(await chain.usdc.balanceOf(alice)).to.equal(2n * USD);
    expect(passkey.assertions - before).to.equal(1);
    const another = await authorize({
      of: session({ account: of.account, salt: 2n }),
      grant,
      slot: { lot: 2n },
    });
    await revertOf(chain.call(settlement(another, another.payload)));
  });
  it("rejects payments of a Safe that has enabled another module with the same code", async () => {
    await chain.send(enable(session()));
    const { hash, payload } = await authorize();
    const data = encode("isValidSignatureFor", [session().account, hash, payload]);
    expect((await chain.call({ to: OTHER_MODULE, data })).slice(0, 10)).to.equal("0xffffffff");
    await chain.send({ ...enable(session()), to: OTHER_MODULE });
    expect(
      (await chain.call({ to: OTHER_MODULE, data })).slice(0, 10),
      "enabled there, yet not on the Safe",
    ).to.equal("0xffffffff");
  });
  it("rejects payments, without a revert, for accounts that do not behave like a Safe", async () => {
    const liar = session({ account: CANNED });
    await teach("0x5624b25b", concat([pad("0x20"), pad("0x20"), pad("0x")]));
    await chain.send(enable(liar));
    const { hash, payload } = await authorize({ of: liar });
    const IS_MODULE_ENABLED = "0x2d9ad53d";
    for (const [answer, fails] of [
      ["0x", false],
      [pad("0x02"), false],
      [`0x${"00".repeat(30)}01`, false],
      [concat([pad("0x01"), pad("0x")]), false],
      [pad("0x01"), true],
      [pad("0x"), false],
    ] as [Hex, boolean][]) {
      await teach(IS_MODULE_ENABLED, answer, { fails });
      expect(await asks(hash, payload, CANNED), answer).to.equal(false);
    }
    await teach(IS_MODULE_ENABLED, pad("0x01"));
    expect(await asks(hash, payload, CANNED)).to.equal(true);
  });
  it("rejects payments for an account without code, whose key could sign for itself anyway", async () => {
    const plain = owner.address;
    const of = session({ account: plain });
    await chain.send(enable(of));
    const { hash, payload } = await authorize({ of });
    expect(await asks(hash, payload, plain)).to.equal(false);
    expect(await asks(hash, payload, HANDLER)).to.equal(false);
  });
});
