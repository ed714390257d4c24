import { expect } from "chai";
import { type Address, concat, type Hex, keccak256, pad, toHex } from "viem";
import { isGood } from "./authorization.ts";
import {
  ANYONE,
  alice,
  budget,
  chain,
  DAY,
  enable,
  encode,
  epochOf,
  execute,
  HANDLER,
  idOf,
  MODULE,
  nativeBudget,
  ODD_TOKEN,
  oddToken,
  ownArtifact,
  pay,
  payNative,
  refused,
  relayer,
  revoke,
  revokeAll,
  session,
  signExecution,
  stateOf,
  T0,
  USD,
  useChain,
} from "./fixture.ts";

const word = (n: bigint): Hex => pad(toHex(n));
/** The slot of `mapping(key => …)` at a slot. */
const under = (key: Hex, slot: Hex): Hex => keccak256(concat([pad(key), slot]));
const plus = (slot: Hex, n: number): Hex => word(BigInt(slot) + BigInt(n));

/** Where the module keeps a session's meters: the account is the innermost key. */
const recordOf = (id: Hex, account: Address): Hex => under(account, under(id, word(0n)));
const epochSlot = (account: Address): Hex => under(account, word(1n));
const nonceSlot = (id: Hex, account: Address, nonce: bigint): Hex =>
  under(account, under(keccak256(concat([id, word(nonce >> 8n)])), word(2n)));

const read = async (slot: Hex): Promise<bigint> => BigInt(await chain.storageAt(MODULE, slot));
const ENABLED = 1n << 248n;
const REVOKED = 2n << 248n;

/** The operations of a code, without the bytes that are pushed. */
function* opcodes(code: Hex): Generator<number> {
  const bytes = (code.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  for (let at = 0; at < bytes.length; ++at) {
    const opcode = bytes[at] as number;
    yield opcode;
    if (opcode >= 0x60 && opcode <= 0x7f) at += opcode - 0x5f;
  }
}

describe("the module's storage", () => {
  useChain();

  it("has state, period and spent of budget 0 in one word", async () => {
    const slot = recordOf(await idOf(session()), session().account);
    expect(await read(slot)).to.equal(0n);
    await chain.send(enable(session()));
    expect(await read(slot)).to.equal(ENABLED);
    await chain.send(execute(session(), [pay(alice, 7n)]), T0 + 3 * DAY);
    expect(await read(slot)).to.equal(ENABLED | (3n << 128n) | 7n);
    await chain.send(revoke(session().account, await idOf(session())));
    expect(await read(slot)).to.equal(REVOKED | (3n << 128n) | 7n);
  });
  it("has one word for each further budget, directly after it", async () => {
    const of = session({
      budgets: [budget(), budget({ token: ODD_TOKEN, signatures: 0, sizes: 0 }), nativeBudget()],
    });
    await chain.send(enable(of));
    await oddToken.mint(of.account, USD);
    await chain.send(
      execute(of, [pay(alice, 5n), pay(alice, 6n, ODD_TOKEN), payNative(alice, 7n)]),
      T0 + DAY,
    );
    const first = recordOf(await idOf(of), of.account);
    const words = [];
    for (let i = 0; i < 8; ++i) words.push(await read(plus(first, i)));
    const period = 1n << 128n;
    expect(words).to.deep.equal([ENABLED | period | 5n, period | 6n, period | 7n, 0n, 0n, 0n, 0n, 0n]);
  });
  it("has an epoch for each account", async () => {
    await chain.send(revokeAll(session().account));
    expect(await read(epochSlot(session().account))).to.equal(await epochOf(session().account));
    expect(await epochOf(session().account)).to.not.equal(0n);
  });
  it("packs the nonces of signed executions, 256 per word", async () => {
    await chain.send(enable(session()));
    const id = await idOf(session());
    for (const nonce of [0n, 255n, 256n + 9n]) {
      const calls = [pay(alice, 1n)];
      const signature = await signExecution(id, calls, { caller: ANYONE, nonce, deadline: T0 + DAY });
      const data = encode("executeSigned", [session(), "0x", calls, ANYONE, nonce, T0 + DAY, signature]);
      await chain.send({ from: relayer.address, to: MODULE, data });
    }
    expect(await read(nonceSlot(id, session().account, 0n))).to.equal((1n << 255n) | 1n);
    expect(await read(nonceSlot(id, session().account, 256n))).to.equal(1n << 9n);
  });
  it("is the account's associated storage (ERC-7562): a hash that ends in account and slot, plus less than 128", async () => {
    // What recordOf and nonceSlot compute is keccak256(account ‖ x), and a record has 8 words.
    await chain.send(enable(session()));
    const id = await idOf(session());
    const inner = keccak256(concat([id, word(0n)]));
    expect(recordOf(id, session().account)).to.equal(keccak256(concat([pad(session().account), inner])));
    expect(await read(recordOf(id, session().account))).to.equal(ENABLED);
  });
  it("is authoritative: nothing else writes there", async () => {
    const id = await idOf(session());
    await chain.setStorageAt(MODULE, recordOf(id, session().account), word(ENABLED));
    expect(await stateOf(id)).to.equal("ENABLED");
    await chain.send(execute(session(), [pay(alice, 1n)]));
  });
  it("with more spent than available makes every slot invalid", async () => {
    const id = await idOf(session());
    await chain.setStorageAt(MODULE, recordOf(id, session().account), word(ENABLED | (20n * USD + 1n)));
    expect(await isGood()).to.equal(false);
  });
  it("of an earlier period reads as nothing spent", async () => {
    const id = await idOf(session());
    await chain.setStorageAt(MODULE, recordOf(id, session().account), word(ENABLED | (20n * USD)));
    await chain.setTime(T0 + DAY);
    await chain.send(execute(session(), [pay(alice, USD)]));
    expect(await read(recordOf(id, session().account))).to.equal(ENABLED | (1n << 128n) | USD);
  });
  it("of a later period reads as fully spent, and does not go back, until that period starts", async () => {
    const id = await idOf(session());
    const stored = ENABLED | (1n << 128n) | USD;
    await chain.setStorageAt(MODULE, recordOf(id, session().account), word(stored));
    const payment = execute(session(), [pay(alice, 1n)]);
    await refused(chain.call(payment), "PeriodExceeded", chain.usdc.address, 1n, 0n, T0 + DAY);
    expect(await isGood(), "nor by signature").to.equal(false);
    expect(await read(recordOf(id, session().account))).to.equal(stored);
    await chain.setTime(T0 + DAY);
    await chain.send(payment);
    expect(await read(recordOf(id, session().account))).to.equal(stored + 1n);
  });
  it("does not keep the lock", async () => {
    await chain.send(enable(session()));
    await chain.send(execute(session(), [pay(alice, 1n)]));
    expect(await read(pad(session().account))).to.equal(0n);
  });
});

describe("the contracts' code", () => {
  useChain();
  const contracts = [
    ["SafeSessionModule", MODULE],
    ["SafeSessionHandler", HANDLER],
  ] as const;
  for (const [name, address] of contracts) {
    const artifact = () => ownArtifact(`contracts/accounts/safe/${name}.sol`, name);
    it(`of ${name} is what its creation code deploys, without arguments`, async () => {
      const receipt = (await chain.send({
        from: relayer.address,
        data: artifact().bytecode,
      } as never)) as unknown as {
        contractAddress: Address;
      };
      expect(await chain.codeOf(receipt.contractAddress)).to.equal(artifact().deployedBytecode);
      if (!process.env.LATCHKEY_CODE)
        expect(await chain.codeOf(address)).to.equal(artifact().deployedBytecode);
    });
    it(`of ${name} is below the limit of 24,576 bytes`, () => {
      expect((artifact().deployedBytecode.length - 2) / 2).to.be.lessThan(24_576);
    });
    it(`of ${name} has no DELEGATECALL, CALLCODE, CREATE, CREATE2 or SELFDESTRUCT`, () => {
      const forbidden = new Map([
        [0xf4, "DELEGATECALL"],
        [0xf2, "CALLCODE"],
        [0xf0, "CREATE"],
        [0xf5, "CREATE2"],
        [0xff, "SELFDESTRUCT"],
      ]);
      const found = [...opcodes(artifact().deployedBytecode)].flatMap(
        (opcode) => forbidden.get(opcode) ?? [],
      );
      expect(found).to.deep.equal([]);
    });
    it(`of ${name} has no immutables, so that it is the same on every chain`, () => {
      const { immutableReferences } = artifact() as unknown as { immutableReferences: object };
      expect(immutableReferences).to.deep.equal({});
    });
  }
});
