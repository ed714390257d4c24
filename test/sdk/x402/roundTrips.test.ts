import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createPasskeySafe,
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey, type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, isRefusal, type PayingFetchParameters, payingFetch } from "@latchkey/sdk";
import { encodeEnable } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeFunctionResult,
  getAddress,
  type Hex,
  keccak256,
  multicall3Abi,
  pad,
  toBytes,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { MULTICALL3, setMulticall3 } from "../../environment/multicall3.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";

const DOLLAR = 1_000_000n;
const key = privateKeyToAccount(keccak256(toBytes("the agent of the round trips")));
const shop = getAddress("0x5409000000000000000000000000000000000001");
type Request = { method: string; params: readonly [{ to: Address; data: Hex }, ...unknown[]] };

describe("the questions of one payment", function () {
  this.timeout(120_000);

  let environment: Environment;
  let latchkey: Latchkey;
  let merchant: Merchant;
  const safes: SafeAccount[] = [];
  let restore: () => Promise<void>;

  before(async () => {
    environment = await setUp("ethereum");
    const { testChain, usdc, connection } = environment;
    latchkey = await installLatchkey(testChain);
    const domainSeparators = [usdc.domainSeparator];
    const older = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("trips") });
    await installOnSafe(older, latchkey, domainSeparators);
    const passkey = createPasskey("trips");
    safes.push(
      older,
      await createPasskeySafe(environment, { version: "1.5.0", passkey, latchkey, domainSeparators }),
    );
    for (const { address } of safes) await usdc.mint(address, 1000n * DOLLAR);
    merchant = await openMerchant(testChain, {
      item: { amount: 50_000n, asset: usdc.address, payTo: shop },
    });
    const snapshot = await connection.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());
  after(async () => {
    await merchant.close();
    await environment.connection.close();
  });

  async function enabled(safe: SafeAccount): Promise<Grant> {
    // A chain whose last block is older than a minute is asked for its pending block too.
    const { time } = environment.connection.networkHelpers;
    const now = Math.max((await time.latest()) + 1, Math.floor(Date.now() / 1000));
    await time.increaseTo(now);
    const grant: Grant = {
      version: 1,
      chainId: environment.testChain.chainId,
      module: latchkey.module,
      accountKind: "safe",
      session: {
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
            token: environment.usdc.address,
            perTransaction: DOLLAR,
            perPeriod: 200n * DOLLAR,
            period: 86_400,
            initial: 0n,
            perSecond: 0n,
            signatures: 1,
            sizes: 5,
            recipients: [shop],
          },
        ],
        actions: [],
      },
      signature: "0x",
    };
    await asSafe(safe, [encodeEnable(grant)]);
    return grant;
  }

  /** A client that logs, and may answer in the node's place. Requests that are under way together are one trip. */
  function watched(instead: (asked: Request) => Promise<unknown> = async () => undefined) {
    const log = { requests: [] as string[], trips: 0, asked: [] as Request[] };
    let underWay = 0;
    const request = async (asked: Request) => {
      log.requests.push(asked.method);
      log.asked.push(asked);
      if (underWay++ === 0) log.trips++;
      try {
        await new Promise((done) => setTimeout(done, 20));
        return (await instead(asked)) ?? (await environment.testChain.provider.request(asked));
      } finally {
        underWay--;
      }
    };
    const client = createPublicClient({
      transport: custom({ request: request as never }, { retryCount: 0 }),
    });
    const reset = () => Object.assign(log, { requests: [], trips: 0, asked: [] });
    return { client, log, reset };
  }

  const agent = (grant: Grant, client: PayingFetchParameters["client"]) =>
    payingFetch({ client, key, grant, maxWait: 5, pollingInterval: 20, resendDelay: 10 });
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error: unknown) => (isRefusal(error) ? error.code : String(error)),
    );

  for (const [place, version] of ["1.4.1", "1.5.0"].entries()) {
    it(`are two requests, one after the other, for a Safe ${version} with Multicall3, and four at first`, async () => {
      await setMulticall3(environment.testChain);
      const grant = await enabled(safes[place] as SafeAccount);
      const { client, log, reset } = watched();
      const pay = agent(grant, client);
      expect((await pay(merchant.url("item"))).status).to.equal(200);
      expect(log.requests.length).to.be.at.most(4);
      for (let turn = 0; turn < 20; turn++) {
        reset();
        expect((await pay(merchant.url("item"))).status).to.equal(200);
        expect(log.requests).to.deep.equal(["eth_call", "eth_call"]);
        expect(log.trips).to.equal(2);
      }
    });
  }

  it("are a dozen requests in three round trips where the chain has no Multicall3", async () => {
    const grant = await enabled(safes[0] as SafeAccount);
    const { client, log, reset } = watched();
    const pay = agent(grant, client);
    expect((await pay(merchant.url("item"))).status).to.equal(200);
    for (let turn = 0; turn < 3; turn++) {
      reset();
      expect((await pay(merchant.url("item"))).status).to.equal(200);
      expect(log.requests.length).to.be.at.most(12);
      expect(log.trips).to.be.at.most(3);
    }
  });

  it("are of one block: nothing but the two aggregates is asked", async () => {
    await setMulticall3(environment.testChain);
    const grant = await enabled(safes[0] as SafeAccount);
    const { client, log, reset } = watched();
    const pay = agent(grant, client);
    await pay(merchant.url("item"));
    reset();
    await pay(merchant.url("item"));
    const targets = log.asked.map(({ params }) => getAddress(params[0].to));
    expect(targets).to.deep.equal([MULTICALL3, MULTICALL3]);
  });

  it("find a token that is paused, and blacklisted parties, before anything is signed", async () => {
    await setMulticall3(environment.testChain);
    const { usdc } = environment;
    const snapshot = await environment.connection.networkHelpers.takeSnapshot();
    for (const [code, spoil] of [
      ["TOKEN_PAUSED", () => usdc.pause()],
      ["TOKEN_BLACKLISTED", () => usdc.blacklist(shop)],
      ["TOKEN_BLACKLISTED", () => usdc.blacklist((safes[0] as SafeAccount).address)],
    ] as const) {
      const grant = await enabled(safes[0] as SafeAccount);
      await spoil();
      const { client, log } = watched();
      expect(await codeOf(agent(grant, client)(merchant.url("item")))).to.equal(code);
      // The second trip is the one that shows the signature.
      expect(log.requests).to.deep.equal(["eth_call"]);
      await snapshot.restore();
    }
  });

  it("find one that is paused after the first trip, and name the authorization that the node has seen", async () => {
    await setMulticall3(environment.testChain);
    const grant = await enabled(safes[0] as SafeAccount);
    let turn = 0;
    const { client } = watched(async () => {
      if (++turn === 2) await environment.usdc.pause();
      return undefined;
    });
    const error: unknown = await agent(
      grant,
      client,
    )(merchant.url("item")).catch((reason: unknown) => reason);
    expect(isRefusal(error, "TOKEN_PAUSED")).to.equal(true);
    if (isRefusal(error)) expect(error.details).to.include.keys("token", "nonce", "validBefore");
  });

  it("are asked again for some seconds where the account refuses at first", async () => {
    await setMulticall3(environment.testChain);
    const grant = await enabled(safes[0] as SafeAccount);
    let noes = 0;
    const { client, log } = watched(async ({ params }) => {
      const [{ data }] = params;
      const { args } = decodeFunctionData({ abi: multicall3Abi, data });
      const isSecondTrip = (args[0] as readonly unknown[]).length === 2;
      if (!isSecondTrip || noes++ >= 2) return undefined;
      // The token reverts, as the account does not agree.
      const result = [
        { success: true, returnData: pad("0xffffffff", { dir: "right" }) },
        { success: false, returnData: "0x" as Hex },
      ] as const;
      return encodeFunctionResult({ abi: multicall3Abi, functionName: "aggregate3", result });
    });
    expect((await agent(grant, client)(merchant.url("item"))).status).to.equal(200);
    expect(noes).to.equal(3);
    expect(log.requests.length).to.be.at.least(4);
  });
});
