import { safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, concat, encodeFunctionData, type Hex, pad, size, slice } from "viem";
import {
  actAction,
  alice,
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
  key,
  MODULE,
  pay,
  refused,
  renounce,
  revertOf,
  revoke,
  revokeAll,
  type Session,
  session,
  someone,
  spentOf,
  stateOf,
  stranger,
  T0,
  teach,
  USD,
  useChain,
} from "./fixture.ts";
import { packed, sessionBytes } from "./sessionBytes.ts";

const safe = (): Address => chain.safes["1.4.1"];
const ENABLED = "ENABLED";
const REVOKED = "REVOKED";
const UNKNOWN = "UNKNOWN";

/** Calls the Safe as an outsider: what it has no function for goes to its handler, with the sender behind it. */
const throughHandler = (data: Hex, from = stranger.address) => chain.call({ from, to: safe(), data });
const setHandler = (handler: Address) =>
  chain.send({
    from: safe(),
    to: safe(),
    data: encodeFunctionData({ abi: safeAbi, functionName: "setFallbackHandler", args: [handler] }),
  });

/** A session of the Safe, of whose bytes in calldata the last are a rule's value, which ends in the address. */
const endingIn = (address: Address): Session => {
  const [of] = Array.from({ length: 32 }, (_, i) =>
    session({
      salt: 1n << BigInt(8 * i),
      actions: [actAction({ rules: [{ offset: 4, op: 0, value: pad(concat(["0x01", address])) }] })],
    }),
  ).filter((one) => size(sessionBytes(one)) % 32 === 0);
  return of as Session;
};

// Rules of docs/spec.md: L-1, L-2, L-3, L-4, L-5, L-10.
describe("the session lifecycle", () => {
  useChain();

  describe("enable", () => {
    it("by the account makes it ENABLED and emits the whole session", async () => {
      const receipt = await chain.send(enable(session()));
      const [event, ...more] = eventsOf(receipt);
      const id = await idOf(session());
      expect(more).to.deep.equal([]);
      expect(event?.name).to.equal("SessionEnabled");
      expect(event?.args).to.deep.include({ account: safe(), id, key: key.address });
      expect(event?.args.session).to.equal(packed(session()).toLowerCase());
      expect(await stateOf(id)).to.equal(ENABLED);
    });
    it("a second time changes nothing and emits nothing", async () => {
      await chain.send(enable(session()));
      await chain.send(execute(session(), [pay(alice, USD)]));
      const receipt = await chain.send(enable(session()));
      expect(eventsOf(receipt)).to.deep.equal([]);
      expect(await spentOf(session()), "what was spent stays spent").to.equal(USD);
    });
    it("is rejected for anyone but the session's account", async () => {
      for (const from of [stranger.address, key.address, chain.safes["1.5.0"], MODULE]) {
        await refused(chain.call({ ...enable(session()), from }), "NotAccount", from, safe());
      }
    });
    it("is refused once the session is REVOKED, by the account or by the key", async () => {
      const id = await idOf(session());
      await chain.send(revoke(safe(), id));
      await refused(chain.call(enable(session())), "SessionIsRevoked", id);
      const other = session({ salt: 2n });
      await chain.send(renounce(other));
      await refused(chain.call(enable(other)), "SessionIsRevoked", await idOf(other));
    });
    it("is rejected from validUntil on, and accepted in the second before", async () => {
      await chain.setTime(T0 + 7 * DAY - 1);
      await chain.call(enable(session()));
      await chain.setTime(T0 + 7 * DAY);
      await refused(chain.call(enable(session())), "Expired", T0 + 7 * DAY);
    });
    it("works before validAfter", async () => {
      const later = session({ validAfter: T0 + DAY });
      await chain.send(enable(later));
      expect(await stateOf(await idOf(later))).to.equal(ENABLED);
    });
    it("is rejected for an epoch other than the account's", async () => {
      await refused(chain.call(enable(session({ epoch: 1n }))), "WrongEpoch", 1, 0);
      await chain.send(revokeAll(safe()));
      const epoch = await epochOf(safe());
      await refused(chain.call(enable(session())), "WrongEpoch", 0, epoch);
      await chain.send(enable(session({ epoch })));
    });
    it("is rejected with a byte, a word or an address after the session", async () => {
      const { data = "0x", ...rest } = enable(session());
      for (const trailing of ["0x00", pad("0x"), stranger.address] as Hex[]) {
        const attempt = chain.call({ ...rest, data: concat([data, trailing]) });
        await refused(attempt, "TrailingCalldata", size(data) + size(trailing), size(data));
      }
    });
    it("is rejected while the module is the account's fallback handler, since an outsider could act as the account", async () => {
      await setHandler(MODULE);
      await refused(chain.call(enable(session())), "ModuleIsFallbackHandler", safe());
      // The Safe puts the outsider's address behind the calldata: here it is the end of the session's last address.
      const crafted = endingIn(stranger.address);
      const data = slice(encode("enable", [crafted]), 0, -20);
      expect(concat([data, stranger.address]).toLowerCase()).to.equal(
        encode("enable", [crafted]).toLowerCase(),
      );
      await refused(throughHandler(data), "ModuleIsFallbackHandler", safe());
    });
    it("works while the account has no fallback handler, or has no code", async () => {
      await setHandler(pad("0x", { size: 20 }));
      await chain.send(enable(session()));
      const plain = someone("plain account").address;
      const ofEoa = session({ account: plain });
      await chain.send(enable(ofEoa));
      expect(await stateOf(await idOf(ofEoa), plain)).to.equal(ENABLED);
    });
    it("is rejected for a contract that is not a Safe", async () => {
      const ofNone = session({ account: CANNED });
      await refused(chain.call(enable(ofNone)), "UnsupportedAccount", CANNED);
      const getStorageAt = "0x5624b25b";
      for (const answer of ["0x", pad("0x", { size: 64 }), pad("0x", { size: 128 })] as Hex[]) {
        await teach(getStorageAt, answer);
        await refused(chain.call(enable(ofNone)), "UnsupportedAccount", CANNED);
      }
      for (const words of [
        ["0x20", "0x20", "0x", "0x"],
        ["0x40", "0x20", "0x"],
        ["0x20", "0x1f", "0x"],
        ["0x20", "0x40", "0x"],
        ["0x20", "0x20", `0x01${"00".repeat(20)}`],
        ["0x20", "0x20", `0x80${"00".repeat(31)}`],
      ] as Hex[][]) {
        await teach(getStorageAt, concat(words.map((word) => pad(word))));
        await refused(chain.call(enable(ofNone)), "UnsupportedAccount", CANNED);
      }
      await teach(getStorageAt, concat([pad("0x20"), pad("0x20"), pad("0x")]), { fails: true });
      await refused(chain.call(enable(ofNone)), "UnsupportedAccount", CANNED);
      await teach(getStorageAt, concat([pad("0x20"), pad("0x20"), pad("0x")]));
      await chain.send(enable(ofNone));
    });
  });

  describe("revoke", () => {
    it("by the account makes any session permanently REVOKED, even an unknown one", async () => {
      for (const id of [await idOf(session()), pad("0x1234")]) {
        expect(eventsOf(await chain.send(revoke(safe(), id)))).to.deep.equal([
          { name: "SessionRevoked", args: { account: safe(), id } },
        ]);
        expect(await stateOf(id)).to.equal(REVOKED);
      }
      const id = await idOf(session());
      await refused(
        chain.call(execute(session(), [pay(alice, 1n)], await grantOf(session()))),
        "SessionIsRevoked",
        id,
      );
    });
    it("ends an enabled session at once", async () => {
      await chain.send(enable(session()));
      const id = await idOf(session());
      await chain.send(revoke(safe(), id));
      await refused(chain.call(execute(session(), [pay(alice, 1n)])), "SessionIsRevoked", id);
    });
    it("a second time changes nothing and emits nothing", async () => {
      const id = await idOf(session());
      await chain.send(revoke(safe(), id));
      expect(eventsOf(await chain.send(revoke(safe(), id)))).to.deep.equal([]);
      expect(await stateOf(id)).to.equal(REVOKED);
    });
    it("only affects the caller: the id's state for other accounts is unchanged", async () => {
      await chain.send(enable(session()));
      const id = await idOf(session());
      for (const from of [stranger.address, key.address, chain.safes["1.5.0"]])
        await chain.send(revoke(from, id));
      expect(await stateOf(id)).to.equal(ENABLED);
      await chain.send(execute(session(), [pay(alice, 1n)]));
    });
    it("keeps the spending, and works after the session's end", async () => {
      await chain.send(enable(session()));
      await chain.send(execute(session(), [pay(alice, USD)]));
      await chain.send(revoke(safe(), await idOf(session())), T0 + 8 * DAY);
      expect(await stateOf(await idOf(session()))).to.equal(REVOKED);
    });
    it("is rejected with trailing calldata", async () => {
      const data = concat([encode("revoke", [pad("0x01")]), "0x00"]);
      await refused(chain.call({ from: safe(), to: MODULE, data }), "TrailingCalldata", 37, 36);
    });
  });

  describe("renounce", () => {
    it("by the key makes its own session REVOKED, unknown or enabled, and emits it", async () => {
      for (const [salt, before] of [
        [1n, UNKNOWN],
        [2n, ENABLED],
      ] as const) {
        const given = session({ salt });
        const id = await idOf(given);
        if (before === ENABLED) await chain.send(enable(given));
        expect(await stateOf(id)).to.equal(before);
        expect(eventsOf(await chain.send(renounce(given)))).to.deep.equal([
          { name: "SessionRevoked", args: { account: safe(), id } },
        ]);
        expect(await stateOf(id)).to.equal(REVOKED);
        const attempt = execute(given, [pay(alice, 1n)], await grantOf(given));
        await refused(chain.call(attempt), "SessionIsRevoked", id);
        expect(eventsOf(await chain.send(renounce(given))), "a second time").to.deep.equal([]);
      }
    });
    it("works before the window, after it, and in another epoch", async () => {
      const early = session({ validAfter: T0 + DAY });
      const stale = session({ epoch: 7n });
      const over = session({ salt: 3n });
      await chain.send(renounce(early));
      await chain.send(renounce(stale));
      await chain.send(renounce(over), T0 + 30 * DAY);
      for (const one of [early, stale, over]) expect(await stateOf(await idOf(one))).to.equal(REVOKED);
    });
    it("is rejected for anyone but the key, including the account and its owner", async () => {
      for (const from of [stranger.address, safe()]) {
        await refused(chain.call({ ...renounce(session()), from }), "NotKey", from, key.address);
      }
    });
    it("only ends the key's own session", async () => {
      await chain.send(enable(session()));
      await chain.send(renounce(session({ key: stranger.address })));
      await chain.send(renounce(session({ salt: 9n })));
      await chain.send(execute(session(), [pay(alice, 1n)]));
    });
  });

  describe("revokeAll", () => {
    it("gives the account another epoch and emits it", async () => {
      expect(await epochOf(safe())).to.equal(0n);
      const [event] = eventsOf(await chain.send(revokeAll(safe())));
      const epoch = await epochOf(safe());
      expect(epoch).to.not.equal(0n);
      expect(event).to.deep.equal({ name: "EpochChanged", args: { account: safe(), epoch } });
      await chain.send(revokeAll(safe()));
      expect(await epochOf(safe())).to.not.equal(epoch);
    });
    it("ends enabled sessions and unused grants alike", async () => {
      const unused = session({ salt: 2n });
      await chain.send(enable(session()));
      const grant = await grantOf(unused);
      await chain.send(revokeAll(safe()));
      const epoch = await epochOf(safe());
      await refused(chain.call(execute(session(), [pay(alice, 1n)])), "WrongEpoch", 0, epoch);
      await refused(chain.call(execute(unused, [pay(alice, 1n)], grant)), "WrongEpoch", 0, epoch);
      expect(await stateOf(await idOf(session())), "its state is as it was").to.equal(ENABLED);
    });
    it("derives the epoch from the last block, so that nobody can hold a grant for it", async () => {
      const epochs = new Set<bigint>();
      for (const extraBlocks of [0, 1, 2]) {
        const snapshot = await chain.request<Hex>("evm_snapshot");
        for (let i = 0; i < extraBlocks; ++i) await chain.request("evm_mine");
        await chain.send(revokeAll(safe()));
        epochs.add(await epochOf(safe()));
        await chain.request("evm_revert", [snapshot]);
      }
      expect(epochs.size).to.equal(3);
    });
    it("only changes the calling account's epoch", async () => {
      await chain.send(revokeAll(stranger.address));
      expect(await epochOf(safe())).to.equal(0n);
    });
    it("is rejected with trailing calldata, as from a fallback handler", async () => {
      await setHandler(MODULE);
      await refused(throughHandler(encode("revokeAll", [])), "TrailingCalldata", 24, 4);
      await refused(throughHandler(encode("revoke", [pad("0x01")])), "TrailingCalldata", 56, 36);
    });
    it("lets the account grant again in the new epoch", async () => {
      await chain.send(revokeAll(safe()));
      const renewed = session({ epoch: await epochOf(safe()) });
      await chain.send(execute(renewed, [pay(alice, 1n)], await grantOf(renewed)));
      expect(await stateOf(await idOf(renewed))).to.equal(ENABLED);
    });
  });

  describe("budgetOf", () => {
    it("reports what is left and until when, for each period", async () => {
      await chain.send(enable(session()));
      await chain.send(execute(session(), [pay(alice, USD)]), T0 + 100);
      expect(await spentOf(session())).to.equal(USD);
      await chain.setTime(T0 + DAY);
      const next = await budgetOf(session());
      expect(next).to.deep.equal({
        period: 1n,
        released: 20n * USD,
        spent: 0n,
        resetsAt: BigInt(T0 + 2 * DAY),
      });
    });
    it("reports period 0 and nothing released before validAfter", async () => {
      const later = session({ validAfter: T0 + DAY });

      expect(await budgetOf(later)).to.deep.equal({
        period: 0n,
        released: 0n,
        spent: 0n,
        resetsAt: BigInt(T0 + 2 * DAY),
      });
    });
    it("rejects an index without a budget", async () => {
      const data = (index: bigint) => encode("budgetOf", [session({ budgets: [budget()] }), index]);
      await refused(chain.call({ to: MODULE, data: data(1n) }), "NoSuchBudget", 1);
      await refused(chain.call({ to: MODULE, data: data(2n ** 255n) }), "NoSuchBudget", 2n ** 255n);
    });
  });

  it("has no other function that writes: unknown calls and plain payments revert", async () => {
    expect(await revertOf(chain.call({ from: safe(), to: MODULE, data: "0x12345678" }))).to.match(/^0x/);
    expect(await revertOf(chain.call({ from: safe(), to: MODULE, value: 1n }))).to.match(/^0x/);
  });
});
