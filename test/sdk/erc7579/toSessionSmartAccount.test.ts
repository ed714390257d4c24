import { ANYONE, type CallRequest, type EncodedCall, type Grant, type Session } from "@latchkey/sdk";
import { encodeEnable, encodePause, encodeResume, encodeRevoke } from "@latchkey/sdk/encoding";
import {
  encodeSessionUserOpCallData,
  erc7579Installation,
  toSessionSmartAccount,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { createSmartAccountClient } from "permissionless";
import { type Address, type Hex, hexToBigInt, zeroAddress } from "viem";
import type { PaymasterActions, UserOperation } from "viem/account-abstraction";
import {
  alice,
  balanceOf,
  bob,
  budget,
  ENABLED,
  gasSpentBy,
  install,
  key,
  mallory,
  pay,
  sendUserOp,
  sessionOf,
  stateOf,
  stranger,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { codeOf } from "./codeOf.ts";
import { bundlerClientOf, FEES, inProcessBundler } from "./inProcessBundler.ts";
import { grantBy } from "./sessionGrants.ts";
import { sponsorOf } from "./sponsor.ts";

/** Enough for every userOp of these tests, in wei. */
const GAS_ALLOWANCE = 10n ** 18n;

/** A payment as viem's clients take it. */
const payment = (to = alice, amount = USD) => {
  const { target, data } = pay(to, amount);
  return { to: target, data };
};

describe("the smart account of a session", () => {
  onEveryAccount((account) => {
    const open = async (grant: Grant, lane = 0) => {
      const { testChain } = world();
      const { entryPoint } = account();
      const { address, version } = entryPoint;
      const parameters = { client: testChain.client, key, grant, entryPoint: { address, version }, lane };
      const smartAccount = await toSessionSmartAccount(parameters);
      const bundler = inProcessBundler(testChain, entryPoint);
      return { smartAccount, bundler, client: bundlerClientOf(testChain, bundler, smartAccount) };
    };
    const openSession = async (changes: Partial<Session> = {}) => {
      const grant = await grantBy(account(), { gasAllowance: GAS_ALLOWANCE, ...changes });
      return { grant, ...(await open(grant)) };
    };
    const paymaster = () => sponsorOf(account());

    it("pays by viem's bundler client, the grant carried by the first userOp only", async () => {
      await install(account());
      const { bundler, client, grant, smartAccount } = await openSession();
      await client.sendUserOperation({ calls: [payment()] });
      expect(await stateOf(sessionOf(account(), { gasAllowance: GAS_ALLOWANCE }))).to.equal(ENABLED);
      await client.sendUserOperation({ calls: [payment()] });
      expect(bundler.outcomes.map(({ success }) => success)).to.deep.equal([true, true]);
      expect(await balanceOf(alice)).to.equal(2n * USD);
      const [first, second] = bundler.sent.map(({ callData }) => callData as Hex) as [Hex, Hex];
      const session = { module: grant.module, session: grant.session };
      const calls = [payment()];
      expect(first).to.equal(encodeSessionUserOpCallData({ session, signature: grant.signature, calls }));
      expect(second).to.equal(encodeSessionUserOpCallData({ session, calls }));
      expect(await smartAccount.decodeCalls?.(first)).to.deep.equal([{ ...payment(), value: 0n }]);
    });

    it("pays by permissionless' smart account client, several payments at once", async () => {
      await install(account());
      const { smartAccount, bundler } = await openSession();
      const client = createSmartAccountClient({
        account: smartAccount,
        client: world().testChain.client as never,
        bundlerTransport: bundler.transport,
        userOperation: { estimateFeesPerGas: async () => FEES },
      });
      await client.sendUserOperation({ calls: [payment(alice, 1n), payment(alice, 2n)] });
      expect(await balanceOf(alice)).to.equal(3n);
    });

    it("asks for as much verification gas as it needs, and not for twice as much", async () => {
      await install(account());
      const { smartAccount, bundler, client } = await openSession();
      for (const _ of ["with the grant", "without"]) {
        const prepared = await client.prepareUserOperation({ calls: [payment(alice, 1n)] });
        const verificationGasLimit = prepared.verificationGasLimit / 2n;
        const starved = { ...prepared, verificationGasLimit } as UserOperation;
        const signature = await smartAccount.signUserOperation(starved as never);
        const attempt = client.sendUserOperation({ ...starved, signature } as never);
        await attempt.then(
          () => expect.fail("half the gas was enough"),
          (error: Error) => expect(error.message).to.match(/AA2[36]|AA24|FailedOp/),
        );
        await client.sendUserOperation({ calls: [payment(alice, 1n)] });
      }
      expect(bundler.outcomes.length).to.equal(2);
      expect(await balanceOf(alice)).to.equal(2n);
    });

    it("is sponsored by the paymaster that the session names, and asks no other", async () => {
      await install(account());
      const { address } = world().paymasters[account().entryPoint.version];
      const { client, bundler } = await openSession({ paymaster: address });
      const deposit = await account().entryPoint.depositOf(account().address);
      await client.sendUserOperation({ calls: [payment()], paymaster: paymaster() });
      await client.sendUserOperation({ calls: [payment()], paymaster: paymaster() });
      expect(bundler.outcomes.map(({ success }) => success)).to.deep.equal([true, true]);
      expect(await account().entryPoint.depositOf(account().address)).to.equal(deposit);
      const other = await openSession({ paymaster: mallory, salt: 2n });
      const attempt = other.client.sendUserOperation({ calls: [payment()], paymaster: paymaster() });
      expect(await codeOf(attempt)).to.equal("PAYMASTER");
      expect(other.bundler.sent).to.deep.equal([]);
    });

    it("refuses a paymaster at address zero, which the session of any paymaster does not mean", async () => {
      await install(account());
      const { client } = await openSession({ paymaster: ANYONE });
      const prepared = await client.prepareUserOperation({ calls: [payment()] });
      const named = { ...prepared, paymaster: zeroAddress, paymasterData: "0x" } as never;
      expect(await codeOf(client.account.signUserOperation(named))).to.equal("PAYMASTER");
    });

    it("is refused with the module's reason before anything is signed or sent", async () => {
      await install(account());
      const { client, bundler, grant } = await openSession();
      const refusalOf = (...calls: { to: Address; data: Hex }[]) =>
        codeOf(client.sendUserOperation({ calls }));
      expect(await refusalOf(payment(mallory))).to.equal("RECIPIENT");
      expect(await refusalOf(payment(alice, USD + 1n))).to.equal("PER_TRANSACTION");
      expect(await refusalOf({ to: mallory, data: "0x12345678" })).to.equal("CALL_NOT_ALLOWED");
      for (let i = 0; i < 3; i++) await client.sendUserOperation({ calls: [payment()] });
      expect(await refusalOf(payment())).to.equal("PERIOD");
      const over = await openSession({ validAfter: 1, validUntil: 2, salt: 3n });
      expect(await codeOf(over.client.sendUserOperation({ calls: [payment()] }))).to.equal("EXPIRED");
      const foreign = await open({ ...grant, session: { ...grant.session, salt: 9n } });
      expect(await codeOf(foreign.client.sendUserOperation({ calls: [payment()] }))).to.equal("NOT_GRANTED");
      await account().execute([encodePause(grant)]);
      expect(await refusalOf(payment())).to.equal("PAUSED");
      await account().execute([encodeResume(grant), encodeRevoke(grant)]);
      expect(await refusalOf(payment())).to.equal("REVOKED");
      expect(bundler.sent.length).to.equal(3);
    });

    it("is refused where the account has not installed the module", async () => {
      const { client } = await openSession();
      const attempt = client.sendUserOperation({ calls: [payment()] });
      expect(await codeOf(attempt)).to.equal("MODULE_NOT_ENABLED");
    });

    it("is refused where the account has the module as executor only, which may act but not validate", async () => {
      const { grant, client, bundler } = await openSession();
      const { kind, address } = account();
      const [, executor] = erc7579Installation({ kind, account: address, module: world().module });
      await account().execute([executor as EncodedCall, encodeEnable(grant)]);
      expect(await codeOf(client.sendUserOperation({ calls: [payment()] }))).to.equal("MODULE_NOT_ENABLED");
      expect(bundler.sent).to.deep.equal([]);
    });

    it("names the factory only where the account is yet to be made, and passes on what the factory says", async () => {
      const grant = await grantBy(account());
      const { entryPoint } = account();
      const { usdc, testChain } = world();
      const { client } = testChain;
      const factory = { address: usdc.address, data: "0x12345678" } as const;
      const made = await toSessionSmartAccount({ client, key, grant, entryPoint, factory });
      expect((await made.getFactoryArgs()).factory).to.equal(undefined);
      const unmade: Grant = { ...grant, session: { ...grant.session, account: mallory } };
      const newcomer = await toSessionSmartAccount({ client, key, grant: unmade, entryPoint, factory });
      expect(await newcomer.getFactoryArgs()).to.deep.equal({
        factory: usdc.address,
        factoryData: "0x12345678",
      });
      const bundler = inProcessBundler(testChain, entryPoint);
      const sender = bundlerClientOf(testChain, bundler, newcomer);
      expect(await codeOf(sender.sendUserOperation({ calls: [payment()] }))).to.equal("UNKNOWN");
      const orphan = await toSessionSmartAccount({ client, key, grant: unmade, entryPoint });
      const attempt = bundlerClientOf(testChain, bundler, orphan).sendUserOperation({ calls: [payment()] });
      await attempt.then(
        () => expect.fail("it was sent"),
        (error: Error) => expect(error.message).to.contain("is not deployed"),
      );
    });

    it("keeps to the session's gas allowance, which it is charged as the module charges it", async () => {
      await install(account());
      const broke = await openSession({ gasAllowance: 0n });
      expect(await codeOf(broke.client.sendUserOperation({ calls: [payment()] }))).to.equal("GAS_ALLOWANCE");
      const { client, bundler } = await openSession();
      const session = sessionOf(account(), { gasAllowance: GAS_ALLOWANCE });
      await client.sendUserOperation({ calls: [payment()] });
      const [sent] = bundler.sent as [Record<string, Hex>];
      const gas = (name: string) => hexToBigInt(sent[name] as Hex);
      const limits = gas("callGasLimit") + gas("verificationGasLimit") + gas("preVerificationGas");
      expect(await gasSpentBy(session)).to.equal(limits * FEES.maxFeePerGas);
      const prepared = await client.prepareUserOperation({ calls: [payment()] });
      const absurd = { ...prepared, maxFeePerGas: GAS_ALLOWANCE } as never;
      expect(await codeOf(client.account.signUserOperation(absurd))).to.equal("GAS_ALLOWANCE");
      const most = { ...prepared, maxFeePerGas: 1n, callGasLimit: GAS_ALLOWANCE } as never;
      expect(await codeOf(client.account.signUserOperation(most))).to.equal("GAS_ALLOWANCE");
    });

    it("has lanes, whose userOps do not wait for each other", async () => {
      await install(account());
      const { grant, client } = await openSession();
      await client.sendUserOperation({ calls: [payment(alice, 1n)] });
      const other = (await open(grant, 1)).client;
      const [first, second] = [
        await client.prepareUserOperation({ calls: [payment(alice, 2n)] }),
        await other.prepareUserOperation({ calls: [payment(alice, 4n)] }),
      ];
      // Prepared userOps have a signature that says nothing, which viem would send along.
      await other.sendUserOperation({ ...second, signature: undefined } as never);
      await client.sendUserOperation({ ...first, signature: undefined } as never);
      expect(await balanceOf(alice)).to.equal(7n);
      expect(await client.account.getNonce({ key: 1n })).to.equal(second.nonce + 1n);
    });

    it("signs no other payment that a paymaster's service puts into the userOp", async () => {
      await install(account());
      const { client, bundler, grant } = await openSession({ paymaster: ANYONE });
      const stolen = encodeSessionUserOpCallData({
        session: { module: grant.module, session: grant.session },
        signature: grant.signature,
        calls: [payment(alice, USD)],
      });
      const own = paymaster();
      const hostile = {
        getPaymasterStubData: own.getPaymasterStubData,
        getPaymasterData: async (userOp: never) => ({
          ...(await own.getPaymasterData(userOp)),
          callData: stolen,
        }),
      } as unknown as PaymasterActions;
      const attempt = client.sendUserOperation({ calls: [payment(alice, 1n)], paymaster: hostile });
      expect(await codeOf(attempt)).to.equal("INVALID_CALLDATA");
      expect(bundler.sent).to.deep.equal([]);
      expect(await balanceOf(alice)).to.equal(0n);
    });

    describe("signs calls once", () => {
      /** A session that pays as one call by the account itself, and one that pays through the module. */
      const forms = () => [{ budgets: [budget({ signatures: 0, sizes: 0 })] }, {}];
      const outcomeOf = async (attempt: Promise<unknown>) => {
        try {
          await attempt;
          return "signed";
        } catch (error) {
          return codeOf(Promise.reject(error));
        }
      };

      it("so that no paymaster has an earlier payment made again in place of the one that is asked for", async () => {
        await install(account());
        const { address } = world().paymasters[account().entryPoint.version];
        let salt = 1n;
        for (const form of forms()) {
          const { client, bundler } = await openSession({ ...form, paymaster: address, salt: salt++ });
          // The second carries no grant, so that its callData would be good once more.
          for (let i = 0; i < 2; i++) await client.sendUserOperation({ calls: [payment(alice, 5n)] });
          const callData = bundler.sent.at(-1)?.callData;
          const paid = await balanceOf(alice);
          const own = paymaster();
          const again = (ask: "getPaymasterStubData" | "getPaymasterData") => async (userOp: never) => ({
            ...(await own[ask]({ ...(userOp as object), callData } as never)),
            callData,
          });
          for (const hostile of [
            { getPaymasterStubData: own.getPaymasterStubData, getPaymasterData: again("getPaymasterData") },
            {
              getPaymasterStubData: again("getPaymasterStubData"),
              getPaymasterData: again("getPaymasterData"),
            },
          ]) {
            const attempt = client.sendUserOperation({
              calls: [payment(bob, 1n)],
              paymaster: hostile as unknown as PaymasterActions,
            });
            expect(await codeOf(attempt)).to.equal("INVALID_CALLDATA");
          }
          expect(await balanceOf(alice)).to.equal(paid);
          expect(await balanceOf(bob)).to.equal(0n);
        }
      });

      it("but for the same nonce as often as wanted, and for another once they are encoded again", async () => {
        await install(account());
        let salt = 1n;
        for (const form of forms()) {
          const { client, smartAccount } = await openSession({ ...form, salt: salt++ });
          const calls = [payment(alice, 1n)];
          const prepared = await client.prepareUserOperation({ calls });
          const sign = (changes: object) =>
            outcomeOf(smartAccount.signUserOperation({ ...prepared, ...changes } as never));
          const next = { nonce: prepared.nonce + 1n };
          expect(await sign({})).to.equal("signed");
          expect(await sign({ maxFeePerGas: prepared.maxFeePerGas + 1n })).to.equal("signed");
          expect(await sign(next)).to.equal("INVALID_CALLDATA");
          // What was encoded twice is still good for one userOp alone.
          await smartAccount.encodeCalls(calls);
          await smartAccount.encodeCalls(calls);
          expect(await sign(next)).to.equal("signed");
          expect(await sign({})).to.equal("INVALID_CALLDATA");
        }
      });

      it("for one of two userOps that ask at the same time", async () => {
        await install(account());
        let salt = 1n;
        for (const form of forms()) {
          const { client, smartAccount } = await openSession({ ...form, salt: salt++ });
          const prepared = await client.prepareUserOperation({ calls: [payment(alice, 1n)] });
          const codes = await Promise.all(
            [0n, 1n].map((more) =>
              outcomeOf(
                smartAccount.signUserOperation({ ...prepared, nonce: prepared.nonce + more } as never),
              ),
            ),
          );
          expect(codes.sort()).to.deep.equal(["INVALID_CALLDATA", "signed"]);
        }
      });

      it("also where the key fails the first time", async () => {
        await install(account());
        const grant = await grantBy(account(), { gasAllowance: GAS_ALLOWANCE });
        const { testChain } = world();
        const { entryPoint } = account();
        let isThere = true;
        const failing = {
          address: key.address,
          sign: async (parameters: { hash: Hex }) =>
            isThere ? await key.sign(parameters) : Promise.reject(new Error("the key is away")),
        };
        const smartAccount = await toSessionSmartAccount({
          client: testChain.client,
          key: failing,
          grant,
          entryPoint: { address: entryPoint.address, version: entryPoint.version },
        });
        const client = bundlerClientOf(testChain, inProcessBundler(testChain, entryPoint), smartAccount);
        const prepared = await client.prepareUserOperation({ calls: [payment(alice, 1n)] });
        const sign = (nonce: bigint) =>
          outcomeOf(smartAccount.signUserOperation({ ...prepared, nonce } as never));
        isThere = false;
        expect(await sign(prepared.nonce)).to.not.equal("signed");
        isThere = true;
        expect(await sign(prepared.nonce + 1n)).to.equal("INVALID_CALLDATA");
        expect(await sign(prepared.nonce)).to.equal("signed");
      });
    });

    it("signs no userOp whose nonce goes to another validator", async () => {
      await install(account());
      const { client, smartAccount } = await openSession();
      const prepared = await client.prepareUserOperation({ calls: [payment()] });
      const { kind } = account();
      const other = validatorNonceKey({ kind, validator: mallory });
      const sign = (nonce: bigint) => smartAccount.signUserOperation({ ...prepared, nonce } as never);
      expect(await codeOf(sign(other << 64n))).to.equal("INVALID_CALLDATA");
      expect(await sign(prepared.nonce + 7n)).to.match(/^0x/);
    });

    it("signs nothing but userOps of its own session", async () => {
      await install(account());
      const { client, smartAccount, grant } = await openSession();
      expect(await codeOf(smartAccount.signMessage({ message: "hello" }))).to.equal("UNSUPPORTED_SIGNATURE");
      const typedData = { primaryType: "A", types: { A: [] }, message: {} } as const;
      expect(await codeOf(smartAccount.signTypedData(typedData))).to.equal("UNSUPPORTED_SIGNATURE");
      const prepared = await client.prepareUserOperation({ calls: [payment()] });
      const sign = (changes: object) =>
        codeOf(smartAccount.signUserOperation({ ...prepared, ...changes } as never));
      const calls: CallRequest[] = [payment()];
      const { module, session } = grant;
      const other = { module, session: { ...session, salt: 7n } };
      expect(await sign({ callData: encodeSessionUserOpCallData({ session: other, calls }) })).to.equal(
        "INVALID_CALLDATA",
      );
      const elsewhere = encodeSessionUserOpCallData({ session: { module: mallory, session }, calls });
      expect(await sign({ callData: elsewhere })).to.equal("INVALID_CALLDATA");
      expect(await sign({ callData: `${prepared.callData}00` })).to.equal("INVALID_CALLDATA");
      expect(await sign({ callData: "0x" })).to.equal("INVALID_CALLDATA");
      expect(await sign({ chainId: 5 })).to.equal("WRONG_CHAIN");
      // What it signs is what the account accepts, by the EntryPoint's own hash.
      const { success } = await sendUserOp(
        account(),
        sessionOf(account(), { gasAllowance: GAS_ALLOWANCE }),
        [],
        {
          callData: prepared.callData,
        },
      );
      expect(success).to.equal(true);
    });

    it("is made for the session's own key, of an ERC-7579 account, in a lane that its nonces have room for", async () => {
      const grant = await grantBy(account());
      const { entryPoint } = account();
      const make = (changes: object) =>
        toSessionSmartAccount({ client: world().testChain.client, key, grant, entryPoint, ...changes });
      expect(await codeOf(make({ key: stranger }))).to.equal("NOT_KEY");
      expect(await codeOf(make({ grant: { ...grant, accountKind: "safe" } }))).to.equal(
        "UNSUPPORTED_ACCOUNT",
      );
      expect(await codeOf(make({ lane: 2 ** 32 }))).to.equal("INVALID_LANE");
    });
  });
});
