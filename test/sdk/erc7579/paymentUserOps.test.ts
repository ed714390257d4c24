import { deployMock } from "@latchkey/accounts/deployMock";
import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { ANYONE, type Budget, type EncodedCall, type Grant, hashSession, type Session } from "@latchkey/sdk";
import {
  eip712Domain,
  eip712Types,
  encodePause,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
  hashCarriedSession,
  unpackSession,
} from "@latchkey/sdk/encoding";
import {
  decodeSessionUserOpCallData,
  encodePaymentUserOpCallData,
  encodeSessionUserOpCallData,
  erc7579Installation,
  type SessionSmartAccountParameters,
  toSessionSmartAccount,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  hashTypedData,
  pad,
  recoverAddress,
  size,
  slice,
  zeroAddress,
} from "viem";
import { getUserOperationHash, type UserOperation } from "viem/account-abstraction";
import {
  alice,
  balanceOf,
  bob,
  budget,
  DAY,
  ENABLED,
  execute,
  install,
  key,
  mallory,
  now,
  pay,
  sessionOf,
  spentOf,
  stateOf,
  USD,
  useWorld,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { codeOf } from "./codeOf.ts";
import { bundlerClientOf, inProcessBundler } from "./inProcessBundler.ts";
import { grantBy } from "./sessionGrants.ts";
import { sponsorOf } from "./sponsor.ts";

/** Enough for every userOp of these tests, in wei. */
const GAS_ALLOWANCE = 10n ** 18n;

/** What the signature of a payment userOp says: 65 bytes of the key, period, key, session, grant, 20 zeros. */
function readSignature(signature: Hex) {
  const end = size(signature) - 20;
  expect(slice(signature, end)).to.equal(zeroAddress);
  const { session: own, rest: grant } = unpackSession(slice(signature, 91, end));
  const period = BigInt(slice(signature, 65, 71));
  return { period, key: getAddress(slice(signature, 71, 91)), own, grant };
}

/** A payment as viem's clients take it. */
const payment = (to = alice, amount = USD, token: Address = world().usdc.address) => {
  const { target, data } = pay(to, amount, token);
  return { to: target, data };
};

/** A session whose one budget only executions spend, like no other but for `changes`. */
const sessionFor = (account: ModularAccount, changes: Partial<Session> = {}): Session =>
  sessionOf(account, {
    gasAllowance: GAS_ALLOWANCE,
    budgets: [budget({ signatures: 0, sizes: 0 })],
    ...changes,
  });

type Options = Pick<SessionSmartAccountParameters, "payments">;

/** The agent of a session: its account, a bundler, and viem's client of that one. */
async function agentOf(account: ModularAccount, changes: Partial<Session> = {}, options: Options = {}) {
  const session = sessionFor(account, changes);
  const grant = await grantBy(account, session);
  return { session, ...(await agentWith(account, grant, options)) };
}

async function agentWith(account: ModularAccount, grant: Grant, options: Options = {}) {
  const { testChain } = world();
  const { address, version } = account.entryPoint;
  const { client } = testChain;
  const entryPoint = { address, version };
  const smartAccount = await toSessionSmartAccount({ client, key, grant, entryPoint, ...options });
  const bundler = inProcessBundler(testChain, account.entryPoint);
  return { grant, smartAccount, bundler, client: bundlerClientOf(testChain, bundler, smartAccount) };
}

describe("the smart account of a session, where the account pays by itself", () => {
  onEveryAccount((account) => {
    it("pays, the grant carried by the first userOp only", async () => {
      await install(account());
      const { bundler, client, grant, session, smartAccount } = await agentOf(account());
      await client.sendUserOperation({ calls: [payment(alice, 1n)] });
      expect(await stateOf(session)).to.equal(ENABLED);
      await client.sendUserOperation({ calls: [payment(bob, 2n)] });
      expect(bundler.outcomes.map(({ success }) => success)).to.deep.equal([true, true]);
      expect(await balanceOf(alice)).to.equal(1n);
      expect(await balanceOf(bob)).to.equal(2n);
      expect(await spentOf(session)).to.equal(3n);
      const [first, second] = bundler.sent as [Record<string, Hex>, Record<string, Hex>];
      const token = world().usdc.address;
      expect(first.callData).to.equal(encodePaymentUserOpCallData({ token, to: alice, amount: 1n }));
      expect(second.callData).to.equal(encodePaymentUserOpCallData({ token, to: bob, amount: 2n }));
      const carried = readSignature(first.signature as Hex);
      expect(hashCarriedSession({ account: session.account, key: carried.key, ...carried.own })).to.equal(
        hashSession(session),
      );
      expect([carried.grant, carried.period]).to.deep.equal([grant.signature.toLowerCase(), 0n]);
      expect(readSignature(second.signature as Hex).grant).to.equal("0x");
      expect(await smartAccount.decodeCalls?.(first.callData as Hex)).to.deep.equal([
        { ...payment(alice, 1n), value: 0n },
      ]);
    });

    it("is sponsored by the paymaster that the session names, and by no other", async () => {
      await install(account());
      const { address: paymaster } = world().paymasters[account().entryPoint.version];
      const { client, bundler } = await agentOf(account(), { paymaster });
      const deposit = await account().entryPoint.depositOf(account().address);
      await client.sendUserOperation({ calls: [payment()], paymaster: sponsorOf(account()) });
      expect(bundler.outcomes.map(({ success }) => success)).to.deep.equal([true]);
      expect(size(bundler.sent[0]?.callData as Hex)).to.equal(228);
      expect(await account().entryPoint.depositOf(account().address)).to.equal(deposit);
      const other = await agentOf(account(), { paymaster: mallory, salt: 2n });
      const attempt = other.client.sendUserOperation({ calls: [payment()], paymaster: sponsorOf(account()) });
      expect(await codeOf(attempt)).to.equal("PAYMASTER");
    });

    it("asks for as much verification gas as the charge needs, and not for twice as much", async () => {
      await install(account());
      const { smartAccount, bundler, client } = await agentOf(account());
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

    it("is refused with the module's reason before anything is sent, whichever form would be", async () => {
      await install(account());
      const { client, bundler, grant } = await agentOf(account());
      const refusalOf = (call: ReturnType<typeof payment>) =>
        codeOf(client.sendUserOperation({ calls: [call] }));
      expect(await refusalOf(payment(mallory))).to.equal("RECIPIENT");
      expect(await refusalOf(payment(alice, USD + 1n))).to.equal("PER_TRANSACTION");
      for (let i = 0; i < 3; i++) await client.sendUserOperation({ calls: [payment()] });
      expect(await refusalOf(payment(alice, 1n))).to.equal("PERIOD");
      const foreign = await agentWith(account(), { ...grant, session: { ...grant.session, salt: 9n } });
      expect(await codeOf(foreign.client.sendUserOperation({ calls: [payment()] }))).to.equal("NOT_GRANTED");
      await account().execute([encodePause(grant)]);
      expect(await refusalOf(payment())).to.equal("PAUSED");
      await account().execute([encodeResume(grant), encodeRevoke(grant)]);
      expect(await refusalOf(payment())).to.equal("REVOKED");
      const broke = await agentOf(account(), { gasAllowance: 0n });
      expect(await codeOf(broke.client.sendUserOperation({ calls: [payment()] }))).to.equal("GAS_ALLOWANCE");
      expect(bundler.sent.length).to.equal(3);
    });

    it("pays where the account has the module as validator alone", async () => {
      const { kind, address, granter } = account();
      const installation = { kind, account: address, module: world().module, granter };
      const [validator] = erc7579Installation(installation);
      await account().execute([validator as EncodedCall]);
      const { client, bundler } = await agentOf(account());
      await client.sendUserOperation({ calls: [payment()] });
      expect(bundler.outcomes[0]?.success).to.equal(true);
      expect(await balanceOf(alice)).to.equal(USD);
    });

    it("is refused where the account does not have the module as validator", async () => {
      const { client, bundler } = await agentOf(account());
      expect(await codeOf(client.sendUserOperation({ calls: [payment()] }))).to.equal("MODULE_NOT_ENABLED");
      const { kind, address } = account();
      const [, executor] = erc7579Installation({ kind, account: address, module: world().module });
      await account().execute([executor as EncodedCall]);
      expect(await codeOf(client.sendUserOperation({ calls: [payment()] }))).to.equal("MODULE_NOT_ENABLED");
      expect(bundler.sent).to.deep.equal([]);
    });
  });

  describe("on one account", function () {
    this.timeout(60_000);
    useWorld();
    const account = () => world().accounts["OpenZeppelin AccountERC7579 on EntryPoint 0.8"];
    const usdc = () => world().usdc.address;
    beforeEach(() => install(account()));

    /** Makes a block of that second. */
    const passTo = (second: number) => world().connection.networkHelpers.time.increaseTo(second);

    type Agent = Awaited<ReturnType<typeof agentOf>>;
    type Call = { to: Address; data?: Hex; value?: bigint };
    /** In which form calls are sent. */
    const formOf = async ({ smartAccount }: Pick<Agent, "smartAccount">, ...calls: Call[]) =>
      decodeSessionUserOpCallData(await smartAccount.encodeCalls(calls), world().module).form;
    const formWith = async (changes: Partial<Budget>, ...calls: Call[]) =>
      formOf(
        await agentOf(account(), { budgets: [budget({ signatures: 0, sizes: 0, ...changes })] }),
        ...calls,
      );
    const encode = (functionName: "transfer" | "approve", to = alice, amount = 1n) =>
      encodeFunctionData({ abi: erc20Abi, functionName, args: [to, amount] });

    describe("chooses that form", () => {
      it("for one transfer, up to the last unit that the limits allow", async () => {
        const agent = await agentOf(account());
        expect(await formOf(agent, payment(alice, 1n))).to.equal("payment");
        expect(await formOf(agent, { ...payment(alice, 0n), value: 0n })).to.equal("payment");
        const written = `0x${encode("transfer").slice(2).toUpperCase()}` as const;
        expect(await formOf(agent, { to: usdc(), data: written })).to.equal("payment");
        expect(await formOf(agent, payment(alice, USD))).to.equal("payment");
        expect(await formOf(agent, payment(alice, USD + 1n))).to.equal("execution");
        for (const amount of [USD, USD, USD / 2n])
          await execute(agent.session, [pay(alice, amount)], agent.grant.signature);
        expect(await formOf(agent, payment(alice, USD / 2n))).to.equal("payment");
        expect(await formOf(agent, payment(alice, USD / 2n + 1n))).to.equal("execution");
      });

      it("for the budget's recipients, and for anyone where it pays anyone", async () => {
        const agent = await agentOf(account());
        expect(await formOf(agent, payment(bob, 1n))).to.equal("payment");
        expect(await formOf(agent, payment(mallory, 1n))).to.equal("execution");
        expect(await formWith({ recipients: [ANYONE] }, payment(mallory, 1n))).to.equal("payment");
      });

      it("for the token's own budget, whichever of several that is and however its address is written", async () => {
        const token = await deployMock(world().testChain, "StandardToken");
        const budgets = [
          budget({ signatures: 1, sizes: 3 }),
          budget({ token: token.address, signatures: 0, sizes: 0 }),
        ];
        const agent = await agentOf(account(), { budgets });
        expect(await formOf(agent, payment(alice, 1n, token.address))).to.equal("payment");
        expect(await formOf(agent, payment(alice, 1n))).to.equal("execution");
        const lower = usdc().toLowerCase() as Address;
        expect(await formWith({}, payment(alice, 1n, lower))).to.equal("payment");
        expect(await formWith({}, payment(alice, 1n, token.address))).to.equal("execution");
      });

      it("for no budget that signatures or a stream spend", async () => {
        expect(await formWith({ signatures: 1, sizes: 1 }, payment(alice, 1n))).to.equal("execution");
        const stream = { perSecond: 1n, initial: USD };
        expect(await formWith(stream, payment(alice, 1n))).to.equal("execution");
      });

      it("for nothing but a transfer of 68 bytes, alone and without value", async () => {
        const agent = await agentOf(account());
        const [transfer, approval] = [encode("transfer"), encode("approve")];
        const other: Call[][] = [
          [payment(alice, 1n), payment(alice, 1n)],
          [{ ...payment(alice, 1n), value: 1n }],
          [{ to: usdc(), data: approval }],
          [{ to: usdc(), data: `${transfer}00` }],
          [{ to: usdc(), data: slice(transfer, 0, 67) }],
          [{ to: usdc(), data: concat([slice(transfer, 0, 4), "0x01", slice(transfer, 5)]) }],
          [{ to: usdc(), data: "0x" }],
          [{ to: usdc() }],
          [{ to: zeroAddress, data: transfer }],
          [{ to: alice, data: transfer }],
        ];
        for (const calls of other) expect(await formOf(agent, ...calls)).to.equal("execution");
      });

      it("for no native coin", async () => {
        const budgets = [budget({ token: zeroAddress, signatures: 0, sizes: 0 })];
        const agent = await agentOf(account(), { budgets });
        expect(await formOf(agent, { to: alice, value: 1n })).to.equal("execution");
        expect(await formOf(agent, { to: zeroAddress, data: encode("transfer") })).to.equal("execution");
      });

      it("for a session that may be used now: other forms say why not", async () => {
        const soon = { validAfter: now() + DAY };
        expect(await formOf(await agentOf(account(), soon), payment())).to.equal("execution");
        const over = { validAfter: 1, validUntil: 2 };
        expect(await formOf(await agentOf(account(), over), payment())).to.equal("execution");
        const agent = await agentOf(account());
        expect(await formOf(agent, payment())).to.equal("payment");
        const ungranted = await agentWith(account(), { ...agent.grant, signature: "0x" });
        expect(await formOf(ungranted, payment())).to.equal("execution");
        await account().execute([encodeRevoke(agent.grant)]);
        expect(await formOf(agent, payment())).to.equal("execution");
        const another = await agentOf(account(), { salt: 2n });
        expect(await formOf(another, payment())).to.equal("payment");
        await account().execute([encodeRevokeAll({ module: world().module })]);
        expect(await formOf(another, payment())).to.equal("execution");
      });

      it("for tokens that say what the account has", async () => {
        expect(await formWith({ token: mallory }, payment(alice, 1n, mallory))).to.equal("execution");
      });

      it("not where it is told to have the module pay", async () => {
        const [byModule, byAccount] = ["execution", "validation"] as const;
        expect(await formOf(await agentOf(account(), {}, { payments: byModule }), payment())).to.equal(
          "execution",
        );
        expect(await formOf(await agentOf(account(), {}, { payments: byAccount }), payment())).to.equal(
          "payment",
        );
      });
    });

    describe("heeds the clock", () => {
      const HOUR = 3600;
      /** The form of a payment at that second of a session whose periods take an hour, and which ends in its third. */
      const formAt = async (second: number) => {
        const validAfter = now() + 10 * DAY;
        const validUntil = validAfter + 2 * HOUR + 1000;
        const budgets = [budget({ signatures: 0, sizes: 0, period: HOUR })];
        const agent = await agentOf(account(), { validAfter, validUntil, budgets });
        await passTo(validAfter + second);
        return formOf(agent, payment());
      };

      it("until two minutes before the period ends", async () => {
        expect(await formAt(HOUR - 121)).to.equal("payment");
        expect(await formAt(HOUR - 120)).to.equal("execution");
      });
      it("until two minutes before the session ends", async () => {
        expect(await formAt(2 * HOUR + 1000 - 121)).to.equal("payment");
        expect(await formAt(2 * HOUR + 1000 - 120)).to.equal("execution");
      });
      it("from half a minute after the period began, if it is not the session's first", async () => {
        expect(await formAt(0)).to.equal("payment");
        expect(await formAt(HOUR + 29)).to.equal("execution");
        expect(await formAt(HOUR + 30)).to.equal("payment");
      });
    });

    describe("signs", () => {
      const prepare = ({ client }: Agent, ...calls: Call[]) => client.prepareUserOperation({ calls });
      const sign = ({ smartAccount }: Agent, userOp: object) =>
        smartAccount.signUserOperation(userOp as never);
      const estimate = ({ smartAccount }: Agent, userOp: object): Promise<unknown> =>
        smartAccount.userOperation?.estimateGas?.(userOp as never) ?? expect.fail("it estimates nothing");
      /** Whether the key signed the payment in that userOp, in that period. */
      const isKeysOwn = async (agent: Agent, userOp: object, signature: Hex) => {
        const { period } = readSignature(signature);
        const keySignature = slice(signature, 0, 65);
        const { address, version } = account().entryPoint;
        const { testChain, module } = world();
        const { chainId } = testChain;
        const userOpHash = getUserOperationHash({
          chainId,
          entryPointAddress: address,
          entryPointVersion: version,
          userOperation: userOp as never,
        });
        const hash = hashTypedData({
          domain: eip712Domain(chainId, module),
          types: { PaymentUserOp: eip712Types.PaymentUserOp },
          primaryType: "PaymentUserOp",
          message: { session: hashSession(agent.session), period, userOpHash },
        });
        return (await recoverAddress({ hash, signature: keySignature })) === key.address;
      };

      it("each userOp in the form that its callData has, whatever was encoded since", async () => {
        const agent = await agentOf(account());
        const one = await prepare(agent, payment(alice, 1n));
        const two = await prepare(agent, payment(alice, 1n), payment(bob, 1n));
        const signature = await sign(agent, one);
        expect(await isKeysOwn(agent, one, signature)).to.equal(true);
        expect(await isKeysOwn(agent, { ...one, nonce: one.nonce + 1n }, signature)).to.equal(false);
        expect(size(await sign(agent, two))).to.equal(65);
      });

      it("nothing in an estimate's place that could be sent", async () => {
        const agent = await agentOf(account());
        const one = await prepare(agent, payment(alice, 1n));
        const two = await prepare(agent, payment(alice, 1n), payment(bob, 1n));
        const stub = (userOp?: object) => agent.smartAccount.getStubSignature(userOp as never);
        expect(size(await stub(one))).to.equal(size(await sign(agent, one)));
        expect(size(await stub(two))).to.equal(65);
        // Where it is not said of what userOp, of the one that was encoded last.
        expect(size(await stub())).to.equal(65);
        await agent.smartAccount.encodeCalls([payment(alice, 1n)]);
        expect(await stub()).to.equal(await stub(one));
        expect(await isKeysOwn(agent, one, one.signature)).to.equal(false);
      });

      it("no payment that it did not encode, and none in another form than it encoded", async () => {
        const agent = await agentOf(account());
        const byModule = {
          ...agent,
          ...(await agentWith(account(), agent.grant, { payments: "execution" })),
        };
        const [own, module] = [
          await prepare(agent, payment(alice, 1n)),
          await prepare(byModule, payment(alice, 1n)),
        ];
        const other = encodePaymentUserOpCallData({ token: usdc(), to: alice, amount: 2n });
        const session = { module: world().module, session: agent.session };
        const calls = [payment(alice, 1n)];
        const swaps: [Agent, object, Hex][] = [
          [agent, own, other],
          [agent, own, module.callData],
          [agent, own, encodeSessionUserOpCallData({ session, calls })],
          [agent, own, concat([own.callData, "0x00"])],
          [byModule, module, own.callData],
          [byModule, module, other],
        ];
        for (const [signer, userOp, callData] of swaps)
          for (const ask of [sign, estimate])
            expect(await codeOf(ask(signer, { ...userOp, callData }))).to.equal("INVALID_CALLDATA");
        await sign(agent, own);
        await sign(byModule, module);
      });

      it("what it encoded among the latest thousand, counted from the last time", async () => {
        const { smartAccount, client } = await agentOf(account(), {}, { payments: "execution" });
        const first = await client.prepareUserOperation({ calls: [payment(alice, 1n)] });
        const second = await client.prepareUserOperation({ calls: [payment(alice, 2n)] });
        const encodeMore = (count: number, from: number) =>
          Promise.all(
            Array.from({ length: count }, (_, i) =>
              smartAccount.encodeCalls([payment(alice, BigInt(from + i))]),
            ),
          );
        await encodeMore(998, 3);
        await smartAccount.encodeCalls([payment(alice, 1n)]);
        await smartAccount.signUserOperation(second as never);
        await encodeMore(1, 2000);
        await smartAccount.signUserOperation(first as never);
        expect(await codeOf(smartAccount.signUserOperation(second as never))).to.equal("INVALID_CALLDATA");
      });

      it("none in a period that is over: prepared again it is charged to the next", async () => {
        const agent = await agentOf(account());
        const call = payment(alice, 1n);
        const late = await prepare(agent, call);
        await passTo(agent.session.validAfter + DAY - 1);
        await sign(agent, late);
        await passTo(agent.session.validAfter + DAY + 60);
        for (const ask of [sign, estimate]) {
          const refusal = await ask(agent, late).then(
            () => expect.fail("it was signed"),
            (error) => error,
          );
          expect(refusal).to.include({ code: "DEADLINE_PASSED" });
          expect(refusal.details).to.deep.equal({ deadline: agent.session.validAfter + DAY - 1 });
        }
        await agent.client.sendUserOperation({ calls: [call] });
        expect(agent.bundler.outcomes[0]?.success).to.equal(true);
        expect(readSignature(agent.bundler.sent[0]?.signature as Hex).period).to.equal(1n);
        expect(await spentOf(agent.session)).to.equal(1n);
      });

      it("none whose limit is used up by then, or whose session is revoked", async () => {
        const agent = await agentOf(account());
        const waiting = await prepare(agent, payment(alice, USD));
        for (const amount of [USD, USD, 1n])
          await execute(agent.session, [pay(alice, amount)], agent.grant.signature);
        for (const ask of [sign, estimate]) {
          const refusal = await ask(agent, waiting).then(
            () => expect.fail("it was signed"),
            (error) => error,
          );
          expect(refusal).to.include({ code: "PERIOD" });
          expect(refusal.details).to.deep.equal({
            token: usdc(),
            amount: USD,
            recipient: alice,
            remaining: USD - 1n,
            resetsAt: agent.session.validAfter + DAY,
          });
        }
        const fits = await prepare(agent, payment(alice, USD - 1n));
        await sign(agent, fits);
        await account().execute([encodeRevoke(agent.grant)]);
        for (const ask of [sign, estimate]) expect(await codeOf(ask(agent, fits))).to.equal("REVOKED");
      });

      it("none whose transfer would fail, which would be charged all the same", async () => {
        const agent = await agentOf(account());
        const waiting = await prepare(agent, payment(alice, USD));
        await world().usdc.deal(account().address, USD - 1n);
        for (const ask of [sign, estimate]) {
          const refusal = await ask(agent, waiting).then(
            () => expect.fail("it was signed"),
            (error) => error,
          );
          expect(refusal).to.include({ code: "CALL_FAILED" });
          expect(refusal.details).to.include({ index: 0, reasonCode: "TOKEN_INSUFFICIENT_BALANCE" });
        }
        await world().usdc.deal(account().address, USD);
        await sign(agent, waiting);
        await world().usdc.blacklist(alice);
        expect(await codeOf(sign(agent, waiting))).to.equal("CALL_FAILED");
      });

      it("payments in tokens that answer nothing, and none in those that answer no", async () => {
        for (const [mock, answer, code] of [
          ["NoReturnToken", undefined, undefined],
          ["FalseToken", undefined, undefined],
          ["FalseToken", pad("0x00"), "TOKEN_CALL_FAILED"],
          ["FalseToken", pad("0x02"), "TOKEN_CALL_FAILED"],
          ["FalseToken", concat([pad("0x01"), "0x00"]), "TOKEN_CALL_FAILED"],
        ] as const) {
          const token = await deployMock(world().testChain, mock);
          await token.write("mint", [account().address, USD]);
          const budgets = [budget({ token: token.address, signatures: 0, sizes: 0 })];
          const agent = await agentOf(account(), { budgets });
          const prepared = await prepare(agent, payment(alice, 1n, token.address));
          if (answer) await token.write("answerWith", [answer]);
          for (const ask of [sign, estimate])
            if (code) expect(await codeOf(ask(agent, prepared))).to.equal(code);
            else await ask(agent, prepared);
        }
      });
    });
  });
});
