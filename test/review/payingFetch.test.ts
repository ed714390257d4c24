import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  parseAbiItem,
  toBytes,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  decodePayload,
  encodeEnable,
  type Grant,
  grantSession,
  hashSession,
  memorySlotStore,
  type PayingFetchParameters,
  payingFetch,
  Refusal,
  type Session,
  sessionJson,
  slotNonce,
} from "../../packages/sdk/src/index.ts";
import { asSafe } from "../environment/asSafe.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Merchant, openMerchant } from "../environment/merchant.ts";
import { createSafe, installOnSafe, type SafeAccount } from "../environment/safeAccount.ts";
import { ecdsaOwner } from "../environment/safeOwner.ts";
import { type Environment, setUp } from "../environment/setUp.ts";

const DOLLAR = 1_000_000n;
const PRICE = 200_000n;
const key = privateKeyToAccount(keccak256(toBytes("the agent of the review")));
const shop = getAddress("0x5409000000000000000000000000000000000002");
const transfer = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");

const erc1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const settle = parseAbi([
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
]);

describe("an agent that asks again after an unknown outcome", function () {
  this.timeout(120_000);

  let environment: Environment;
  let merchant: Merchant;
  let safe: SafeAccount;
  let grant: Grant;
  let restore: () => Promise<void>;

  before(async () => {
    environment = await setUp("ethereum");
    const { testChain, usdc, connection } = environment;
    const latchkey = await installLatchkey(testChain);
    safe = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("review") });
    await installOnSafe(safe, latchkey, [usdc.domainSeparator]);
    await usdc.mint(safe.address, 1000n * DOLLAR);
    const offer = (amount: bigint) => ({ amount, asset: usdc.address, payTo: shop });
    merchant = await openMerchant(testChain, { thing: offer(PRICE) });
    const now = Number((await testChain.client.getBlock()).timestamp);
    const session: Session = {
      account: safe.address,
      key: key.address,
      validAfter: now - 1000,
      validUntil: now + 7 * 86_400,
      epoch: 0n,
      salt: 7n,
      gasAllowance: 0n,
      paymaster: pad("0x", { size: 20 }),
      budgets: [
        {
          token: usdc.address,
          perTransaction: DOLLAR,
          perPeriod: 20n * DOLLAR,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          slotSizes: 5,
          recipients: [shop],
        },
      ],
      actions: [],
    };
    grant = {
      version: 1,
      chainId: testChain.chainId,
      module: latchkey.module,
      accountKind: "safe",
      session: sessionJson(session),
      signature: "0x",
    };
    await asSafe(safe, [encodeEnable(grant)]);
    const snapshot = await connection.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(async () => {
    merchant.faults = [];
    merchant.headers = [];
    await restore();
  });
  after(async () => {
    await merchant.close();
    await environment.connection.close();
  });

  const agent = (other: Partial<PayingFetchParameters> = {}) =>
    payingFetch({
      client: environment.testChain.client,
      key,
      grant,
      maxWait: 5,
      pollingInterval: 20,
      resends: 0,
      ...other,
    });
  const paid = async (from: Address): Promise<number> =>
    (
      await environment.testChain.client.getLogs({
        address: environment.usdc.address,
        event: transfer,
        args: { from },
        fromBlock: 0n,
      })
    ).length;
  const attempt = (work: Promise<Response>): Promise<number | string> =>
    work.then(
      ({ status }) => status,
      (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
    );

  it("does not pay anew for the one of two equal requests that stayed unanswered", async () => {
    const pay = agent();
    merchant.faults = ["drop after settling"];
    const outcomes = await Promise.all([1, 2].map(() => attempt(pay(merchant.url("thing")))));
    expect(outcomes.sort()).to.deep.equal([200, "OUTCOME_UNKNOWN"]);
    expect(await paid(safe.address)).to.equal(2);
    // What the refusal says to do: the same request again. It was paid already.
    await attempt(pay(merchant.url("thing")));
    expect(new Set(merchant.headers).size, "payments signed for two purchases").to.equal(2);
    expect(await paid(safe.address)).to.equal(2);
  });

  it("does not pay anew for either of two equal requests that both stayed unanswered", async () => {
    const pay = agent();
    merchant.faults = ["drop after settling", "drop after settling"];
    const outcomes = await Promise.all([1, 2].map(() => attempt(pay(merchant.url("thing")))));
    expect(outcomes).to.deep.equal(["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"]);
    await Promise.all([1, 2].map(() => attempt(pay(merchant.url("thing")))));
    expect(new Set(merchant.headers).size, "payments signed for two purchases").to.equal(2);
    expect(await paid(safe.address)).to.equal(2);
  });

  it("does not sign a second payment while the first can still be settled, because the price moved by a unit", async () => {
    // A shop that keeps the payment, calls it unpaid, and then asks for a unit more.
    const kept: string[] = [];
    let price = PRICE;
    const shopkeeper: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      const header = request.headers.get("PAYMENT-SIGNATURE");
      if (header) {
        if (!kept.includes(header)) kept.push(header);
        // The first is answered as by a broken server, and the price is another one from then on.
        if (price === PRICE) {
          price += 1n;
          return new Response("out of order", { status: 500 });
        }
      }
      const required = {
        x402Version: 2,
        error: "payment required",
        resource: { url: request.url, description: "", mimeType: "" },
        accepts: [
          {
            scheme: "exact",
            network: `eip155:${environment.testChain.chainId}`,
            amount: `${price}`,
            asset: environment.usdc.address,
            payTo: shop,
            maxTimeoutSeconds: 300,
            extra: { name: "USD Coin", version: "2" },
          },
        ],
      };
      return new Response("{}", {
        status: 402,
        headers: { "PAYMENT-REQUIRED": Buffer.from(JSON.stringify(required)).toString("base64") },
      });
    };
    const pay = agent({ fetch: shopkeeper });
    expect(await attempt(pay("https://shop.example/thing"))).to.equal(500);
    await attempt(pay("https://shop.example/thing"));
    expect(kept, "authorizations for one purchase that the shop can settle").to.have.length(1);
  });

  it("does not give a slot back, and say that nothing was sent, once the node has seen the authorization", async () => {
    const { testChain, usdc } = environment;
    const session = grantSession(grant);
    // A node that keeps what it is asked about, settles it for the shop, and says that the account said no.
    const request = async (asked: { method: string; params?: unknown }): Promise<unknown> => {
      const [call] = Array.isArray(asked.params) ? (asked.params as [{ data?: Hex }]) : [{}];
      if (asked.method !== "eth_call" || !call?.data?.startsWith("0x1626ba7e"))
        return testChain.provider.request(asked as never);
      const { args } = decodeFunctionData({ abi: erc1271, data: call.data });
      const { to, value, validAfter, validBefore, slot } = decodePayload(args[1]);
      const { period } = await sessionPeriod();
      const nonce = slotNonce({ id: hashSession(session), budgetIndex: 0, period, ...slot });
      await testChain.send({
        from: shop,
        to: usdc.address,
        data: encodeFunctionData({
          abi: settle,
          functionName: "transferWithAuthorization",
          args: [safe.address, to, value, validAfter, validBefore, nonce, args[1]],
        }),
      });
      return pad("0xffffffff", { dir: "right" });
    };
    const sessionPeriod = async () => {
      const { timestamp } = await testChain.client.getBlock();
      return { period: (timestamp - BigInt(session.validAfter)) / 86_400n };
    };
    const client = createPublicClient({
      transport: custom({ request: request as never }, { retryCount: 0 }),
    });
    const store = memorySlotStore();
    const outcome = await agent({ client, store })(merchant.url("thing")).then(
      () => expect.fail("paid"),
      (error: unknown) => error as Refusal,
    );
    expect(await paid(safe.address), "payments that the shop has").to.equal(1);
    expect(outcome.message).not.to.contain("Nothing was sent");
    const key = `eip155:${testChain.chainId}/${hashSession(session)}/0`;
    expect(await store.held(key)).to.have.length(1);
  });
});
