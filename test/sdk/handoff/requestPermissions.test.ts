import "../../environment/noTelemetry.ts";
import { Writable } from "node:stream";
import type { Latchkey } from "@latchkey/accounts/safeAccount";
import { createPasskey } from "@latchkey/devchain";
import {
  decodeError,
  isRefusal,
  type RefusalCode,
  revokeSession,
  sessionStatus,
  verifyGrant,
} from "@latchkey/sdk";
import { decodePermissionContext } from "@latchkey/sdk/encoding";
import {
  type PermissionRequest,
  type PermissionResponse,
  parseHandoffRequest,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import { handoffPermissionProvider, type PermissionHandoff, requestPermissions } from "@latchkey/sdk/node";
import { contracts, createExecution, ExecutionMode } from "@metamask/smart-accounts-kit";
import { erc7715ProviderActions } from "@metamask/smart-accounts-kit/actions";
import { expect } from "chai";
import {
  createClient,
  createPublicClient,
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  type LocalAccount,
  numberToHex,
  parseEther,
} from "viem";
import { installLatchkey } from "../../environment/latchkey.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";
import { answerAsNewOwner } from "./newOwner.ts";
import { addressOf, keyOf } from "./requests.ts";

const page = "http://localhost:4173/";
const shop = addressOf("a shop");
const DAY = 86_400;

/** The code of a refusal that a promise must end with. */
async function codeOf(promise: Promise<unknown>): Promise<RefusalCode | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
}

describe("permissions that an agent asks for over the hand-off link", function () {
  this.timeout(60_000);
  let env: Environment;
  let latchkey: Latchkey;
  let key: LocalAccount;
  let client: ReturnType<typeof clientOf>;
  let now: number;
  let count = 0;
  const open: { close(): Promise<void> }[] = [];

  const clientOf = ({ testChain }: Environment) =>
    createPublicClient({
      transport: custom(testChain.provider, { retryCount: 0 }),
      pollingInterval: 20,
      cacheTime: 0,
    });

  before(async () => {
    env = await setUp("base");
    latchkey = await installLatchkey(env.testChain);
    client = clientOf(env);
  });
  beforeEach(async () => {
    key = keyOf(`agent of permissions ${count++}`);
    await env.testChain.setBalance(key.address, parseEther("1"));
    now = Number((await client.getBlock()).timestamp);
  });
  afterEach(async () => {
    for (const handoff of open.splice(0)) await handoff.close();
  });
  after(() => env.connection.close());

  const daily = (change: Partial<PermissionRequest> = {}): PermissionRequest => ({
    chainId: numberToHex(env.testChain.chainId),
    to: key.address,
    permission: {
      type: "erc20-token-periodic",
      isAdjustmentAllowed: true,
      data: { tokenAddress: env.usdc.address, periodAmount: "0x1312d00", periodDuration: DAY },
    },
    rules: [{ type: "expiry", data: { timestamp: now + 7 * DAY } }],
    ...change,
  });
  async function ask(
    permissions: readonly PermissionRequest[] = [daily()],
    part: Partial<Parameters<typeof requestPermissions>[0]> = {},
  ) {
    const handoff = await requestPermissions({
      client,
      sender: key,
      page,
      name: "Research Bot",
      permissions,
      ...part,
    });
    open.push(handoff);
    return handoff;
  }
  type Change = NonNullable<Parameters<typeof answerAsNewOwner>[0]["change"]>;
  const passkeyOf = () => createPasskey();
  /** What the page of a new owner gives back. */
  async function answerTo(
    { request }: Pick<PermissionHandoff, "request">,
    { passkey = passkeyOf(), change }: { passkey?: ReturnType<typeof createPasskey>; change?: Change } = {},
  ): Promise<string> {
    const answer = await answerAsNewOwner({
      ...env,
      latchkey,
      passkey,
      request,
      ...(change ? { change } : {}),
    });
    return serializeHandoffAnswer(answer, request);
  }
  const post = ({ request }: PermissionHandoff, body: string) =>
    fetch(request.callback ?? "", {
      method: "POST",
      body,
      headers: { origin: "http://localhost:4173", "content-type": "application/json" },
    });

  it("are answered by a new owner, whose account the agent creates, and can be used", async () => {
    const passkey = createPasskey();
    const handoff = await ask();
    expect(parseHandoffRequest(handoff.link)).to.deep.equal(handoff.request);
    const text = await answerTo(handoff, { passkey });
    expect((JSON.parse(text) as PermissionResponse[])[0]?.dependencies).to.have.length(1);
    expect((await post(handoff, text)).status).to.equal(200);

    const [response, ...others] = await handoff.responses;
    expect(others).to.deep.equal([]);
    const grant = await handoff.answer;
    expect(response).to.deep.include({
      chainId: numberToHex(env.testChain.chainId),
      from: grant.session.account,
      to: key.address,
      delegationManager: latchkey.module,
      dependencies: [],
    });
    expect(decodePermissionContext(response?.context ?? "0x").session).to.deep.equal(grant.session);
    expect(await verifyGrant(client, grant)).to.deep.equal({ valid: true });
  });

  it("come back by paste as well", async () => {
    const handoff = await ask([daily()], { callback: false });
    await handoff.receive(await answerTo(handoff));
    expect(await handoff.responses).to.have.length(1);
  });

  it("may be as many as a session has budgets, with 32 payees each", async () => {
    const payees = Array.from({ length: 32 }, (_, index) => addressOf(`payee ${index}`));
    const permissions = Array.from({ length: 8 }, (_, index) => {
      const one = daily();
      one.permission.data.tokenAddress = addressOf(`token ${index}`);
      one.permission.data.justification = "Papers.".padEnd(500, " And more papers.");
      return { ...one, rules: [...(one.rules ?? []), { type: "payee", data: { addresses: payees } }] };
    });
    const handoff = await ask(permissions);
    const text = await answerTo(handoff);
    expect(text.length).to.be.greaterThan(128 * 1024);
    const heard = await post(handoff, text);
    expect(heard.status, await heard.text()).to.equal(200);
    expect(await handoff.responses).to.have.length(8);
  });

  it("say what the owner lowered", async () => {
    const handoff = await ask();
    const lowered: Change = (session) => ({
      ...session,
      validUntil: session.validUntil - DAY,
      budgets: session.budgets.map((budget) => ({
        ...budget,
        perTransaction: 5_000_000n,
        perPeriod: 5_000_000n,
      })),
    });
    await handoff.receive(await answerTo(handoff, { change: lowered }));
    const [response] = await handoff.responses;
    expect(response?.permission.data).to.deep.include({ periodAmount: numberToHex(5_000_000) });
    expect(response?.rules).to.deep.include({ type: "expiry", data: { timestamp: now + 6 * DAY } });
  });

  it("are refused for more than was asked for, and the wait goes on", async () => {
    const handoff = await ask();
    const more = await answerTo(handoff, {
      change: (session) => ({ ...session, validUntil: session.validUntil + 1 }),
    });
    const heard = await post(handoff, more);
    expect(heard.status).to.equal(400);
    expect(await heard.json()).to.include({ code: "INVALID_ANSWER" });
    expect((await post(handoff, await answerTo(handoff))).status).to.equal(200);
    await handoff.responses;
  });

  it("are refused for another request's key, and for a context that no owner has signed", async () => {
    const handoff = await ask();
    const other = await ask([daily({ to: addressOf("another agent") })]);
    expect(await codeOf(handoff.receive(await answerTo(other)))).to.equal("INVALID_ANSWER");

    // The account exists, and the context has the signature of somebody else's passkey.
    const mine = await answerTo(handoff);
    await handoff.receive(mine);
    const grant = await handoff.answer;
    const again = await ask();
    const forged = await answerAsNewOwner({
      ...env,
      latchkey,
      passkey: createPasskey(),
      request: again.request,
      change: (session) => ({ ...session, account: grant.session.account }),
    });
    const text = serializeHandoffAnswer({ ...forged, transactions: [] }, again.request);
    expect(await codeOf(again.receive(text))).to.equal("NOT_GRANTED");
  });

  it("end with DECLINED if the owner declines", async () => {
    const handoff = await ask();
    const { nonce } = handoff.request;
    const text = serializeHandoffAnswer({ version: 1, nonce, status: "declined" }, handoff.request);
    expect((await post(handoff, text)).status).to.equal(200);
    expect(await codeOf(handoff.responses)).to.equal("DECLINED");
  });

  it("are not asked for where they cannot be one session, or are for another chain than the client's", async () => {
    const sooner = daily({ rules: [{ type: "expiry", data: { timestamp: now + DAY } }] });
    expect(await codeOf(ask([daily(), sooner]))).to.equal("INVALID_REQUEST");
    expect(await codeOf(ask([]))).to.equal("INVALID_REQUEST");
    expect(await codeOf(ask([daily({ rules: [] })]))).to.equal("INVALID_REQUEST");
    expect(await codeOf(ask([daily({ chainId: "0x1" })]))).to.equal("INVALID_REQUEST");
  });

  it("can be granted again after they were revoked, though they name their start", async () => {
    const passkey = createPasskey();
    const start = daily();
    start.permission.data.startTime = now;
    const link = JSON.stringify([start]);
    const request = parseHandoffRequest(link);
    const first = await answerAsNewOwner({ ...env, latchkey, passkey, request });
    const second = await answerAsNewOwner({ ...env, latchkey, passkey, request: parseHandoffRequest(link) });
    const [creation] = first.transactions;
    if (!creation) throw new Error("no creation");
    await env.testChain.send({ from: shop, ...creation, value: 0n });
    const wallet = createWalletClient({ account: key, transport: custom(env.testChain.provider) });
    const hash = await revokeSession(wallet, {
      grant: first.grant,
      owner: { ...passkey, signer: env.safe.passkey.sharedSigner },
    });
    await client.waitForTransactionReceipt({ hash });
    expect((await sessionStatus(client, first.grant)).state).to.equal("REVOKED");
    expect(await verifyGrant(client, second.grant)).to.deep.equal({ valid: true });
  });

  describe("by MetaMask's kit, through the provider", () => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });

    /** A kit's client whose requests a new owner answers at once. */
    function kit(answer: (handoff: PermissionHandoff) => Promise<unknown> = answered) {
      const provider = handoffPermissionProvider({
        client,
        sender: key,
        page,
        name: "Research Bot",
        onHandoff(handoff) {
          open.push(handoff);
          void answer(handoff);
        },
      });
      return createClient({ transport: custom(provider) }).extend(erc7715ProviderActions());
    }
    const answered = async (handoff: PermissionHandoff) => handoff.receive(await answerTo(handoff));
    const asked = (permission: object, more: object = {}) =>
      ({
        chainId: env.testChain.chainId,
        to: key.address,
        expiry: now + 7 * DAY,
        permission: { isAdjustmentAllowed: true, ...permission },
        ...more,
      }) as never;

    const types: { [type: string]: { [name: string]: bigint | number } } = {
      "native-token-allowance": { allowanceAmount: 5n },
      "native-token-periodic": { periodAmount: 5n, periodDuration: 3600 },
      "native-token-stream": { amountPerSecond: 5n, initialAmount: 7n, maxAmount: 1000n },
      "erc20-token-allowance": { allowanceAmount: 5n },
      "erc20-token-periodic": { periodAmount: 5n, periodDuration: 3600 },
      "erc20-token-stream": { amountPerSecond: 5n },
    };
    for (const [type, data] of Object.entries(types))
      it(`are granted and listed: ${type}`, async () => {
        const wallet = kit();
        const token = type.startsWith("erc20") ? { tokenAddress: env.usdc.address } : {};
        const responses = await wallet.requestExecutionPermissions([
          asked({ type, data: { ...data, ...token } }, { redeemer: [key.address], payee: [shop] }),
        ]);
        expect(responses).to.have.length(1);
        const [response] = responses;
        expect(response).to.deep.include({
          chainId: env.testChain.chainId,
          to: key.address,
          dependencies: [],
          delegationManager: latchkey.module,
        });
        expect(response?.permission.type).to.equal(type);
        expect(response?.permission.data).to.include({ ...data, ...token });
        const { session } = decodePermissionContext(response?.context ?? "0x");
        expect(session.account).to.equal(response?.from);
        expect(session.budgets[0]).to.deep.include({ recipients: [shop] });
        expect(await wallet.getGrantedExecutionPermissions()).to.deep.equal(responses);
      });

    it("are redeemed by the kit, up to their limit", async () => {
      const [response] = await kit().requestExecutionPermissions([
        asked({
          type: "erc20-token-periodic",
          data: { tokenAddress: env.usdc.address, periodAmount: 5_000_000n, periodDuration: DAY },
        }),
      ]);
      if (!response?.from) throw new Error("no response");
      await env.usdc.mint(response.from, 10_000_000n);
      const wallet = createWalletClient({ account: key, transport: custom(env.testChain.provider) });
      const redeem = (amount: bigint) =>
        contracts.DelegationManager.execute.redeemDelegations({
          client: wallet as never,
          delegationManagerAddress: response.delegationManager,
          delegations: [response.context] as never,
          modes: [ExecutionMode.SingleDefault],
          executions: [
            [
              createExecution({
                target: env.usdc.address,
                callData: encodeFunctionData({
                  abi: erc20Abi,
                  functionName: "transfer",
                  args: [shop, amount],
                }),
              }),
            ],
          ],
        });
      const before = await env.usdc.balanceOf(shop);
      await client.waitForTransactionReceipt({ hash: await redeem(3_000_000n) });
      const refused = await redeem(3_000_000n).then(
        () => "redeemed",
        (error: unknown) => decodeError(error).code,
      );
      expect(refused).to.equal("PERIOD");
      await client.waitForTransactionReceipt({ hash: await redeem(2_000_000n) });
      expect((await env.usdc.balanceOf(shop)) - before).to.equal(5_000_000n);
    });

    it("are one session where there are several, and have one context", async () => {
      const responses = await kit().requestExecutionPermissions([
        asked({ type: "native-token-allowance", data: { allowanceAmount: 5n } }),
        asked({ type: "erc20-token-stream", data: { amountPerSecond: 5n, tokenAddress: env.usdc.address } }),
      ]);
      expect(responses).to.have.length(2);
      expect(new Set(responses.map(({ context }) => context)).size).to.equal(1);
    });

    it("are listed as supported with their rules", async () => {
      const supported = await kit().getSupportedExecutionPermissions();
      expect(Object.keys(supported)).to.have.members(Object.keys(types));
      for (const type of Object.keys(types))
        expect(supported[type]).to.deep.equal({
          chainIds: [env.testChain.chainId],
          ruleTypes: ["expiry", "redeemer", "payee"],
        });
    });

    it("are no longer listed once their key has renounced them", async () => {
      const wallet = kit();
      const [response] = await wallet.requestExecutionPermissions([
        asked({ type: "native-token-allowance", data: { allowanceAmount: 5n } }),
      ]);
      const request = wallet.request as (asked: object) => Promise<unknown>;
      const revoked = await request({
        method: "wallet_revokeExecutionPermission",
        params: [{ permissionContext: response?.context }],
      });
      expect(revoked).to.deep.equal({});
      expect(await wallet.getGrantedExecutionPermissions()).to.deep.equal([]);
    });

    /** EIP-1193's code that a request ends with. */
    const errorOf = async (promise: Promise<unknown>): Promise<number> => {
      try {
        await promise;
      } catch (error) {
        return (error as { code: number }).code;
      }
      throw new Error("it was granted");
    };

    it("end with 4001 if the owner declines", async () => {
      const wallet = kit(async ({ request, receive }) =>
        receive(serializeHandoffAnswer({ version: 1, nonce: request.nonce, status: "declined" }, request)),
      );
      const one = asked({ type: "native-token-allowance", data: { allowanceAmount: 5n } });
      expect(await errorOf(wallet.requestExecutionPermissions([one]))).to.equal(4001);
    });

    it("end with -32602 if they are not supported, and nobody is asked", async () => {
      const wallet = kit(async () => {
        throw new Error("somebody was asked");
      });
      const endless = {
        ...(asked({ type: "native-token-allowance", data: { allowanceAmount: 5n } }) as object),
      };
      expect(
        await errorOf(wallet.requestExecutionPermissions([{ ...endless, expiry: undefined } as never])),
      ).to.equal(-32602);
      const request = wallet.request as (asked: object) => Promise<unknown>;
      expect(await errorOf(request({ method: "wallet_requestExecutionPermissions", params: {} }))).to.equal(
        -32602,
      );
      expect(
        await errorOf(
          request({ method: "wallet_revokeExecutionPermission", params: [{ permissionContext: "0x12" }] }),
        ),
      ).to.equal(-32602);
    });

    it("cannot be renounced by another sender than their key, and nothing is sent", async () => {
      const provider = handoffPermissionProvider({
        client,
        sender: key,
        page,
        name: "Research Bot",
        output: silent,
        onHandoff(handoff) {
          open.push(handoff);
          void answered(handoff);
        },
      });
      const request = provider.request as (asked: object) => Promise<unknown>;
      const [response] = (await request({
        method: "wallet_requestExecutionPermissions",
        params: [daily({ to: addressOf("another agent") })],
      })) as PermissionResponse[];
      const sent = await client.getTransactionCount({ address: key.address });
      const revoke = {
        method: "wallet_revokeExecutionPermission",
        params: [{ permissionContext: response?.context }],
      };
      const error = await request(revoke).then(
        () => undefined,
        (refused: { code: number; message: string }) => refused,
      );
      expect(error?.code).to.equal(-32003);
      expect(error?.message).to.include("The sender is not the permission's key.");
      expect(await client.getTransactionCount({ address: key.address })).to.equal(sent);
    });

    it("that fail after the owner has answered are not asked for again", async () => {
      const poor = keyOf("an agent without gas");
      let count = 0;
      const provider = handoffPermissionProvider({
        client,
        sender: poor,
        page,
        name: "Research Bot",
        onHandoff(handoff) {
          count++;
          open.push(handoff);
          void answered(handoff);
        },
      });
      // The client repeats whatever its transport lets it repeat.
      const wallet = createClient({ transport: custom(provider, { retryCount: 2, retryDelay: 1 }) });
      const request = wallet.request as (asked: object) => Promise<unknown>;
      const code = await errorOf(
        request({ method: "wallet_requestExecutionPermissions", params: [daily()] }),
      );
      expect(code).to.equal(-32003);
      expect(count).to.equal(1);
    });

    it("leave other methods to the client's node", async () => {
      const request = kit().request as (asked: object) => Promise<unknown>;
      expect(await request({ method: "eth_chainId" })).to.equal(numberToHex(env.testChain.chainId));
    });

    it("need somebody who shows the link", () => {
      expect(() => handoffPermissionProvider({ client, page, name: "Research Bot" })).to.throw(
        /show the link/,
      );
      expect(() =>
        handoffPermissionProvider({ client, page, name: "Research Bot", output: silent }),
      ).not.to.throw();
    });
  });
});
