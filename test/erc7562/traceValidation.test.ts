import { deployMock } from "@latchkey/accounts/deployMock";
import { expect } from "chai";
import type { Address } from "viem";
import { refusal } from "../environment/refusal.ts";
import { openPlainAccounts, type PlainAccounts } from "./plainAccounts.ts";
import { traceValidation } from "./traceValidation.ts";
import { halves, nonceKeyOf, packedUserOp, paidBy } from "./userOp.ts";

/** In the order of the enum in RuleBreaker.sol: what a validator does, and which rules that breaks. */
const CONDUCTS: [name: string, ...rules: string[]][] = [
  ["nothing"],
  ["writes a slot of a mapping with the account innermost"],
  ["reads the 128th slot behind the account's"],
  ["reads the slot that is the account's address"],
  ["makes the account read its own storage"],
  ["touches transient storage associated with the account"],
  ["leaves all its gas to a call"],
  ["asks P256VERIFY"],
  ["reads a slot of another contract", "STO-021"],
  ["writes a slot of its own", "STO-021"],
  ["reads a mapping with the account outermost", "STO-021"],
  ["reads the 129th slot behind the account's", "STO-021"],
  ["reads what is another account's", "STO-021"],
  ["touches transient storage that is nobody's", "STO-021", "STO-021"],
  ["looks at the time", "OP-011"],
  ["looks at the block's number", "OP-011"],
  ["looks at the transaction's sender", "OP-011"],
  ["looks at the gas price", "OP-011"],
  ["looks at the base fee", "OP-011"],
  ["looks at a block's hash", "OP-011"],
  ["looks at the block's beneficiary", "OP-011"],
  ["looks at the block's randomness", "OP-011"],
  ["looks at the block's gas limit", "OP-011"],
  ["looks at the blob base fee", "OP-011"],
  ["looks at how much gas is left", "OP-012"],
  ["looks at a balance", "OP-080"],
  ["looks at its own balance", "OP-080"],
  // The created contract writes a slot of its own.
  ["creates a contract", "OP-011", "STO-021"],
  ["creates a contract by CREATE2", "OP-031", "STO-021"],
  ["lets a call run out of gas", "OP-020"],
  ["lets a call end in the invalid opcode", "OP-011"],
  ["calls an address without code", "OP-041"],
  ["looks at the code of an address without code", "OP-041"],
  ["sends ether", "OP-061"],
  ["asks the entry point something", "OP-054"],
  ["makes a deposit at the entry point", "OP-054"],
  ["asks a missing precompile", "OP-062"],
];

describe("the check of ERC-7562", () => {
  let world: PlainAccounts;
  let restore: () => Promise<void>;
  before(async function () {
    this.timeout(60_000);
    world = await openPlainAccounts("0.7");
    restore = await world.takeSnapshot();
  });
  afterEach(async () => {
    await restore();
    restore = await world.takeSnapshot();
  });

  const accountWith = (validator: Address, number = 0n) =>
    world.create(number, [{ moduleTypeId: 1n, module: validator, initData: "0x" }]);
  const validating = (account: Address, validator: Address, changes = {}) =>
    packedUserOp({ sender: account, nonce: nonceKeyOf(validator) << 64n, ...changes });

  for (const [conduct, [name, ...rules]] of CONDUCTS.entries()) {
    const verdict = rules.length === 0 ? "passes" : `finds ${[...new Set(rules)].join(", ")} in`;
    it(`${verdict} a validator that ${name}`, async () => {
      const validator = await deployMock(world.chain, "RuleBreaker", [conduct]);
      await world.chain.setBalance(validator.address, 10n ** 18n);
      const account = await accountWith(validator.address);
      const found = await traceValidation(
        world.chain,
        world.entryPoint,
        validating(account, validator.address),
      );
      expect(found.violations.map(({ rule }) => rule)).to.deep.equal(rules);
      expect(found.contracts, "the validator ran").to.include(validator.address.toLowerCase());
      for (const { entity } of found.violations) expect(entity).to.equal("account");
    });
  }

  it("does not judge a userOp that the EntryPoint rejects", async () => {
    const { validator, installation } = world.owners.ecdsa;
    const account = await world.create(0n, [{ moduleTypeId: 1n, module: validator, initData: installation }]);
    const userOp = validating(account, validator, { signature: `0x${"00".repeat(65)}` });
    const text = await refusal(traceValidation(world.chain, world.entryPoint, userOp));
    expect(text).to.contain("AA24 signature error");
  });

  it("finds STO-022 where the userOp creates the account and the factory has no stake, and passes one that has", async () => {
    const validator = await deployMock(world.chain, "RuleBreaker", [1]);
    const account = await world.addressOf(5n);
    await world.deposit(account);
    const initCode = world.initCode(5n, [{ moduleTypeId: 1n, module: validator.address, initData: "0x" }]);
    const userOp = validating(account, validator.address, { initCode });
    const found = await traceValidation(world.chain, world.entryPoint, userOp);
    expect(found.violations.map(({ rule }) => rule)).to.deep.equal(["STO-022", "STO-022"]);
    expect(found.contracts).to.include(world.factory.address.toLowerCase());

    await world.factory.write("addStake", [86_400], { value: 10n ** 18n });
    expect((await traceValidation(world.chain, world.entryPoint, userOp)).violations).to.deep.equal([]);
  });

  it("ignores a stake that is a second too short, or a wei too small", async () => {
    const validator = await deployMock(world.chain, "RuleBreaker", [1]);
    const account = await world.addressOf(5n);
    await world.deposit(account);
    const initCode = world.initCode(5n, [{ moduleTypeId: 1n, module: validator.address, initData: "0x" }]);
    const userOp = validating(account, validator.address, { initCode });
    await world.factory.write("addStake", [86_399], { value: 10n ** 18n - 1n });
    await world.factory.write("addStake", [86_400], { value: 0n });
    expect((await traceValidation(world.chain, world.entryPoint, userOp)).violations).to.have.length(2);
    await world.factory.write("addStake", [86_400], { value: 1n });
    expect((await traceValidation(world.chain, world.entryPoint, userOp)).violations).to.have.length(0);
  });

  it("lets a paymaster count in its own storage only if it has a stake", async () => {
    const validator = await deployMock(world.chain, "RuleBreaker", [0]);
    const account = await accountWith(validator.address);
    const paymaster = await deployMock(world.chain, "OpenPaymaster", [world.entryPoint, true]);
    await paymaster.write("deposit", [], { value: 10n ** 18n });
    const userOp = validating(account, validator.address, { paymasterAndData: paidBy(paymaster.address) });
    const found = await traceValidation(world.chain, world.entryPoint, userOp);
    expect(found.violations.map(({ rule, entity }) => [rule, entity])).to.deep.equal([
      ["STO-031", "paymaster"],
      ["STO-031", "paymaster"],
    ]);
    await paymaster.write("addStake", [86_400], { value: 10n ** 18n });
    expect((await traceValidation(world.chain, world.entryPoint, userOp)).violations).to.deep.equal([]);
  });

  it("passes an account that pays its own gas to the entry point", async () => {
    const validator = await deployMock(world.chain, "RuleBreaker", [0]);
    const account = await accountWith(validator.address);
    // More than the deposit covers: the account must add to it.
    const gasFees = halves(1n, 3n * 10n ** 11n);
    const userOp = validating(account, validator.address, { gasFees });
    expect(await refusal(traceValidation(world.chain, world.entryPoint, userOp))).to.contain("AA21");
    await world.chain.setBalance(account, 10n ** 18n);
    expect((await traceValidation(world.chain, world.entryPoint, userOp)).violations).to.deep.equal([]);
  });
});
