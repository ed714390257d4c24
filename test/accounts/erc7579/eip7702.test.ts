import { deployMock } from "@latchkey/accounts/deployMock";
import { removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import { ecdsaValidatorOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { kernelInitialization, nexusInitialization } from "@latchkey/accounts/erc7579/modularAccounts";
import { RELAYER, transferWithAuthorizationTypes, usdcAbi } from "@latchkey/devchain";
import type { Session } from "@latchkey/sdk";
import { encodeEnable, encodeRevoke, encodeRevokeAll } from "@latchkey/sdk/encoding";
import {
  encodeRevokeGranter,
  erc7579Installation,
  erc7579Removal,
  granterPrefix,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  getAddress,
  type Hex,
  pad,
  parseAbi,
  parseSignature,
  slice,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { DELEGATING_EOAS } from "../../environment/erc7579/delegatedAccounts.ts";
import { delegate, delegateOf, eoaOf, sendAsEoa, undelegate } from "../../environment/erc7579/delegation.ts";
import type { ModularAccountName } from "../../environment/erc7579/World7579.ts";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  bob,
  budget,
  digestOf,
  ENABLED,
  epochOf,
  execute,
  executeSigned,
  granterOf,
  grantOf,
  install,
  installValidator,
  installWithGranter,
  key,
  mallory,
  now,
  pay,
  REVOKED,
  sendUserOp,
  sessionOf,
  settle,
  stateOf,
  stranger,
  TOKEN_REFUSED,
  USD,
  userOpOf,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const isEoa = (name: ModularAccountName) => name.startsWith("an EOA");

/** A payment of $1 to Bob that the EOA signs as any EOA does, in the two forms that USDC takes it in. */
async function plainPayments(
  eoa: PrivateKeyAccount,
  nonce: Hex,
  payer: Address = eoa.address,
): Promise<Record<"bytes" | "split", Hex>> {
  const message = {
    from: payer,
    to: bob,
    value: USD,
    validAfter: 0n,
    validBefore: BigInt(now() + 3600),
    nonce: pad(nonce, { size: 32 }),
  };
  const signature = await eoa.signTypedData({
    domain: world().usdc.domain,
    types: transferWithAuthorizationTypes,
    primaryType: "TransferWithAuthorization",
    message,
  });
  const { r, s, yParity } = parseSignature(signature);
  const { from, to, value, validAfter, validBefore } = message;
  const fields = [from, to, value, validAfter, validBefore, message.nonce] as const;
  return {
    bytes: encodeFunctionData({
      abi: usdcAbi,
      functionName: "transferWithAuthorization",
      args: [...fields, signature],
    }),
    split: encodeFunctionData({
      abi: usdcAbi,
      functionName: "transferWithAuthorization",
      args: [...fields, yParity + 27, r, s],
    }),
  };
}

/** What the token says where it takes a payer for an ordinary EOA, and the signature is not from a key. */
const NO_SIGNATURE_OF_A_KEY = /ECRecover: invalid signature length/;

const submit = (data: Hex) => world().testChain.send({ from: RELAYER, to: world().usdc.address, data });

describe("an EOA that delegates to an ERC-7579 account by EIP-7702", () => {
  onEveryAccount((account) => {
    const eoa = () => eoaOf(DELEGATING_EOAS[account().kind as keyof typeof DELEGATING_EOAS]);
    const session = (changes: Partial<Session> = {}) => sessionOf(account(), changes);
    const byItself = (call: { to: Address; data: Hex }) => sendAsEoa(world().testChain, eoa(), call);
    const implementation = async () =>
      (await delegateOf(world().testChain, account().address)) ?? expect.fail("it does not delegate");

    /** Every rail, each with a payment of $1; another session for each, so that no limit is what refuses. */
    const rails = (of: (salt: bigint) => Session) => ({
      direct: () => execute(of(1n), [pay(alice, USD)]),
      relayed: () => executeSigned(of(2n), [pay(alice, USD)]),
      userOp: async () => {
        const { success, reason } = await sendUserOp(account(), of(3n), [pay(alice, USD)]);
        if (!success) throw new Error(`its execution failed: ${reason}`);
      },
      x402: () => settle(account(), of(4n)),
    });
    const salted = (salt: bigint) => session({ salt });
    const enabled = () => [1n, 2n, 3n, 4n].map(salted);

    it("is an account at its own address, and its key's transactions still work", async () => {
      expect(account().address).to.equal(eoa().address);
      await implementation();
      const before = await balanceOf(alice);
      const { target, data } = pay(alice, USD);
      await byItself({ to: target, data });
      expect(await balanceOf(alice)).to.equal(before + USD);
    });
    it("enables a session with its own transaction, without a signature", async () => {
      await install(account());
      await byItself(encodeEnable({ module: world().module, session: session() }));
      expect(await stateOf(session())).to.equal(ENABLED);
      await execute(session(), [pay(alice, USD)]);
      await settle(account(), session());
      expect(await balanceOf(alice)).to.equal(2n * USD);
    });
    it("revokes one session, and all sessions, with its own transaction", async () => {
      await install(account(), { sessions: [session(), session({ salt: 2n })] });
      await byItself(encodeRevoke({ module: world().module, session: session() }));
      expect(await stateOf(session())).to.equal(REVOKED);
      expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
      await execute(session({ salt: 2n }), [pay(alice, 1n)]);
      await byItself(encodeRevokeAll({ module: world().module }));
      expect(await refusal(execute(session({ salt: 2n }), [pay(alice, 1n)]))).to.include("WrongEpoch");
      expect(await refusal(settle(account(), session({ salt: 2n })))).to.match(TOKEN_REFUSED);
    });
    it("can no longer pay USDC with its key's plain signature: the token calls its code", async () => {
      const { bytes, split } = await plainPayments(eoa(), "0x01");
      for (const data of [bytes, split]) expect(await refusal(submit(data))).to.match(TOKEN_REFUSED);
      const delegated = await implementation();
      await undelegate(world().testChain, eoa());
      const before = await balanceOf(bob);
      await submit(bytes);
      await submit((await plainPayments(eoa(), "0x02")).split);
      expect(await balanceOf(bob)).to.equal(before + 2n * USD);
      await delegate(world().testChain, eoa(), delegated);
      expect(await refusal(submit((await plainPayments(eoa(), "0x03")).bytes))).to.match(TOKEN_REFUSED);
    });
    it("pays USDC with its key's plain signature if its code accepts one: the token only calls the code", async () => {
      const { testChain } = world();
      const { entryPoint } = account();
      const lenient = await deployMock(testChain, "RawSignatureDelegate", [entryPoint.address]);
      await delegate(testChain, eoa(), lenient.address);
      const before = await balanceOf(bob);
      await submit((await plainPayments(eoa(), "0x01")).bytes);
      await submit((await plainPayments(eoa(), "0x02")).split);
      expect(await balanceOf(bob)).to.equal(before + 2n * USD);
      const forged = await plainPayments(eoaOf("somebody else"), "0x03", eoa().address);
      for (const data of Object.values(forged)) expect(await refusal(submit(data))).to.match(TOKEN_REFUSED);
    });

    it("cannot be initialized by an outsider: it was initialized in the delegating transaction", async () => {
      const { testChain } = world();
      const validator = await ecdsaValidatorOwner(testChain, "an outsider");
      for (const data of [
        kernelInitialization(validator),
        encodeFunctionData({
          abi: parseAbi(["function initializeAccount(bytes initData) payable"]),
          functionName: "initializeAccount",
          args: [await nexusInitialization(testChain, validator)],
        }),
      ]) {
        expect(await refusal(testChain.send({ from: RELAYER, to: account().address, data }))).to.match(
          /revert/,
        );
      }
    });

    describe("and then no longer", () => {
      const unused = () => session({ salt: 9n });
      let [delegated, grant]: [Address, Hex] = ["0x", "0x"];

      beforeEach(async () => {
        await install(account(), { sessions: enabled() });
        grant = await grantOf(account(), unused());
        delegated = await implementation();
        await undelegate(world().testChain, eoa());
      });

      it("has no usable sessions on any rail, and no money moves", async () => {
        expect(await delegateOf(world().testChain, account().address)).to.equal(undefined);
        const { direct, relayed, userOp, x402 } = rails(salted);
        const unsupported = `UnsupportedAccount(${account().address})`;
        expect(await refusal(direct())).to.include(unsupported);
        expect(await refusal(relayed())).to.include(unsupported);
        // An EntryPoint 0.7 reverts with nothing where it asks an account without code.
        expect(await refusal(userOp())).to.match(/AA20|reverted without a reason|non-contract account/);
        expect(await refusal(x402())).to.match(NO_SIGNATURE_OF_A_KEY);
        expect(await refusal(execute(unused(), [pay(alice, USD)], grant))).to.include("NotGranted");
        expect(await refusal(settle(account(), unused(), { grant }))).to.match(NO_SIGNATURE_OF_A_KEY);
        expect(await balanceOf(alice)).to.equal(0n);
      });
      it("has them all again once it delegates to the same code: the module is not notified", async () => {
        for (const of of enabled()) expect(await stateOf(of)).to.equal(ENABLED);
        await delegate(world().testChain, eoa(), delegated);
        for (const rail of Object.values(rails(salted))) await rail();
        await execute(unused(), [pay(alice, USD)], grant);
        expect(await balanceOf(alice)).to.equal(5n * USD);
      });
      it("permanently ends them with revokeAll, which needs no code", async () => {
        await byItself(encodeRevokeAll({ module: world().module }));
        expect(await epochOf(account().address)).not.to.equal(0n);
        await delegate(world().testChain, eoa(), delegated);
        for (const [rail, use] of Object.entries(rails(salted))) {
          expect(await refusal(use()), rail).to.match(/WrongEpoch|AA24|FiatTokenV2: invalid signature/);
        }
        expect(await refusal(execute(unused(), [pay(alice, USD)], grant))).to.include("WrongEpoch");
        expect(await balanceOf(alice)).to.equal(0n);
      });
    });

    it("has no usable sessions with another account's code, until the module is installed there: then all", async () => {
      await install(account(), { sessions: enabled() });
      // A kind that keeps its lists of modules elsewhere: code with the same layout would find them again.
      const { testChain, module, accounts } = world();
      const other =
        account().kind === "openzeppelin"
          ? accounts["an EOA that runs Kernel 3.1"]
          : accounts["an EOA that runs OpenZeppelin AccountERC7579"];
      await delegate(testChain, eoa(), (await delegateOf(testChain, other.address)) as Address);
      const refused = /CallFailed|AA2[34]|FiatTokenV2: invalid signature/;
      for (const [rail, use] of Object.entries(rails(salted))) {
        expect(await refusal(use()), rail).to.match(refused);
      }
      expect(await balanceOf(alice)).to.equal(0n);
      const again = erc7579Installation({ kind: other.kind, account: account().address, module });
      for (const call of again) await byItself(call);
      await execute(salted(1n), [pay(alice, USD)]);
      expect(await balanceOf(alice)).to.equal(USD);
    });

    describe("and then to another account's code, where the granter's bytes name a weak validator", () => {
      /** The other code: one that reads the bytes before a signature in another way. */
      const other = () =>
        account().kind === "kernel"
          ? world().accounts["an EOA that runs OpenZeppelin AccountERC7579"]
          : world().accounts["an EOA that runs Kernel 3.1"];
      const there = () => ({ ...account(), kind: other().kind, entryPoint: other().entryPoint });
      /** An address, with the code of a validator of the tests. */
      const placeAt = async (address: Address, mock: string) => {
        const { testChain } = world();
        const deployed = await deployMock(testChain, mock);
        await testChain.setCode(address, (await testChain.client.getCode(deployed)) as Hex);
        return address;
      };
      const OF_VALIDATOR = "0x01";
      let granter: Hex;
      let weak: Address;

      /** The granter is named. On a Kernel it is the root validator, elsewhere a validator that knows the EOA's key. */
      beforeEach(async () => {
        if (account().kind === "kernel") {
          granter = granterPrefix({ kind: "kernel" });
          await install(account(), { granter });
          weak = await placeAt(getAddress(concat([granter, slice(mallory, 1)])), "BlindValidator");
        } else {
          const validator = await placeAt(
            getAddress(concat([OF_VALIDATOR, slice(bob, 1)])),
            "EcdsaOwnerValidator",
          );
          granter = await installWithGranter(account(), { validator, installation: eoa().address });
          weak = await placeAt(getAddress(concat([slice(validator, 1), "0x77"])), "BlindValidator");
        }
      });
      /** The EOA runs the other code from here on, with the weak validator and Latchkey, and names no granter there. */
      const moveOn = async () => {
        const { testChain, module } = world();
        const code = (await delegateOf(testChain, other().address)) as Address;
        const root = { ...(await ecdsaValidatorOwner(testChain, "root")), installation: eoa().address };
        await delegate(testChain, eoa(), code, other().kind === "kernel" ? kernelInitialization(root) : "0x");
        await byItself(installValidator(there(), weak));
        const { kind, address } = there();
        for (const call of erc7579Installation({ kind, account: address, module })) await byItself(call);
      };
      /** What a stranger writes for itself: $500 to its own address, with a grant that nobody signed. */
      const forged = async (salt: bigint) => {
        const of = session({
          key: stranger.address,
          epoch: await epochOf(account().address),
          salt,
          budgets: [budget({ perTransaction: 500n * USD, perPeriod: 500n * USD, recipients: [mallory] })],
        });
        const grant = concat([granterPrefix({ kind: there().kind, validator: weak }), "0x1234"]);
        const answer = await world().testChain.client.readContract({
          address: account().address,
          abi: parseAbi(["function isValidSignature(bytes32, bytes) view returns (bytes4)"]),
          functionName: "isValidSignature",
          args: [digestOf(of), grant],
        });
        expect(answer, "the weak validator agrees").to.equal("0x1626ba7e");
        return { of, grant };
      };
      const theft = () => [pay(mallory, 500n * USD)];
      /** Every rail, each with a session of its own. */
      const thefts = {
        direct: async () => {
          const { of, grant } = await forged(1n);
          await execute(of, theft(), grant, stranger.address);
        },
        relayed: async () => {
          const { of, grant } = await forged(2n);
          await executeSigned(of, theft(), grant, { by: stranger });
        },
        userOp: async () => {
          const { of, grant } = await forged(3n);
          await sendUserOp(there(), of, theft(), { grant, by: stranger });
        },
        x402: async () => {
          const { of, grant } = await forged(4n);
          await settle(there(), of, { grant, by: stranger, to: mallory, value: 500n * USD });
        },
      };
      const nothingPasses = async () => {
        for (const [rail, steal] of Object.entries(thefts)) {
          expect(await refusal(steal()), rail).to.match(/NotGranted|AA24|FiatTokenV2: invalid signature/);
        }
        expect(await balanceOf(mallory)).to.equal(0n);
      };

      for (const [rail, steal] of Object.entries(thefts)) {
        it(`lets a stranger grant after revokeAll, which leaves the granter (${rail})`, async () => {
          await byItself(encodeRevokeAll({ module: world().module }));
          expect(await granterOf(account().address)).to.equal(granter.toLowerCase());
          await moveOn();
          await steal();
          expect(await balanceOf(mallory)).to.equal(500n * USD);
        });
      }
      it("lets no stranger grant where the module was removed first, in one batch", async () => {
        await account().execute(erc7579Removal(await removalOf(account(), world().module)));
        await moveOn();
        await nothingPasses();
      });
      it("lets no stranger grant after encodeRevokeGranter, one transaction of the EOA", async () => {
        await byItself(encodeRevokeGranter({ module: world().module }));
        await moveOn();
        await nothingPasses();
      });
      it("lets no stranger grant after encodeRevokeGranter on the other code, or on none", async () => {
        await undelegate(world().testChain, eoa());
        await byItself(encodeRevokeGranter({ module: world().module }));
        expect(await granterOf(account().address)).to.equal("0x");
        await moveOn();
        await nothingPasses();
      });
      it("ends all that was granted before by encodeRevokeGranter, as by revokeAll", async () => {
        await byItself(encodeEnable({ module: world().module, session: session() }));
        const unused = session({ salt: 2n });
        const grant = concat([granter, await eoa().sign({ hash: digestOf(unused) })]);
        await byItself(encodeRevokeGranter({ module: world().module }));
        expect(await refusal(execute(session(), [pay(alice, 1n)]))).to.include("WrongEpoch");
        expect(await refusal(execute(unused, [pay(alice, 1n)], grant))).to.include("WrongEpoch");
        expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
      });
    });
  }, isEoa);

  onEveryAccount(
    (account) => {
      it("accepts a session's userOp with EIP-7702's delegation marker", async () => {
        const session = sessionOf(account());
        await install(account(), { sessions: [session] });
        const { entryPoint } = account();
        const plain = await userOpOf(account(), session, [pay(alice, USD)]);
        const marked = { ...plain, initCode: pad("0x7702", { dir: "right", size: 20 }) };
        // The mark changes the hash: the EntryPoint puts the delegate in its place.
        expect(await refusal(entryPoint.handle(marked))).to.include("AA24");
        const signature = await key.sign({ hash: await entryPoint.hash(marked) });
        expect((await entryPoint.handle({ ...marked, signature })).success).to.equal(true);
        expect(await balanceOf(alice)).to.equal(USD);
      });
    },
    (name) => name === "an EOA that runs OpenZeppelin AccountERC7579",
  );
});
