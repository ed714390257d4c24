import { expect } from "chai";
import { concat, type Hex, hexToBytes, pad, size, slice, toEventSelector, toHex } from "viem";
import { hashSession } from "#sdk/session/hashSession.ts";
import type { Session } from "#sdk/session/Session.ts";
import { packed, partsOf } from "../sessionBytes.ts";
import {
  ACCOUNT,
  byAccount,
  CHAIN_ID,
  call,
  DAY,
  enable,
  encode,
  epochOf,
  eventsOf,
  executeOf,
  grantDigest,
  granterOf,
  install,
  installData,
  isInitialized,
  isPaused,
  isValidSignatureData,
  key,
  MODULE,
  NO,
  OTHER_ACCOUNT,
  pause,
  refused,
  send,
  session,
  setTime,
  stateOf,
  stranger,
  T0,
  teach,
  topicsOf,
  uninstall,
  useAccounts,
  userOpOf,
  validate,
  windowOf,
  YES,
} from "./erc7579Fixture.ts";

/** Bytes 1, 2, 3 … */
const bytes = (length: number): Hex =>
  length === 0 ? "0x" : concat(Array.from({ length }, (_, i) => toHex(i + 1, { size: 1 })));

describe("ERC7579SessionModule's installation", () => {
  useAccounts();

  it("is of type 1 and 2, and of no other", async () => {
    for (const [type, is] of [
      [0n, false],
      [1n, true],
      [2n, true],
      [3n, false],
      [4n, false],
      [2n ** 256n - 1n, false],
    ] as const) {
      const answer = await call({ from: stranger.address, to: MODULE, data: encode("isModuleType", [type]) });
      expect(BigInt(answer) === 1n, `type ${type}`).to.equal(is);
    }
  });

  it("counts both types: initialized until both are gone", async () => {
    expect(await isInitialized()).to.equal(false);
    await install("0x");
    await install("0x");
    await uninstall();
    expect(await isInitialized()).to.equal(true);
    await uninstall();
    expect(await isInitialized()).to.equal(false);
    await uninstall();
    expect(await isInitialized(), "once too often").to.equal(false);
    await install("0x");
    expect(await isInitialized()).to.equal(true);
    expect(await isInitialized(OTHER_ACCOUNT)).to.equal(false);
  });

  describe("who may grant", () => {
    it("is nobody at first", async () => {
      expect(await granterOf()).to.equal("0x");
      await teach("0x1626ba7e", YES);
      for (const grant of ["0x", "0x00", bytes(20)] as Hex[]) {
        expect(await validate(await userOpOf(session(), { grant })), grant).to.equal(NO);
      }
    });
    for (const length of [1, 2, 20, 21, 22, 23]) {
      it(`may be set to ${length} bytes, with which a grant must begin`, async () => {
        await teach("0x1626ba7e", YES);
        await install(installData(bytes(length)));
        expect(await granterOf()).to.equal(bytes(length));
        expect(await epochOf(), "beside the epoch").to.equal(0n);
        const grants: [Hex, boolean][] = [
          [bytes(length), true],
          [concat([bytes(length), "0xff"]), true],
          [concat([bytes(length), `0x${"00".repeat(500)}`]), true],
          [length === 1 ? "0x" : bytes(length - 1), false],
          [concat([length === 1 ? "0x" : bytes(length - 1), toHex(length + 1, { size: 1 })]), false],
          [concat(["0xff", bytes(length)]), false],
          [concat([toHex(2, { size: 1 }), slice(concat([bytes(length), "0xff"]), 1)]), false],
        ];
        for (const [grant, good] of grants) {
          const answer = await validate(await userOpOf(session(), { grant }));
          expect(answer, grant).to.equal(good ? windowOf(session()) : NO);
        }
      });
    }
    it("does not treat a shorter grant as beginning with zeros, like Kernel's root or a Safe7579's owners", async () => {
      await teach("0x1626ba7e", YES);
      for (const length of [2, 20, 23]) {
        const zeros = `0x${"00".repeat(length)}` as Hex;
        await install(installData(zeros));
        for (const shorter of [1, length - 1]) {
          const answer = await validate(await userOpOf(session(), { grant: slice(zeros, 0, shorter) }));
          expect(answer, `${shorter} of ${length} bytes`).to.equal(NO);
        }
        expect(await validate(await userOpOf(session(), { grant: zeros }))).to.equal(windowOf(session()));
      }
    });
    it("gets the whole grant, including its prefix", async () => {
      const grant = concat([bytes(20), "0xc0ffee"]);
      await install(installData(bytes(20)));
      await teach(isValidSignatureData(grantDigest(session(), CHAIN_ID), grant), YES);
      expect(await validate(await userOpOf(session(), { grant }))).to.equal(windowOf(session()));
    });
    it("cannot have 24 bytes or more", async () => {
      for (const length of [24, 32, 255]) {
        await refused(
          install(installData(bytes(24).concat("00".repeat(length - 24)) as Hex)),
          "GranterTooLong",
          length,
        );
      }
      expect(await isInitialized()).to.equal(false);
    });
    it("stays the same if the other type is installed with empty data", async () => {
      await install(installData(bytes(20)));
      await install("0x");
      expect(await granterOf()).to.equal(bytes(20));
    });
    it("is replaced by a longer or shorter one set later", async () => {
      for (const length of [20, 23, 1, 21]) {
        await install(installData(bytes(length)));
        expect(await granterOf()).to.equal(bytes(length));
      }
    });
    it("stays the same if data sets no granter, with or without sessions", async () => {
      await install(installData(bytes(20)));
      await install(installData("0x"));
      await install(installData("0x", [session()]));
      expect(await granterOf()).to.equal(bytes(20));
    });
    it("is cleared by each uninstallation, with any data", async () => {
      for (const data of ["0x", "0x1234", installData(bytes(23), [session()])] as Hex[]) {
        await install(installData(bytes(20)));
        await install("0x");
        await uninstall(data);
        expect(await granterOf()).to.equal("0x");
      }
    });
    it("is cleared once: an uninstallation without a granter emits nothing", async () => {
      const granterChanged = toEventSelector("GranterChanged(address,bytes)");
      await install(installData(bytes(20)));
      await install("0x");
      const [first, second] = [await uninstall(), await uninstall()];
      expect(topicsOf(first)).to.include(granterChanged);
      expect(topicsOf(second)).not.to.include(granterChanged);
    });
    it("is separate for each account", async () => {
      await install(installData(bytes(20)));
      await install(installData(bytes(3)), OTHER_ACCOUNT);
      expect([await granterOf(), await granterOf(OTHER_ACCOUNT)]).to.deep.equal([bytes(20), bytes(3)]);
      await uninstall("0x", OTHER_ACCOUNT);
      expect([await granterOf(), await granterOf(OTHER_ACCOUNT)]).to.deep.equal([bytes(20), "0x"]);
    });
    it("survives revokeAll, and none of its bytes becomes the epoch's", async () => {
      await install(installData(`0x${"ff".repeat(23)}`));
      expect(await epochOf()).to.equal(0n);
      await send(byAccount("revokeAll", []));
      expect(await granterOf()).to.equal(`0x${"ff".repeat(23)}`);
      const epoch = await epochOf();
      await install(installData(bytes(5)));
      expect(await epochOf()).to.equal(epoch);
    });
  });

  describe("with sessions", () => {
    it("enables them", async () => {
      const other = session({ salt: 2n });
      await install(installData(bytes(20), [session(), other]));
      expect([await stateOf(session()), await stateOf(other)]).to.deep.equal(["ENABLED", "ENABLED"]);
    });
    it("enables them for the installing account: their bytes contain no account", async () => {
      await install(installData("0x", [session()]), OTHER_ACCOUNT);
      expect(await stateOf(session({ account: OTHER_ACCOUNT }))).to.equal("ENABLED");
      expect(await stateOf(session())).to.equal("UNKNOWN");
    });
    it("emits each with its own bytes", async () => {
      const other = session({ salt: 2n, key: stranger.address });
      const logs = await install(installData(bytes(20), [session(), other]));
      expect(eventsOf(logs).slice(1)).to.deep.equal(
        [session(), other].map((of) => ({
          name: "SessionEnabled",
          account: ACCOUNT,
          id: hashSession(of),
          key: of.key,
          session: packed(of).toLowerCase(),
        })),
      );
    });
    it("enables one that the account has paused, which stays paused", async () => {
      await pause(session());
      await install(installData("0x", [session()]));
      expect([await stateOf(session()), await isPaused(session())]).to.deep.equal(["ENABLED", true]);
    });
    it("rejects one of another epoch, a revoked one, and an invalid one", async () => {
      await refused(install(installData("0x", [session({ epoch: 1n })])), "WrongEpoch", 1, 0);
      const id = hashSession(session());
      await send(byAccount("revoke", [id]));
      await refused(install(installData("0x", [session()])), "SessionIsRevoked", id);
      await refused(install(installData("0x", [session({ validUntil: T0 })])), "MalformedSession", 2, 0);
      const second = [session({ salt: 2n }), session({ validUntil: 2 ** 47 })];
      await refused(install(installData("0x", second)), "MalformedSession", 2, 0);
      expect(await stateOf(session({ salt: 2n })), "all or nothing").to.equal("UNKNOWN");
    });
    it("accepts one that is already enabled", async () => {
      await enable(session());
      const logs = await install(installData("0x", [session(), session()]));
      expect(topicsOf(logs), "nothing is enabled again").to.deep.equal([]);
      expect(await stateOf(session())).to.equal("ENABLED");
    });
    it("enables an expired one without reading the clock; it cannot be used", async () => {
      await setTime(T0 + 8 * DAY);
      await install(installData("0x", [session()]));
      const attempt = call({ from: key.address, to: MODULE, data: executeOf(session()) });
      await refused(attempt, "Expired", T0 + 7 * DAY);
    });
  });

  describe("accepts only one encoding of its data:", () => {
    const data = () => installData(bytes(20), [session()]);
    const malformed = (of: Hex) => refused(install(of), "MalformedSession", 0, 0);
    it("accepts a granter, sessions, both, or neither", async () => {
      for (const [granter, sessions] of [
        [bytes(20), []],
        ["0x", [session()]],
        [bytes(20), [session({ salt: 2n }), session({ salt: 3n })]],
        ["0x", []],
      ] as [Hex, Session[]][]) {
        await install(installData(granter, sessions));
        for (const of of sessions) expect(await stateOf(of)).to.equal("ENABLED");
      }
      expect(await granterOf()).to.equal(bytes(20));
    });
    it("rejects data with a trailing byte, word or address", async () => {
      for (const behind of ["0x00", "0xff", pad("0x"), stranger.address] as Hex[])
        await malformed(concat([data(), behind]));
    });
    it("rejects data truncated at any byte", async () => {
      const two = installData(bytes(20), [session(), session({ salt: 2n })]);
      const whole = [21, size(data()), size(two)];
      for (let length = 1; length < size(two); ++length)
        if (!whole.includes(length)) await malformed(slice(two, 0, length));
      expect(await isInitialized()).to.equal(false);
    });
    it("rejects a granter that is longer than the rest", async () => {
      for (const claims of [
        "0x01",
        "0x14",
        "0xff",
        concat(["0x15", bytes(20)]),
        concat(["0xff", bytes(254)]),
      ])
        await malformed(claims as Hex);
    });
    it("rejects a session with an omitted part, and reports which", async () => {
      const [only] = session().budgets;
      if (!only) throw new Error("no budget");
      const of = session({
        budgets: [only, { ...only, token: stranger.address }],
        actions: [{ target: OTHER_ACCOUNT, selector: "0x12345678", rules: [] }],
      });
      for (const [leftOut, parts] of [
        [{ budgets: [0] }, 1],
        [{ budgets: [1] }, 2],
        [{ actions: true }, 256],
        [{ budgets: [0, 1], actions: true }, 259],
      ] as const)
        await refused(install(concat(["0x00", of.key, packed(of, leftOut)])), "PartLeftOut", parts);
      expect(await stateOf(of)).to.equal("UNKNOWN");
      await install(concat(["0x00", of.key, packed(of)]));
      expect(await stateOf(of)).to.equal("ENABLED");
    });
    it("rejects data with any byte changed, or enables another session", async function () {
      this.timeout(30_000);
      const granterEnds = 1 + 20;
      const positions = [0, ...Array.from({ length: size(data()) - granterEnds }, (_, i) => granterEnds + i)];
      let refusals = 0;
      for (const at of positions) {
        for (const bit of [0x01, 0x80]) {
          const other = hexToBytes(data());
          other[at] = (other[at] ?? 0) ^ bit;
          await install(toHex(other)).catch(() => ++refusals);
          expect(await stateOf(session()), `byte ${at}`).to.equal("UNKNOWN");
        }
      }
      expect(refusals).to.be.greaterThan(20);
    });
    it("refuses numbers that are not written in their shortest form", async () => {
      const parts = partsOf(session());
      for (const [i, [name, part]] of parts.entries()) {
        if (!/salt|perTransaction|perPeriod|period$/.test(name)) continue;
        const longer = concat([toHex(size(part), { size: 1 }), "0x00", slice(part, 1)]);
        const changed = parts.map(([, one], j) => (i === j ? longer : one));
        await malformed(concat(["0x00", key.address, ...changed]));
      }
    });
    it("rejects a call with an address after its arguments, as a fallback handler gets", async () => {
      for (const [name, argument] of [
        ["onInstall", data()],
        ["onInstall", "0x"],
        ["onUninstall", "0x"],
        ["onUninstall", data()],
      ] as [string, Hex][]) {
        const plain = encode(name, [argument]);
        const forwarded = concat([plain, stranger.address]);
        const attempt = call({ from: ACCOUNT, to: MODULE, data: forwarded });
        await refused(attempt, "TrailingCalldata", size(forwarded), size(plain));
      }
    });
    it("rejects a call whose argument is elsewhere, so that a trailing address would be part of it", async () => {
      // The offset, 0, is its own length, 0. The word behind ends in an outsider's address and is never read.
      for (const name of ["onInstall", "onUninstall"]) {
        const forwarded = concat([slice(encode(name, ["0x"]), 0, 4), pad("0x"), pad(stranger.address)]);
        await refused(call({ from: ACCOUNT, to: MODULE, data: forwarded }), "MalformedSession", 0, 0n);
      }
    });
    it("rejects a call with an address in place of its padding", async () => {
      // An outsider leaves the padding away; a fallback handler puts the outsider's address there.
      const twelve = `0x${"00".repeat(12)}` as Hex;
      const unpadded = slice(encode("onUninstall", [twelve]), 0, 4 + 64 + 12);
      const forwarded = concat([unpadded, stranger.address]);
      await enable(session());
      await send({ from: ACCOUNT, to: MODULE, data: forwarded }).catch(() => {});
      expect(await epochOf(), "nobody uninstalled it").to.equal(0n);
    });
  });

  describe("ends", () => {
    it("each type, and every session and grant with it", async () => {
      await teach("0x1626ba7e", YES);
      await install(installData(bytes(20)));
      await install("0x");
      await enable(session());
      const granted = session({ salt: 2n });
      const grant = bytes(20);
      expect(await validate(await userOpOf(granted, { grant }))).to.equal(windowOf(granted));
      await uninstall();
      expect(await validate(await userOpOf(session()))).to.equal(NO);
      expect(await validate(await userOpOf(granted, { grant }))).to.equal(NO);
      expect(await epochOf()).to.not.equal(0n);
      // Installed again, what was granted before is dead still.
      await install(installData(bytes(20)));
      expect(await validate(await userOpOf(session()))).to.equal(NO);
      expect(await validate(await userOpOf(granted, { grant }))).to.equal(NO);
    });
    it("without an installation, and any number of times, each with a new epoch", async () => {
      const epochs = new Set<bigint>([await epochOf()]);
      for (let i = 0; i < 3; ++i) {
        await uninstall();
        epochs.add(await epochOf());
      }
      expect(epochs.size).to.equal(4);
    });
  });
});
