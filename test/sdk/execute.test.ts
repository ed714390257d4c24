import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createSafe,
  installOnSafe,
  type Latchkey,
  removeFromSafe,
  type SafeAccount,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { SAFE_VERSIONS, transferWithAuthorizationTypes, usdcAbi } from "@latchkey/devchain";
import {
  decodeError,
  execute,
  executeSigned,
  type Grant,
  hashSession,
  isRefusal,
  pay,
  proposeSession,
  type Refusal,
  type RefusalCode,
  type SessionRequest,
  sessionStatus,
  signGrant,
} from "@latchkey/sdk";
import {
  encodeEnable,
  encodeExecuteSigned,
  encodePayload,
  encodeRenounce,
  encodeRevoke,
  type SafeHandlerKind,
  signExecution,
  slotNonce,
  wrapForSafe,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  HttpRequestError,
  hashTypedData,
  keccak256,
  type LocalAccount,
  parseEther,
  toBytes,
  toHex,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, setUp } from "../environment/setUp.ts";

const account = (seed: string): PrivateKeyAccount => privateKeyToAccount(keccak256(toBytes(seed)));
const owner = account("owner alice");
const agent = account("agent");
const relay = account("relay");
const address = (n: number) => getAddress(toHex(n, { size: 20 }));
const [shop, stranger] = [address(0x5409), address(0xbad)];

async function refusalOf(attempt: Promise<unknown>): Promise<RefusalCode | undefined> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return undefined;
}

for (const version of SAFE_VERSIONS)
  describe(`a session of a Safe ${version}`, () => {
    let env: Environment;
    let latchkey: Latchkey;
    let safe: SafeAccount;
    let restore: () => Promise<void>;
    before(async function () {
      this.timeout(60_000);
      env = await setUp("base");
      latchkey = await installLatchkey(env.testChain);
      safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
      await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
      await env.usdc.mint(safe.address, 100_000_000n);
      for (const payer of [agent, relay, { address: safe.address }])
        await env.testChain.setBalance(payer.address, parseEther("10"));
      restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
    });
    afterEach(() => restore());
    after(() => env.connection.close());

    const clientOf = (signer: LocalAccount) =>
      createWalletClient({
        account: signer,
        chain: base,
        transport: custom(env.connection.provider, { retryCount: 0 }),
      });
    const propose = (changes: Partial<SessionRequest> = {}) =>
      proposeSession(env.testChain.client, {
        account: safe.address,
        key: agent,
        module: latchkey.module,
        budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
        until: "7d",
        ...changes,
      });
    const grantOf = async (changes: Partial<SessionRequest> = {}): Promise<Grant> =>
      signGrant(owner, await propose(changes));
    const status = (grant: Grant) => sessionStatus(env.testChain.client, grant);
    const firstBudget = async (grant: Grant) => {
      const [budget] = (await status(grant)).budgets;
      if (!budget) throw new Error("no budget");
      return budget;
    };
    const mined = async (sent: Promise<Hex>) => {
      const receipt = await env.testChain.client.waitForTransactionReceipt({ hash: await sent });
      expect(receipt.status).to.equal("success");
      return receipt;
    };
    const payShop = (grant: Grant, amount: string) => pay(clientOf(agent), { grant, to: shop, amount });

    it("pays in one line, from the first use on, without any transaction of the owner", async () => {
      const grant = await grantOf();
      expect((await status(grant)).state).to.equal("UNKNOWN");
      await mined(payShop(grant, "0.20"));
      expect(await env.usdc.balanceOf(shop)).to.equal(200_000n);
      expect((await status(grant)).state).to.equal("ENABLED");
    });

    it("leaves the owner's signature at home once it is enabled", async () => {
      const grant = await grantOf();
      const first = await mined(payShop(grant, "0.20"));
      const second = await mined(payShop(grant, "0.20"));
      const { client } = env.testChain;
      const lengths = await Promise.all(
        [first, second].map(async ({ transactionHash }) => {
          const { input } = await client.getTransaction({ hash: transactionHash });
          return input.length / 2;
        }),
      );
      // 65 bytes of signature, padded to words.
      expect((lengths[0] ?? 0) - (lengths[1] ?? 0)).to.equal(96);
    });

    it("tells what is spent, what is left and when the next period starts", async () => {
      const grant = await grantOf();
      const session = grant.session;
      await mined(payShop(grant, "0.20"));
      await mined(payShop(grant, "1"));
      expect(await status(grant)).to.deep.include({
        id: hashSession(session),
        active: true,
        reasons: [],
        epochCurrent: true,
        moduleEnabled: true,
        expiresAt: session.validUntil,
      });
      expect(await firstBudget(grant)).to.deep.equal({
        token: env.usdc.address,
        perTransaction: 1_000_000n,
        limit: 20_000_000n,
        released: 20_000_000n,
        spent: 1_200_000n,
        opened: 0n,
        remaining: 18_800_000n,
        exact: true,
        period: 0n,
        resetsAt: session.validAfter + 86_400,
        recipients: [shop],
      });
      await env.connection.networkHelpers.time.increaseTo(session.validAfter + 86_400);
      expect(await firstBudget(grant)).to.include({ spent: 0n, remaining: 20_000_000n, period: 1n });
    });

    it("refuses, with a reason and before any gas is spent, what is over its limits", async () => {
      const grant = await grantOf({
        budgets: { usdc: { perTransaction: "1", perDay: "1.5", recipients: [shop] } },
      });
      const nonce = () => env.testChain.client.getTransactionCount({ address: agent.address });
      expect(await refusalOf(payShop(grant, "1.000001"))).to.equal("PER_TRANSACTION");
      expect(await refusalOf(pay(clientOf(agent), { grant, to: stranger, amount: "1" }))).to.equal(
        "RECIPIENT",
      );
      await mined(payShop(grant, "1"));
      const error: unknown = await payShop(grant, "0.6").catch((caught: unknown) => caught);
      if (!isRefusal(error, "PERIOD")) throw error;
      expect(error.details).to.deep.include({
        amount: 600_000n,
        remaining: 500_000n,
        resetsAt: grant.session.validAfter + 86_400,
      });
      expect(await nonce()).to.equal(1);
    });

    it("refuses what it was not made for, with a reason each", async () => {
      const grant = await grantOf();
      const client = clientOf(agent);
      const call = (to: Address, data: Hex = "0x", value = 0n) =>
        refusalOf(execute(client, { grant, calls: [{ to, data, value }] }));
      expect(await call(stranger, "0x12345678")).to.equal("CALL_NOT_ALLOWED");
      expect(await call(safe.address, "0x12345678")).to.equal("FORBIDDEN_TARGET");
      expect(await call(shop, "0x", 1n)).to.equal("NO_NATIVE_BUDGET");
      expect(await refusalOf(execute(client, { grant, calls: [] }))).to.equal("EMPTY_BATCH");
      expect(await refusalOf(execute(clientOf(relay), { grant, calls: [{ to: shop }] }))).to.equal("NOT_KEY");
      expect(await refusalOf(execute(client, { grant: { ...grant, chainId: 1 }, calls: [] }))).to.equal(
        "WRONG_CHAIN",
      );
      const unsigned: Grant = { ...grant, signature: "0x" };
      expect(await refusalOf(payShop(unsigned, "1"))).to.equal("NOT_GRANTED");
      expect((await status(unsigned)).reasons).to.deep.equal(["NOT_GRANTED"]);
    });

    it("pays in the native coin as well, and says which of two budgets is meant", async () => {
      const grant = await grantOf({
        budgets: {
          usdc: { perTransaction: "1", perDay: "20", recipients: [shop] },
          native: { perTransaction: "0.5", inAll: "1", recipients: [shop] },
        },
      });
      const client = clientOf(agent);
      expect(await refusalOf(payShop(grant, "0.5"))).to.equal("UNKNOWN_TOKEN");
      await mined(pay(client, { grant, to: shop, amount: "0.5", token: "native" }));
      await mined(pay(client, { grant, to: shop, amount: "0.5", token: "usdc" }));
      await mined(pay(client, { grant, to: shop, amount: "0.5", token: env.usdc.address }));
      expect(await env.testChain.client.getBalance({ address: shop })).to.equal(parseEther("0.5"));
      expect(await env.usdc.balanceOf(shop)).to.equal(1_000_000n);
    });

    it("ends when the owner revokes it, when its key renounces it, and when it expires", async () => {
      const { time, takeSnapshot } = env.connection.networkHelpers;
      const grant = await grantOf();
      const fresh = await takeSnapshot();
      await asSafe(safe, [encodeRevoke(grant)]);
      expect(await refusalOf(payShop(grant, "1"))).to.equal("REVOKED");
      expect(await status(grant)).to.deep.include({ active: false, reasons: ["REVOKED"], state: "REVOKED" });

      await fresh.restore();
      const client = clientOf(agent);
      await mined(client.sendTransaction(encodeRenounce(grant)));
      expect(await refusalOf(payShop(grant, "1"))).to.equal("REVOKED");

      await fresh.restore();
      await time.increaseTo(grant.session.validUntil);
      expect(await refusalOf(payShop(grant, "1"))).to.equal("EXPIRED");
      expect(await status(grant)).to.deep.include({ active: false, reasons: ["EXPIRED"] });

      await fresh.restore();
      await removeFromSafe(safe, latchkey, [env.usdc.domainSeparator]);
      expect(await refusalOf(payShop(grant, "1"))).to.equal("WRONG_EPOCH");
      expect((await status(grant)).reasons).to.deep.equal(["WRONG_EPOCH", "MODULE_NOT_ENABLED"]);
    });

    it("lets another pay the gas for what its key signed, once", async () => {
      const grant = await grantOf();
      const transfer = encodeFunctionData({
        abi: erc20Abi,
        functionName: "transfer",
        args: [shop, 300_000n],
      });
      const signed = await signExecution(agent, {
        grant,
        calls: [{ to: env.usdc.address, data: transfer }],
        caller: relay.address,
        deadline: grant.session.validAfter + 1000,
      });
      const submit = (by: LocalAccount, what = signed) =>
        executeSigned(clientOf(by), { grant, signed: what });
      expect(await refusalOf(submit(agent))).to.equal("CALLER_NOT_ALLOWED");
      expect(await refusalOf(submit(relay, { ...signed, deadline: signed.deadline + 1 }))).to.equal(
        "INVALID_KEY_SIGNATURE",
      );
      await mined(submit(relay));
      expect(await env.usdc.balanceOf(shop)).to.equal(300_000n);
      expect((await status(grant)).state).to.equal("ENABLED");
      expect(await refusalOf(submit(relay))).to.equal("NONCE_USED");
      // The first one has enabled the session: the owner's signature stays at home from then on.
      const enabled = { ...grant, signature: "0x" } as const;
      const next = await signExecution(agent, {
        grant: enabled,
        calls: [{ to: env.usdc.address, data: transfer }],
        caller: "anyone",
        deadline: grant.session.validAfter + 1000,
      });
      const sent = await submit(relay, next);
      const { input } = await env.testChain.client.getTransaction({ hash: sent });
      expect(input).to.equal(encodeExecuteSigned({ grant: enabled, signed: next }).data);
      expect(await env.usdc.balanceOf(shop)).to.equal(600_000n);
      expect(
        await refusalOf(
          signExecution(relay, { grant, calls: [{ to: shop }], caller: "anyone", deadline: 9 }),
        ),
      ).to.equal("INVALID_SIGNER");
    });

    it("makes the calls that its actions describe, and no others", async () => {
      // A contract that takes any call: STOP.
      const vault = address(0x7a017);
      await env.testChain.setCode(vault, "0x00");
      const grant = await grantOf({
        budgets: {},
        actions: [
          {
            target: vault,
            function: "function deposit(uint256 amount, address to)",
            where: [
              { argument: "amount", lte: 100n },
              { argument: "to", eq: safe.address },
            ],
          },
        ],
      });
      const deposit = (amount: bigint, to: Address) =>
        execute(clientOf(agent), {
          grant,
          calls: [
            {
              to: vault,
              data: encodeFunctionData({
                abi: [
                  {
                    type: "function",
                    name: "deposit",
                    stateMutability: "nonpayable",
                    inputs: [{ type: "uint256" }, { type: "address" }],
                    outputs: [],
                  },
                ],
                args: [amount, to],
              }),
            },
          ],
        });
      await mined(deposit(100n, safe.address));
      expect(await refusalOf(deposit(101n, safe.address))).to.equal("CALL_NOT_ALLOWED");
      expect(await refusalOf(deposit(100n, agent.address))).to.equal("CALL_NOT_ALLOWED");
    });

    describe("by signature", () => {
      /** Signs an authorization of the first slot and has the token settle it. */
      async function settle(
        grant: Grant,
        change: { value?: bigint; isEnabled?: boolean; index?: bigint } = {},
      ) {
        const { value = 200_000n, isEnabled = false, index = 0n } = change;
        const { usdc, testChain } = env;
        const session = grant.session;
        const slot = { lot: 0n, size: 1, index };
        const nonce = slotNonce({ id: hashSession(session), budgetIndex: 0, period: 0n, ...slot });
        const message = {
          from: safe.address,
          to: shop,
          value,
          validAfter: 0n,
          validBefore: BigInt(session.validAfter + 3600),
          nonce,
        };
        const typedData = {
          domain: usdc.domain,
          types: transferWithAuthorizationTypes,
          primaryType: "TransferWithAuthorization",
          message,
        } as const;
        const payload = encodePayload({
          session,
          budgetIndex: 0,
          slot,
          to: shop,
          value,
          validAfter: message.validAfter,
          validBefore: message.validBefore,
          tokenDomain: { name: usdc.domain.name, version: usdc.domain.version },
          keySignature: await agent.sign({ hash: hashTypedData(typedData) }),
          ...(isEnabled ? {} : { grant: grant.signature }),
        });
        const handler: SafeHandlerKind = version === "1.5.0" ? "extensible" : "session";
        const signature = wrapForSafe(
          payload,
          handler === "session"
            ? { handler }
            : { handler, domainSeparator: usdc.domainSeparator, authorization: message },
        );
        return testChain.send({
          from: relay.address,
          to: usdc.address,
          data: encodeFunctionData({
            abi: usdcAbi,
            functionName: "transferWithAuthorization",
            args: [safe.address, shop, value, message.validAfter, message.validBefore, nonce, signature],
          }),
        });
      }

      it("pays before and after it is enabled, and an opened lot counts whole in its status", async () => {
        const grant = await grantOf();
        await settle(grant);
        expect(await env.usdc.balanceOf(shop)).to.equal(200_000n);
        expect(await firstBudget(grant)).to.include({
          spent: 0n,
          opened: 1_000_000n,
          remaining: 19_000_000n,
        });
        await asSafe(safe, [encodeEnable(grant)]);
        await settle(grant, { isEnabled: true, index: 1n });
        expect(await env.usdc.balanceOf(shop)).to.equal(400_000n);
        expect(await firstBudget(grant)).to.include({ opened: 1_000_000n, remaining: 19_000_000n });
      });

      it("is refused by the token above what the slot is worth, which the SDK can tell", async () => {
        const error: unknown = await settle(await grantOf(), { value: 250_001n }).catch(
          (caught: unknown) => caught,
        );
        expect(decodeError(error).code).to.equal("TOKEN_INVALID_SIGNATURE");
      });
    });
  });

describe("a connection that fails", () => {
  const transferOf = (amount: bigint) =>
    encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, amount] });

  async function grantOnBase(): Promise<{ grant: Grant; env: Environment }> {
    const env = await setUp("base");
    const latchkey = await installLatchkey(env.testChain);
    const safe = await createSafe(env, { version: "1.4.1", owner: ecdsaOwner("alice") });
    await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
    await env.usdc.mint(safe.address, 2_000_000n);
    await env.testChain.setBalance(agent.address, parseEther("1"));
    const grant = await signGrant(
      owner,
      await proposeSession(env.testChain.client, {
        account: safe.address,
        key: agent,
        module: latchkey.module,
        budgets: { usdc: { perTransaction: "1", inAll: "2", recipients: [shop] } },
        until: "1h",
      }),
    );
    return { grant, env };
  }

  it("is told apart by whether the payment may have been sent", async function () {
    this.timeout(60_000);
    const { grant, env } = await grantOnBase();
    /** A connection that is cut when a method is called, before or after it has done its work. */
    const cut = (method: string, when: "before" | "after") =>
      createWalletClient({
        account: agent,
        chain: base,
        transport: custom(
          {
            async request(wanted: { method: string; params?: unknown }) {
              const fail = () => new HttpRequestError({ url: "", details: "cut" });
              if (wanted.method === method && when === "before") throw fail();
              const answer = await env.testChain.provider.request(wanted as never);
              if (wanted.method === method) throw fail();
              return answer;
            },
          },
          { retryCount: 0 },
        ),
      });
    const payment = { grant, to: shop, amount: "1" } as const;
    expect(await refusalOf(pay(cut("eth_call", "before"), payment))).to.equal("NETWORK");
    const calls = [{ to: env.usdc.address, data: transferOf(1_000_000n) }];
    expect(await refusalOf(execute(cut("eth_call", "before"), { grant, calls }))).to.equal("NETWORK");
    expect(await refusalOf(execute(cut("eth_sendRawTransaction", "before"), { grant, calls }))).to.equal(
      "OUTCOME_UNKNOWN",
    );
    expect(await env.usdc.balanceOf(shop)).to.equal(0n);
    expect(await refusalOf(execute(cut("eth_sendRawTransaction", "after"), { grant, calls }))).to.equal(
      "OUTCOME_UNKNOWN",
    );
    expect(await env.usdc.balanceOf(shop)).to.equal(1_000_000n);
    await env.connection.close();
  });

  it("says what was sent, and that nothing was where the connection failed before", async function () {
    this.timeout(60_000);
    const { grant, env } = await grantOnBase();
    const calls = [{ to: env.usdc.address, data: transferOf(1_000_000n) }];
    const { client, provider } = env.testChain;
    /** A node that does something of its own for one method. */
    const nodeThat = (method: string, does: (asked: never) => Promise<unknown>) =>
      createWalletClient({
        account: agent,
        chain: base,
        transport: custom(
          {
            request: async (asked: { method: string }) =>
              (asked.method === method ? does : pass)(asked as never),
          },
          { retryCount: 0 },
        ),
      });
    const pass = (asked: never) => provider.request(asked);
    const cut = async () => {
      throw new HttpRequestError({ url: "", details: "cut" });
    };
    for (const method of ["eth_getTransactionCount", "eth_estimateGas", "eth_getBlockByNumber"])
      expect(await refusalOf(execute(nodeThat(method, cut), { grant, calls })), method).to.equal("NETWORK");
    expect(await env.usdc.balanceOf(shop)).to.equal(0n);

    const lost = nodeThat("eth_sendRawTransaction", async (asked) => {
      await pass(asked);
      return cut();
    });
    const refusal = (await execute(lost, { grant, calls }).catch((error: unknown) => error)) as Refusal;
    expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
    const { status } = await client.getTransactionReceipt({ hash: refusal.details.hash as Hex });
    expect(status).to.equal("success");
    expect(refusal.message).to.contain(refusal.details.hash);
    expect(await env.usdc.balanceOf(shop)).to.equal(1_000_000n);
    await env.connection.close();
  });

  it("takes a transaction for sent that the second of two nodes has already", async function () {
    this.timeout(60_000);
    const { grant, env } = await grantOnBase();
    const calls = [{ to: env.usdc.address, data: transferOf(1_000_000n) }];
    const client = createWalletClient({
      account: agent,
      chain: base,
      transport: custom(
        {
          async request(asked: { method: string; params?: unknown }) {
            const answer = await env.testChain.provider.request(asked as never);
            if (asked.method !== "eth_sendRawTransaction") return answer;
            throw Object.assign(new Error("already known"), { code: -32000 });
          },
        },
        { retryCount: 0 },
      ),
    });
    const hash = await execute(client, { grant, calls });
    expect((await env.testChain.client.getTransactionReceipt({ hash })).status).to.equal("success");
    expect(await env.usdc.balanceOf(shop)).to.equal(1_000_000n);
    await env.connection.close();
  });
});
