import { safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, concat, encodeFunctionData, type Hex, keccak256, pad, toHex, zeroAddress } from "viem";
import { asks, authorize, isGood, settlement } from "./authorization.ts";
import {
  ACTOR,
  ANYONE,
  act,
  actAction,
  alice,
  approvedByOwner,
  asOwner,
  budget,
  budgetOf,
  CANNED,
  chain,
  DAY,
  enable,
  encode,
  epochOf,
  eventsOf,
  execute,
  grantOf,
  idOf,
  isPaused,
  key,
  MODULE,
  nonceUsed,
  ODD_TOKEN,
  oddToken,
  owner,
  pause,
  pay,
  payDirectly,
  prepare,
  refused,
  relayer,
  renounce,
  resume,
  revertOf,
  revoke,
  revokeAll,
  type Session,
  session,
  signExecution,
  someone,
  spentOf,
  stateOf,
  stranger,
  T0,
  type Transaction,
  USD,
  useChain,
} from "./fixture.ts";

const safe = (): Address => chain.safes["1.4.1"];
const id = () => idOf(session());
const pauseIt = async (of = session()) => chain.send(pause(of.account, await idOf(of)));
const resumeIt = async (of = session()) => chain.send(resume(of.account, await idOf(of)));
const setHandler = (handler: Address) =>
  chain.send({
    from: safe(),
    to: safe(),
    data: encodeFunctionData({ abi: safeAbi, functionName: "setFallbackHandler", args: [handler] }),
  });

/** $1 to Alice through each entry point of the execution rail. */
const entryPoints: [string, (of: Session, grant?: Hex) => Promise<Transaction & { from: Address }>][] = [
  ["pay", async (of, grant = "0x") => payDirectly(of, alice, USD, { grant })],
  ["execute", async (of, grant = "0x") => execute(of, [pay(alice, USD)], grant)],
  ["executeSigned", (of, grant = "0x") => signedPayment(of, grant)],
];

async function signedPayment(of: Session, grant: Hex = "0x") {
  const calls = [pay(alice, USD)];
  const signature = await signExecution(await idOf(of), calls, {
    caller: ANYONE,
    nonce: 7n,
    deadline: T0 + DAY,
  });
  const data = encode("executeSigned", [of, grant, calls, ANYONE, 7n, T0 + DAY, signature]);
  return { from: relayer.address, to: MODULE, data };
}

/** The word that holds a session's state, its pause, and what of budget 0 was spent. */
const wordOf = async (of: Session): Promise<bigint> => {
  const byId = keccak256(concat([await idOf(of), pad("0x")]));
  return BigInt(await chain.storageAt(MODULE, keccak256(concat([pad(of.account), byId]))));
};
const PAUSED = 1n << 240n;
const ENABLED = 1n << 248n;
const REVOKED = 2n << 248n;

describe("a pause", () => {
  useChain();

  describe("is made and ended", () => {
    it("by the account, with an event each time", async () => {
      await chain.send(enable(session()));
      for (const paused of [true, false]) {
        const receipt = await (paused ? pauseIt() : resumeIt());
        expect(eventsOf(receipt)).to.deep.equal([
          { name: "SessionPaused", args: { account: safe(), id: await id(), paused } },
        ]);
        expect(await isPaused(await id())).to.equal(paused);
      }
    });
    it("by a genuine transaction of the Safe's owner", async () => {
      await chain.send(enable(session()));
      await chain.send(asOwner(safe(), pause(safe(), await id())));
      expect(await isPaused(await id())).to.equal(true);
      await chain.send(asOwner(safe(), resume(safe(), await id())));
      expect(await isPaused(await id())).to.equal(false);
    });
    it("for the caller's own sessions only, not by the key, the owner or a stranger", async () => {
      await chain.send(enable(session()));
      for (const from of [key.address, owner.address, stranger.address, chain.safes["1.5.0"]]) {
        await chain.send(pause(from, await id()));
        expect(await isPaused(await id(), from), "to the caller itself").to.equal(true);
      }
      expect(await isPaused(await id())).to.equal(false);
      await chain.send(execute(session(), [pay(alice, 1n)]));
      await pauseIt();
      for (const from of [key.address, owner.address, stranger.address, chain.safes["1.5.0"]])
        await chain.send(resume(from, await id()));
      expect(await isPaused(await id())).to.equal(true);
    });
    it("for any id, even of an unknown session", async () => {
      for (const any of [await id(), pad("0x1234"), pad("0x")] as Hex[]) {
        await chain.send(pause(safe(), any));
        expect([await stateOf(any), await isPaused(any)]).to.deep.equal(["UNKNOWN", true]);
        await chain.send(resume(safe(), any));
        expect([await stateOf(any), await isPaused(any)]).to.deep.equal(["UNKNOWN", false]);
      }
    });
    it("once: a second time changes nothing and emits nothing", async () => {
      expect(eventsOf(await resumeIt()), "what is not paused").to.deep.equal([]);
      expect(await wordOf(session())).to.equal(0n);
      await pauseIt();
      const word = await wordOf(session());
      expect(eventsOf(await pauseIt())).to.deep.equal([]);
      expect(await wordOf(session())).to.equal(word);
      await resumeIt();
      expect(eventsOf(await resumeIt())).to.deep.equal([]);
      expect(await wordOf(session())).to.equal(0n);
    });
    it("without trailing calldata, as a fallback handler gets", async () => {
      for (const name of ["pause", "resume"] as const) {
        const data = encode(name, [pad("0x01")]);
        for (const [more, length] of [
          ["0x00", 37],
          [stranger.address, 56],
          [pad("0x"), 68],
        ] as [Hex, number][])
          await refused(
            chain.call({ from: safe(), to: MODULE, data: concat([data, more]) }),
            "TrailingCalldata",
            length,
            36,
          );
      }
      await setHandler(MODULE);
      for (const name of ["pause", "resume"] as const) {
        const through = { from: stranger.address, to: safe(), data: encode(name, [await id()]) };
        await refused(chain.call(through), "TrailingCalldata", 56, 36);
      }
      // The Safe puts the caller behind the calldata: here behind the first twelve bytes of an id, which is whole then.
      const begun = encode("resume", [pad(stranger.address)]).slice(0, -40) as Hex;
      const attempt = chain.call({ from: stranger.address, to: safe(), data: begun });
      await refused(attempt, "ModuleIsFallbackHandler", safe());
    });
    it("but only started, not ended, while the module is the account's fallback handler", async () => {
      await chain.send(enable(session()));
      await setHandler(MODULE);
      await pauseIt();
      await refused(chain.call(resume(safe(), await id())), "ModuleIsFallbackHandler", safe());
      expect(await isPaused(await id())).to.equal(true);
      await setHandler(zeroAddress);
      await resumeIt();
      expect(await isPaused(await id())).to.equal(false);
    });
    it("but not ended for a contract that is not a Safe", async () => {
      await chain.send(pause(CANNED, pad("0x01")));
      await refused(chain.call(resume(CANNED, pad("0x01"))), "UnsupportedAccount", CANNED);
      const plain = someone("plain account").address;
      await chain.send(pause(plain, pad("0x01")));
      await chain.send(resume(plain, pad("0x01")));
      expect(await isPaused(pad("0x01"), plain)).to.equal(false);
    });
  });

  describe("stops", () => {
    for (const [name, use] of entryPoints) {
      it(`${name}, of an enabled session, until it is ended`, async () => {
        await chain.send(enable(session()));
        const transaction = await use(session());
        await pauseIt();
        await refused(chain.send(transaction), "SessionIsPaused", await id());
        expect(await spentOf(session())).to.equal(0n);
        await resumeIt();
        await chain.send(transaction);
        expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
      });
      it(`${name}, of a session that is not enabled: its carried grant does not enable it`, async () => {
        const grant = await grantOf(session());
        await pauseIt();
        for (const carried of [grant, "0x", "0x1234"] as Hex[])
          await refused(chain.send(await use(session(), carried)), "SessionIsPaused", await id());
        expect(await stateOf(await id())).to.equal("UNKNOWN");
        await resumeIt();
        await refused(chain.send(await use(session())), "NotGranted", await id());
        const receipt = await chain.send(await use(session(), grant));
        expect(eventsOf(receipt).map(({ name }) => name)).to.deep.equal(["SessionEnabled", "Spent"]);
      });
      it(`${name}, but a REVOKED session is rejected as such, paused before or afterwards`, async () => {
        const other = session({ salt: 2n });
        await pauseIt();
        await chain.send(revoke(safe(), await id()));
        await chain.send(revoke(safe(), await idOf(other)));
        await pauseIt(other);
        for (const one of [session(), other] as const) {
          expect([await stateOf(await idOf(one)), await isPaused(await idOf(one))]).to.deep.equal([
            "REVOKED",
            true,
          ]);
          await refused(chain.send(await use(one)), "SessionIsRevoked", await idOf(one));
          await resumeIt(one);
          await refused(chain.send(await use(one)), "SessionIsRevoked", await idOf(one));
        }
      });
    }
    it("nothing of another session, nor of the same id on another account", async () => {
      const [other, elsewhere] = [session({ salt: 2n }), session({ account: chain.safes["1.5.0"] })];
      for (const one of [session(), other, elsewhere]) await chain.send(enable(one));
      await pauseIt();
      await chain.send(pause(elsewhere.account, await id()));
      await chain.send(pause(safe(), await idOf(elsewhere)));
      for (const one of [other, elsewhere])
        for (const [, use] of entryPoints) await chain.call(await use(one));
    });
    it("no clock: the session's end and periods do not move", async () => {
      await chain.send(enable(session()));
      await chain.send(payDirectly(session(), alice, USD));
      await pauseIt();
      await chain.setTime(T0 + DAY);
      expect((await budgetOf(session())).period).to.equal(1n);
      expect(await spentOf(session())).to.equal(0n);
      await chain.setTime(T0 + 7 * DAY);
      await refused(chain.call(payDirectly(session(), alice, 1n)), "Expired", T0 + 7 * DAY);
      await resumeIt();
      await refused(chain.call(payDirectly(session(), alice, 1n)), "Expired", T0 + 7 * DAY);
    });
    it("no renounce, revoke, revokeAll or view", async () => {
      await chain.send(enable(session()));
      const other = session({ salt: 2n });
      await pauseIt();
      await pauseIt(other);
      expect((await budgetOf(session())).released).to.equal(20n * USD);
      await chain.send(renounce(session()));
      await chain.send(revoke(safe(), await idOf(other)));
      for (const one of [session(), other]) expect(await stateOf(await idOf(one))).to.equal("REVOKED");
      await chain.send(revokeAll(safe()));
      expect(await epochOf(safe())).to.not.equal(0n);
    });
  });

  describe("of a session that the account enables meanwhile", () => {
    it("stays", async () => {
      await pauseIt();
      const receipt = await chain.send(enable(session()));
      expect(eventsOf(receipt).map(({ name }) => name)).to.deep.equal(["SessionEnabled"]);
      expect([await stateOf(await id()), await isPaused(await id())]).to.deep.equal(["ENABLED", true]);
      for (const [, use] of entryPoints)
        await refused(chain.call(await use(session())), "SessionIsPaused", await id());
      await resumeIt();
      for (const [, use] of entryPoints) await chain.call(await use(session()));
    });
    it("and was enabled before changes nothing", async () => {
      await chain.send(enable(session()));
      await pauseIt();
      expect(eventsOf(await chain.send(enable(session())))).to.deep.equal([]);
      expect(await isPaused(await id())).to.equal(true);
    });
    it("is refused where it was REVOKED", async () => {
      await pauseIt();
      await chain.send(revoke(safe(), await id()));
      await refused(chain.call(enable(session())), "SessionIsRevoked", await id());
    });
  });

  describe("keeps what the key signed", () => {
    it("valid afterwards: an execution, whose nonce it does not use", async () => {
      await chain.send(enable(session()));
      const signed = await signedPayment(session());
      await pauseIt();
      await refused(chain.send(signed), "SessionIsPaused", await id());
      expect(await nonceUsed(await id(), safe(), 7n)).to.equal(false);
      await resumeIt();
      await chain.send(signed);
      expect(await nonceUsed(await id(), safe(), 7n)).to.equal(true);
    });
    for (const [version, namesKey, granted] of [
      [1, false, false],
      [2, false, true],
      [3, true, false],
      [4, true, true],
    ] as const) {
      it(`rejected meanwhile and accepted afterwards: a payload of version ${version}`, async () => {
        const grant = granted ? await grantOf(session()) : undefined;
        if (!granted) await chain.send(enable(session()));
        const { hash, payload } = await authorize({ namesKey, ...(grant ? { grant } : {}) });
        expect(payload.slice(0, 4)).to.equal(toHex(version, { size: 1 }));
        expect(await asks(hash, payload)).to.equal(true);
        await pauseIt();
        expect(await asks(hash, payload)).to.equal(false);
        await resumeIt();
        expect(await asks(hash, payload)).to.equal(true);
      });
    }
    it("rejected for an enabled session, even with a carried grant", async () => {
      await chain.send(enable(session()));
      await pauseIt();
      expect(await isGood({ grant: await grantOf(session()) })).to.equal(false);
    });
    it("unsettled in USDC, until it is ended", async () => {
      await chain.send(enable(session()));
      const authorization = await authorize();
      const transaction = settlement(authorization, authorization.payload);
      await pauseIt();
      await revertOf(chain.send(transaction));
      await resumeIt();
      await chain.send(transaction);
      expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    });
  });

  describe("made by the calls of an execution", () => {
    const acting = () => session({ actions: [actAction()] });
    it("reverts a measured one, and has no effect then", async () => {
      await chain.send(enable(acting()));
      await prepare([await approvedByOwner(MODULE, encode("pause", [await idOf(acting())]))]);
      await refused(
        chain.send(execute(acting(), [pay(alice, 1n), act()])),
        "SessionIsPaused",
        await idOf(acting()),
      );
      expect(await isPaused(await idOf(acting()))).to.equal(false);
    });
    it("but not for another session", async () => {
      await chain.send(enable(acting()));
      await prepare([await approvedByOwner(MODULE, encode("pause", [await id()]))]);
      await chain.send(execute(acting(), [act()]));
      expect(await isPaused(await id())).to.equal(true);
    });
    it("keeps a payment that was charged before its call", async () => {
      const of = session({ budgets: [budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      await oddToken.mint(safe(), USD);
      await oddToken.setHook(ACTOR);
      await prepare([await approvedByOwner(MODULE, encode("pause", [await idOf(of)]))]);
      await chain.send(payDirectly(of, alice, 5n, { token: ODD_TOKEN }));
      expect(await spentOf(of)).to.equal(5n);
      expect(await wordOf(of)).to.equal(ENABLED | PAUSED | 5n);
      const next = payDirectly(of, alice, 5n, { token: ODD_TOKEN });
      await refused(chain.call(next), "SessionIsPaused", await idOf(of));
    });
  });

  describe("is one bit of storage", () => {
    it("next to state, period and spending, which it does not change", async () => {
      await chain.send(enable(session()));
      await chain.send(payDirectly(session(), alice, 7n), T0 + 3 * DAY);
      const before = await wordOf(session());
      expect(before).to.equal(ENABLED | (3n << 128n) | 7n);
      await pauseIt();
      expect(await wordOf(session())).to.equal(before | PAUSED);
      await resumeIt();
      expect(await wordOf(session())).to.equal(before);
    });
    it("that enable, revoke and renounce do not change", async () => {
      const other = session({ salt: 2n });
      for (const one of [session(), other]) {
        await pauseIt(one);
        expect(await wordOf(one)).to.equal(PAUSED);
        await chain.send(enable(one));
        expect(await wordOf(one)).to.equal(PAUSED | ENABLED);
      }
      await chain.send(revoke(safe(), await id()));
      await chain.send(renounce(other));
      for (const one of [session(), other]) expect(await wordOf(one)).to.equal(PAUSED | REVOKED);
    });
    it("that is cleared when payments resume, without other traces", async () => {
      await chain.send(enable(session()));
      await pauseIt();
      await resumeIt();
      await chain.send(payDirectly(session(), alice, 7n));
      await chain.send(execute(session(), [pay(alice, 7n)]));
      expect(await wordOf(session())).to.equal(ENABLED | 14n);
    });
    it("in the word of budget 0, whichever budget pays", async () => {
      const of = session({ budgets: [budget(), budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 })] });
      await chain.send(enable(of));
      await oddToken.mint(safe(), USD);
      await pauseIt(of);
      const payment = payDirectly(of, alice, 5n, { token: ODD_TOKEN });
      await refused(chain.call(payment), "SessionIsPaused", await idOf(of));
      await resumeIt(of);
      await chain.send(payment);
      expect(await wordOf(of)).to.equal(ENABLED);
      expect(await spentOf(of, 1)).to.equal(5n);
    });
  });
});
