import { expect } from "chai";
import { type Address, concat, type Hex, toHex, zeroAddress } from "viem";
import {
  ANYONE,
  act,
  actAction,
  alice,
  approve,
  bob,
  type Call,
  chain,
  DAY,
  enable,
  encode,
  execute,
  grantOf,
  idOf,
  key,
  MAX_UINT256,
  MODULE,
  mallory,
  nonceUsed,
  OTHER_MODULE,
  owner,
  pay,
  refused,
  relayer,
  revertOf,
  revoke,
  type Session,
  session,
  signExecution,
  spentOf,
  stateOf,
  stranger,
  T0,
  USD,
  useChain,
} from "./fixture.ts";

type Terms = {
  of?: Session;
  calls?: readonly Call[];
  grant?: Hex;
  caller?: Address;
  nonce?: bigint;
  deadline?: number;
  from?: Address;
  keySignature?: Hex;
  /** What is signed, where it is not what is submitted. */
  signed?: { id?: Hex; calls?: readonly Call[] } & Partial<Parameters<typeof signExecution>[2]>;
};

/** A signed execution, submitted by the relayer. */
async function signed(terms: Terms = {}) {
  const {
    of = session(),
    calls = [pay(alice, USD)],
    grant = "0x",
    caller = ANYONE,
    nonce = 0n,
    deadline = T0 + DAY,
    from = relayer.address,
  } = terms;
  const { id = await idOf(of), calls: signedCalls = calls, ...rest } = terms.signed ?? {};
  const keySignature =
    terms.keySignature ?? (await signExecution(id, signedCalls, { caller, nonce, deadline, ...rest }));
  const data = encode("executeSigned", [of, grant, calls, caller, nonce, deadline, keySignature]);
  return { from, to: MODULE, data };
}
/** The order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("executeSigned", () => {
  useChain();
  beforeEach(async () => {
    await chain.send(enable(session()));
  });

  it("pays with the key's signature, from any sender if it allows ANYONE", async () => {
    await chain.send(await signed());
    expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
    expect(await spentOf(session())).to.equal(USD);
    await chain.send(await signed({ nonce: 1n, from: mallory }));
    expect(await chain.usdc.balanceOf(alice)).to.equal(2n * USD);
  });
  it("is for the named caller only", async () => {
    await chain.send(await signed({ caller: relayer.address }));
    for (const from of [stranger.address, key.address, owner.address, session().account]) {
      const attempt = chain.call(await signed({ caller: relayer.address, nonce: 1n, from }));
      await refused(attempt, "CallerNotAllowed", from, relayer.address);
    }
  });
  it("is for nobody if the caller is 0", async () => {
    await refused(
      chain.call(await signed({ caller: zeroAddress })),
      "CallerNotAllowed",
      relayer.address,
      zeroAddress,
    );
    const fromZero = await signed({ caller: zeroAddress, from: zeroAddress });
    await refused(chain.call(fromZero), "CallerNotAllowed", zeroAddress, zeroAddress);
  });
  it("is valid once", async () => {
    await chain.send(await signed({ nonce: 5n }));
    await refused(chain.call(await signed({ nonce: 5n })), "NonceAlreadyUsed", 5);
    const other = await signed({ nonce: 5n, calls: [pay(bob, 1n)] });
    await refused(chain.call(other), "NonceAlreadyUsed", 5);
  });
  it("accepts nonces in any order, independently, of any size", async () => {
    const id = await idOf(session());
    const nonces = [300n, 0n, 255n, 256n, 1n, 511n, 2n ** 255n, MAX_UINT256, MAX_UINT256 - 1n];
    for (const [i, nonce] of nonces.entries()) {
      for (const [j, other] of nonces.entries())
        expect(await nonceUsed(id, session().account, other), `${other} after ${i}`).to.equal(j < i);
      await chain.send(await signed({ nonce, calls: [pay(alice, 1n)] }));
    }
    for (const nonce of nonces) await refused(chain.call(await signed({ nonce })), "NonceAlreadyUsed", nonce);
  });
  it("counts nonces per session and account", async () => {
    const other = session({ salt: 2n });
    const elsewhere = session({ account: chain.safes["1.5.0"] });
    for (const one of [other, elsewhere]) await chain.send(enable(one));
    for (const one of [session(), other, elsewhere]) {
      await chain.send(await signed({ of: one }));
      expect(await nonceUsed(await idOf(one), one.account, 0n)).to.equal(true);
    }
    expect(await nonceUsed(await idOf(other), elsewhere.account, 0n)).to.equal(false);
  });
  it("leaves the nonce unused when it reverts, until the deadline", async () => {
    await chain.usdc.deal(session().account, 0n);
    await revertOf(chain.send(await signed()));
    expect(await nonceUsed(await idOf(session()), session().account, 0n)).to.equal(false);
    await chain.usdc.deal(session().account, USD);
    await chain.send(await signed());
    expect(await chain.usdc.balanceOf(alice)).to.equal(USD);
  });
  it("is valid until the deadline, inclusive", async () => {
    await chain.setTime(T0 + DAY);
    await chain.call(await signed());
    await chain.setTime(T0 + DAY + 1);
    await refused(chain.call(await signed()), "DeadlinePassed", T0 + DAY);
  });
  it("may have the last possible deadline", async () => {
    await chain.call(await signed({ deadline: 2 ** 48 - 1 }));
  });
  it("enforces the session's window, limits and state", async () => {
    const over = await signed({ calls: [pay(alice, USD + 1n)] });
    await refused(chain.call(over), "PerTransactionExceeded", chain.usdc.address, USD + 1n, USD);
    await refused(chain.call(await signed({ calls: [] })), "EmptyBatch");
    const late = await signed({ deadline: T0 + 30 * DAY });
    await chain.setTime(T0 + 7 * DAY - 1);
    await chain.call(late);
    await chain.setTime(T0 + 7 * DAY);
    await refused(chain.call(late), "Expired", T0 + 7 * DAY);
  });
  it("is refused once the session is REVOKED", async () => {
    await chain.send(revoke(session().account, await idOf(session())));
    await refused(chain.call(await signed()), "SessionIsRevoked", await idOf(session()));
  });
  it("enables a session with the grant it carries", async () => {
    const unseen = session({ salt: 2n });
    await refused(chain.call(await signed({ of: unseen })), "NotGranted", await idOf(unseen));
    await chain.send(await signed({ of: unseen, grant: await grantOf(unseen) }));
    expect(await stateOf(await idOf(unseen))).to.equal("ENABLED");
  });

  describe("is rejected if the key signed", () => {
    const bad = async (terms: Terms) => refused(chain.call(await signed(terms)), "InvalidKeySignature");
    it("other calls: another target, value, bytes, order, one more, one less", async () => {
      const acting = session({ salt: 2n, actions: [actAction()] });
      await chain.send(enable(acting));
      const submitted = [act(), act({ value: 0n })];
      for (const other of [
        [act({ target: mallory }), act()],
        [act({ value: 1n }), act()],
        [act({ data: concat([act().data, "0x00"]) }), act()],
        [act()],
        [act(), act(), act()],
        [],
      ])
        await bad({ of: acting, calls: submitted, signed: { calls: other } });
      const payments = [pay(alice, 1n), approve(alice, 0n)];
      await bad({ calls: payments, signed: { calls: [...payments].reverse() } });
    });
    it("another session", () => bad({ signed: { id: toHex(1, { size: 32 }) } }));
    it("another caller", () => bad({ signed: { caller: relayer.address } }));
    it("another nonce", () => bad({ signed: { nonce: 1n } }));
    it("another deadline", () => bad({ signed: { deadline: T0 + DAY + 1 } }));
    it("for another chain", () => bad({ signed: { chainId: 8453 } }));
    it("for another module", () => bad({ signed: { module: OTHER_MODULE } }));
    it("nothing, and another key did", async () => {
      for (const by of [owner, stranger]) await bad({ signed: { by } });
    });
    it("with invalid signature bytes: empty, 64, 66, garbage", async () => {
      const good = await signExecution(await idOf(session()), [pay(alice, USD)], {
        caller: ANYONE,
        nonce: 0n,
        deadline: T0 + DAY,
      });
      await chain.call(await signed({ keySignature: good }));
      const s = BigInt(`0x${good.slice(66, 130)}`);
      const parity = good.endsWith("1c") ? 1n : 0n;
      const compact = concat([good.slice(0, 66) as Hex, toHex(s | (parity << 255n), { size: 32 })]);
      for (const keySignature of [
        "0x",
        compact,
        concat([good, "0x00"]),
        good.slice(0, -2) as Hex,
        `0x${"00".repeat(65)}`,
        `0x${"ff".repeat(65)}`,
        `0x${"00".repeat(64)}1b`,
      ] as Hex[])
        await bad({ keySignature });
    });
    it("with v other than 27 and 28", async () => {
      const good = await signExecution(await idOf(session()), [pay(alice, USD)], {
        caller: ANYONE,
        nonce: 0n,
        deadline: T0 + DAY,
      });
      for (const v of ["00", "01", "1a", "1d", "ff", good.endsWith("1c") ? "1b" : "1c"])
        await bad({ keySignature: `${good.slice(0, -2) as Hex}${v}` });
    });
    it("with a high s", async () => {
      const good = await signExecution(await idOf(session()), [pay(alice, USD)], {
        caller: ANYONE,
        nonce: 0n,
        deadline: T0 + DAY,
      });
      const s = ORDER - BigInt(`0x${good.slice(66, 130)}`);
      const v = good.endsWith("1c") ? "1b" : "1c";
      await bad({ keySignature: concat([good.slice(0, 66) as Hex, toHex(s, { size: 32 }), `0x${v}`]) });
    });
    it("the id itself, or the struct hash without the domain", async () => {
      await bad({ keySignature: await key.sign({ hash: await idOf(session()) }) });
    });
  });

  it("is rejected with malformed calls", async () => {
    const { data, ...rest } = await signed();
    // The list of calls is argument 2; its only element's offset stands behind its length.
    const at = 10 + 64 * (Number(BigInt(`0x${data.slice(10 + 128, 10 + 192)}`)) / 32 + 1);
    const bent = `${data.slice(0, at)}${"f".repeat(64)}${data.slice(at + 64)}` as Hex;
    await refused(chain.call({ ...rest, data: bent }), "MalformedCall", 0);
  });
  it("shares its budget with execute", async () => {
    for (let i = 0; i < 20; ++i) {
      if (i % 2) await chain.send(await signed({ nonce: BigInt(i) }));
      else await chain.send(execute(session(), [pay(alice, USD)]));
    }
    const over = await signed({ nonce: 99n, calls: [pay(alice, 1n)] });
    await refused(chain.call(over), "PeriodExceeded", chain.usdc.address, 1, 0, T0 + DAY);
  });
});
