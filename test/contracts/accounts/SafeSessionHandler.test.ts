import { FALLBACK_HANDLER_SLOT } from "@latchkey/devchain";
import { safeAbi, safeSignatures } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  encodePacked,
  getAddress,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  parseAbiParameters,
  size,
  toBytes,
  toFunctionSelector,
  toHex,
} from "viem";
import { artifact } from "../../environment/artifact.ts";
import { authorize } from "../authorization.ts";
import {
  asOwner,
  CANNED,
  chain,
  enable,
  grantOf,
  HANDLER,
  MODULE,
  OTHER_MODULE,
  ownArtifact,
  owner,
  passkey,
  refused,
  revertOf,
  safeMessageHash,
  secondOwner,
  session,
  signAsSafe,
  stranger,
  teach,
  useChain,
} from "../fixture.ts";

const handlerAbi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
  "function getMessageHash(bytes message) view returns (bytes32)",
  "function getMessageHashForSafe(address safe, bytes message) view returns (bytes32)",
  "function encodeMessageDataForSafe(address safe, bytes message) view returns (bytes)",
  "function getModules() view returns (address[])",
  "function simulate(address target, bytes payload) returns (bytes)",
  "function supportsInterface(bytes4 interfaceId) view returns (bool)",
  "function onERC721Received(address, address, uint256, bytes) returns (bytes4)",
  "function onERC1155Received(address, address, uint256, uint256, bytes) returns (bytes4)",
  "function onERC1155BatchReceived(address, address, uint256[], uint256[], bytes) returns (bytes4)",
  "function tokensReceived(address, address, address, uint256, bytes, bytes)",
  "function setSessionModule(address module)",
  "function sessionModuleOf(address safe) view returns (address)",
  "event SessionModuleSet(address indexed safe, address indexed module)",
]);
const legacyAbi = parseAbi([
  "function isValidSignature(bytes message, bytes signature) view returns (bytes4)",
]);
// biome-ignore lint/suspicious/noExplicitAny: a question is any of the functions above.
const encode = (functionName: string, args: any[] = []): Hex =>
  encodeFunctionData({ abi: handlerAbi, functionName, args } as never);
const legacy = (message: Hex, signature: Hex) =>
  encodeFunctionData({ abi: legacyAbi, functionName: "isValidSignature", args: [message, signature] });

const safe = () => chain.safes["1.4.1"];
const DIGEST = keccak256(toBytes("some digest"));
const compatibility = () => chain.safeContracts["1.4.1"].compatibilityFallbackHandler;

/** What a Safe with that handler answers: yes with these bytes, or no with these. */
async function answerOf(handler: Address, question: Hex, account: Address, from = stranger.address) {
  const was = await chain.storageAt(account, FALLBACK_HANDLER_SLOT);
  await chain.setStorageAt(account, FALLBACK_HANDLER_SLOT, pad(handler));
  try {
    return { yes: true, data: await chain.call({ from, to: account, data: question }) };
  } catch (error) {
    return { yes: false, data: (error as { data: Hex }).data };
  } finally {
    await chain.setStorageAt(account, FALLBACK_HANDLER_SLOT, pad(was));
  }
}

/** Asks the same of a Safe with our handler and with Safe's own. */
async function both(question: Hex, account = safe(), from = stranger.address) {
  return {
    ours: await answerOf(HANDLER, question, account, from),
    theirs: await answerOf(compatibility(), question, account, from),
  };
}
const same = async (question: Hex, account = safe(), from = stranger.address) => {
  const { ours, theirs } = await both(question, account, from);
  expect(ours).to.deep.equal(theirs);
  return ours;
};
/** Where it is only to be refused by both: the reason may be another. */
const bothRefuse = async (question: Hex, account = safe()) => {
  const { ours, theirs } = await both(question, account);
  expect([ours.yes, theirs.yes]).to.deep.equal([false, false]);
};

describe("SafeSessionHandler", () => {
  useChain();

  describe("behaves like CompatibilityFallbackHandler 1.4.1", () => {
    const asked = (hash: Hex, signature: Hex) => encode("isValidSignature", [hash, signature]);
    it("has all of its functions", () => {
      const selectors = (abi: readonly { type: string }[]) =>
        abi.filter(({ type }) => type === "function").map((item) => toFunctionSelector(item as never));
      const theirs = ownArtifactOfSafe("handler/CompatibilityFallbackHandler");
      const ours = selectors(
        ownArtifact("contracts/accounts/safe/SafeSessionHandler.sol", "SafeSessionHandler").abi,
      );
      expect(selectors(theirs).filter((selector) => !ours.includes(selector))).to.deep.equal([]);
      expect(ours.filter((selector) => !selectors(theirs).includes(selector)).sort()).to.deep.equal(
        ["setSessionModule(address)", "sessionModuleOf(address)"]
          .map((one) => toFunctionSelector(one))
          .sort(),
      );
    });
    for (const [title, form] of [
      ["isValidSignature(bytes32,bytes)", (signature: Hex) => asked(DIGEST, signature)],
      ["isValidSignature(bytes,bytes)", (signature: Hex) => legacy(DIGEST, signature)],
    ] as const) {
      describe(`to ${title}`, () => {
        it("with an owner's key, valid and invalid", async () => {
          const good = await signAsSafe(safe(), DIGEST);
          expect((await same(form(good))).yes).to.equal(true);
          const bad = [
            await signAsSafe(safe(), DIGEST, [stranger]),
            await signAsSafe(safe(), keccak256(DIGEST)),
            await owner.sign({ hash: DIGEST }),
            good.slice(0, -2) as Hex,
            "0x00",
            "0x01",
            `0x${"00".repeat(65)}`,
            `0x${"ff".repeat(65)}`,
            `0x01${"00".repeat(200)}`,
            `0x02${"ff".repeat(200)}`,
          ] as Hex[];
          for (const signature of bad) expect((await same(form(signature))).yes, signature).to.equal(false);
        });
        it("by an eth_sign signature of the owner", async () => {
          const raw = safeMessageHash(safe(), DIGEST);
          const signature = await owner.signMessage({ message: { raw } });
          const v = Number.parseInt(signature.slice(-2), 16) + 4;
          expect((await same(form(`${signature.slice(0, -2) as Hex}${v.toString(16)}`))).yes).to.equal(true);
        });
        it("by a passkey", async () => {
          const account = chain.passkeySafe;
          const signer = chain.safeContracts.passkey.sharedSigner;
          const of = async (digest: Hex) =>
            safeSignatures([
              { signer, signature: await passkey.sign(safeMessageHash(account, digest)), isContract: true },
            ]);
          expect((await same(form(await of(DIGEST)), account)).yes).to.equal(true);
          expect((await same(form(await of(keccak256(DIGEST))), account)).yes).to.equal(false);
        });
        it("by two owners, and by too few", async () => {
          const account = chain.twoOwnerSafe;
          const pair = await signAsSafe(account, DIGEST, [owner, secondOwner]);
          expect((await same(form(pair), account)).yes).to.equal(true);
          for (const signers of [[owner], [secondOwner], [owner, stranger]])
            expect((await same(form(await signAsSafe(account, DIGEST, signers)), account)).yes).to.equal(
              false,
            );
          const swapped = concat([`0x${pair.slice(132)}`, pair.slice(0, 132) as Hex]);
          expect((await same(form(swapped), account)).yes).to.equal(false);
        });
        it("by an owner's approveHash", async () => {
          const approved = encodePacked(["bytes32", "bytes32", "uint8"], [pad(owner.address), pad("0x"), 1]);
          expect((await same(form(approved))).yes).to.equal(false);
          const data = encodeFunctionData({
            abi: parseAbi(["function approveHash(bytes32)"]),
            args: [safeMessageHash(safe(), DIGEST)],
          });
          await chain.send({ from: owner.address, to: safe(), data });
          expect((await same(form(approved))).yes).to.equal(true);
        });
        it("with signedMessages, for an empty signature", async () => {
          expect((await same(form("0x"))).yes).to.equal(false);
          const data = encodeFunctionData({
            abi: parseAbi(["function signMessage(bytes)"]),
            args: [DIGEST],
          });
          await chain.send(
            asOwner(safe(), { to: chain.safeContracts["1.4.1"].signMessageLib as Address, data }, 1),
          );
          expect((await same(form("0x"))).yes).to.equal(true);
          expect((await same(form("0x00"))).yes, "for no other").to.equal(false);
        });
      });
    }
    it("for isValidSignature(bytes,bytes) with a message of any length", async () => {
      for (const message of ["0x", "0x01", `0x${"ab".repeat(100)}`] as Hex[]) {
        const hash = safeMessageHash(safe(), message);
        expect((await same(legacy(message, await owner.sign({ hash })))).yes).to.equal(true);
      }
    });
    it("to getMessageHash, getMessageHashForSafe and encodeMessageDataForSafe", async () => {
      for (const message of ["0x", DIGEST, `0x${"cd".repeat(77)}`] as Hex[]) {
        expect((await same(encode("getMessageHash", [message]))).data).to.equal(
          safeMessageHash(safe(), message),
        );
        for (const account of [safe(), chain.twoOwnerSafe, chain.safes["1.5.0"]]) {
          const { data } = await same(encode("getMessageHashForSafe", [account, message]));
          expect(data).to.equal(safeMessageHash(account, message));
          expect((await same(encode("encodeMessageDataForSafe", [account, message]))).yes).to.equal(true);
        }
        for (const none of [stranger.address, MODULE]) {
          await bothRefuse(encode("getMessageHashForSafe", [none, message]));
          await bothRefuse(encode("encodeMessageDataForSafe", [none, message]));
        }
      }
    });
    it("to getModules, with one, several and more than ten", async () => {
      const ask = async () => (await same(encode("getModules"))).data;
      expect(await ask()).to.equal(encodeAbiParameters(parseAbiParameters("address[]"), [[MODULE]]));
      for (let i = 1; i <= 11; ++i) {
        const module = getAddress(toHex(0x777000 + i, { size: 20 }));
        const data = encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [module] });
        await chain.send({ from: safe(), to: safe(), data });
        if (i === 2) expect(size(await ask())).to.equal(32 * 5);
      }
      expect(size(await ask())).to.equal(32 * 12);
    });
    it("for simulate: a delegatecall's return or revert data, without state changes", async () => {
      const accessor = chain.safeContracts["1.4.1"].simulateTxAccessor;
      const call = encodeFunctionData({
        abi: parseAbi(["function simulate(address,uint256,bytes,uint8) returns (uint256,bool,bytes)"]),
        args: [chain.usdc.address, 0n, "0x18160ddd", 0],
      });
      const { ours, theirs } = await both(encode("simulate", [accessor, call]));
      expect([ours.yes, theirs.yes, size(ours.data)]).to.deep.equal([true, true, size(theirs.data)]);
      // Its first word is an estimate of gas, which the handler's own work changes a little.
      expect(ours.data.slice(2 + 64 * 3)).to.equal(theirs.data.slice(2 + 64 * 3));
      expect(
        (await same(encode("simulate", [chain.safeContracts["1.4.1"].safe, "0xffa1ad74"]))).yes,
        "VERSION",
      ).to.equal(true);
      for (const [target, data] of [
        [stranger.address, "0x"],
        [chain.usdc.address, "0x12345678"],
        [accessor, "0x"],
        [
          chain.safeContracts["1.4.1"].safe,
          encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [MODULE] }),
        ],
      ] as [Address, Hex][])
        await same(encode("simulate", [target, data]));
    });
    it("for simulate from anyone but a Safe: with an error", async () => {
      const question = encode("simulate", [stranger.address, "0x"]);
      const data = concat([question, stranger.address]);
      await refused(chain.call({ from: stranger.address, to: HANDLER, data }), "NotASafe", stranger.address);
    });
    it("to the token callbacks and to supportsInterface", async () => {
      const [a, b] = [stranger.address, owner.address];
      for (const question of [
        encode("onERC721Received", [a, b, 1n, "0x1234"]),
        encode("onERC1155Received", [a, b, 1n, 2n, "0x"]),
        encode("onERC1155BatchReceived", [a, b, [1n], [2n, 3n], "0x"]),
        encode("tokensReceived", [a, b, a, 5n, "0x", "0x"]),
        ...["0x01ffc9a7", "0x150b7a02", "0x4e2312e0", "0xffffffff", "0x00000000", "0x1626ba7e"].map((one) =>
          encode("supportsInterface", [one]),
        ),
      ])
        expect((await same(question)).yes).to.equal(true);
    });
    it("for unknown functions and malformed calldata", async () => {
      for (const question of ["0x12345678", "0x", "0x1626ba7e", concat(["0x1626ba7e", DIGEST])] as Hex[]) {
        const { ours, theirs } = await both(question);
        expect(ours.yes, question).to.equal(theirs.yes);
      }
    });
  });

  describe("asks the module that the Safe has registered", () => {
    const ask = async (account = safe()) => {
      const { hash, payload } = await authorize({ of: session({ account }) });
      return chain.call({
        from: stranger.address,
        to: account,
        data: encode("isValidSignature", [hash, payload]),
      });
    };
    it("about payloads, and accepts what it accepts", async () => {
      await chain.send(enable(session()));
      expect(await ask()).to.equal(pad("0x1626ba7e", { dir: "right" }));
    });
    it("and checks the owners if the module rejects", async () => {
      expect(await revertOf(ask())).to.match(/^0x08c379a0/);
      const { hash } = await authorize();
      const signature = await signAsSafe(safe(), hash);
      const data = encode("isValidSignature", [hash, signature]);
      expect(await chain.call({ from: stranger.address, to: safe(), data })).to.equal(
        pad("0x1626ba7e", { dir: "right" }),
      );
    });
    it("and checks the owners for a signature that only looks like a payload", async () => {
      // Two owners' signatures are longer than 65 bytes; a first byte of 1 or 2 comes by chance once in 128.
      const account = chain.twoOwnerSafe;
      for (let i = 0, found = 0; found < 2; ++i) {
        const digest = keccak256(toHex(i));
        const signature = await signAsSafe(account, digest, [owner, secondOwner]);
        if (!/^0x0[12]/.test(signature)) continue;
        found += 1;
        const data = encode("isValidSignature", [digest, signature]);
        const answer = await chain.call({ from: stranger.address, to: account, data });
        expect(answer).to.equal(pad("0x1626ba7e", { dir: "right" }));
      }
    });
    it("and none if none is registered, or it was cleared", async () => {
      await chain.send(enable(session()));
      const data = encode("setSessionModule", [pad("0x", { size: 20 })]);
      const receipt = await chain.send({ from: safe(), to: safe(), data });
      expect(receipt.logs.length).to.be.greaterThan(0);
      expect(await revertOf(ask())).to.match(/^0x08c379a0/);
    });
    it("and not one that another Safe has registered", async () => {
      const account = chain.twoOwnerSafe;
      await chain.send(enable(session()));
      await chain.send({ from: account, to: account, data: encode("setSessionModule", [OTHER_MODULE]) });
      expect(await ask()).to.equal(pad("0x1626ba7e", { dir: "right" }));
    });
    it("and treats a failure, or anything but the exact magic value, as a rejection", async () => {
      const ASK = toFunctionSelector("isValidSignatureFor(address,bytes32,bytes)");
      await chain.send({ from: safe(), to: safe(), data: encode("setSessionModule", [CANNED]) });
      const yes = pad("0x1626ba7e", { dir: "right" });
      for (const [answer, fails] of [
        ["0x", false],
        ["0x1626ba7e", false],
        [pad("0x01"), false],
        [pad("0x1626ba7e"), false],
        [concat([yes, pad("0x")]), false],
        [`${yes.slice(0, -1)}1`, false],
        [pad("0xffffffff", { dir: "right" }), false],
        [yes, true],
      ] as [Hex, boolean][]) {
        await teach(ASK, answer, { fails });
        expect(await revertOf(ask()), answer).to.match(/^0x08c379a0/);
      }
      await teach(ASK, yes);
      expect(await ask()).to.equal(yes);
    });
    it("and no address from a signature", async () => {
      // A contract signature of Safe's names its signer; only an owner is asked.
      const yes = pad("0x1626ba7e", { dir: "right" });
      for (const selector of [
        "0x1626ba7e",
        "0x20c13b0b",
        toFunctionSelector("isValidSignatureFor(address,bytes32,bytes)"),
      ])
        await teach(selector as Hex, yes);
      const named = concat([pad(CANNED), pad("0x41"), "0x00", pad("0x20"), pad("0x01")]);
      const { parts, hash } = await authorize({ grant: await grantOf(session()) });
      const bent = concat(parts.map(([name, bytes]) => (name === "r" ? pad(CANNED) : bytes)));
      for (const signature of [named, concat(["0x01", named]), bent]) {
        const data = encode("isValidSignature", [hash, signature]);
        expect(await revertOf(chain.call({ from: stranger.address, to: safe(), data }))).to.match(
          /^0x08c379a0/,
        );
      }
    });
    it("not for the legacy interface, which is for owners only", async () => {
      await chain.send(enable(session()));
      const { hash, payload } = await authorize();
      const attempt = chain.call({ from: stranger.address, to: safe(), data: legacy(hash, payload) });
      expect(await revertOf(attempt)).to.match(/^0x08c379a0/);
    });
    it("not when called directly by anyone but a Safe", async () => {
      await chain.send(enable(session()));
      const { hash, payload } = await authorize();
      const data = encode("isValidSignature", [hash, payload]);
      await refused(chain.call({ from: stranger.address, to: HANDLER, data }), "NotASafe", stranger.address);
    });
  });

  describe("allows the module to be set", () => {
    const registered = async (account: Address) =>
      getAddress(
        `0x${(await chain.call({ to: HANDLER, data: encode("sessionModuleOf", [account]) })).slice(26)}`,
      );
    const set = encode("setSessionModule", [OTHER_MODULE]);
    it("by a Safe's call to itself, with an event", async () => {
      const receipt = await chain.send(asOwner(safe(), { to: safe(), data: set }));
      expect(await registered(safe())).to.equal(OTHER_MODULE);
      const [log] = receipt.logs.filter(({ address }) => address.toLowerCase() === HANDLER.toLowerCase());
      expect(log?.topics.slice(1)).to.deep.equal(
        [pad(safe()), pad(OTHER_MODULE)].map((topic) => topic.toLowerCase()),
      );
      expect(await registered(chain.twoOwnerSafe), "its own only").to.equal(MODULE);
    });
    it("but not by another caller of the Safe", async () => {
      for (const from of [stranger.address, owner.address, MODULE, chain.twoOwnerSafe]) {
        await refused(chain.call({ from, to: safe(), data: set }), "NotBySafeItself", safe());
        // The Safe puts the caller behind whatever it is called with.
        const guise = concat([set, safe()]);
        await refused(chain.call({ from, to: safe(), data: guise }), "NotBySafeItself", safe());
      }
    });
    it("but not by a direct call, with or without an appended address", async () => {
      const from = stranger.address;
      for (const data of [set, concat([set, safe()]), concat([set, "0x00"]), concat([set, from, from])]) {
        await refused(chain.call({ from, to: HANDLER, data }), "NotBySafeItself", from);
      }
      await chain.send({ from, to: HANDLER, data: concat([set, from]) });
      expect(await registered(from), "for itself, not being a Safe").to.equal(OTHER_MODULE);
      expect(await registered(safe())).to.equal(MODULE);
    });
    it("but not by the Safe's call to the handler itself, made by mistake", async () => {
      await refused(chain.call({ from: safe(), to: HANDLER, data: set }), "NotBySafeItself", safe());
    });
  });
});

function ownArtifactOfSafe(path: string): readonly { type: string }[] {
  return artifact(
    `@safe-global/safe-contracts/build/artifacts/contracts/${path}.sol/${path.split("/")[1]}.json`,
  ).abi;
}
