import { asSafe } from "@latchkey/accounts/asSafe";
import { type Grant, hashSession, sessionStatus } from "@latchkey/sdk";
import { encodeEnable, slotNonce } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { createPublicClient, custom, encodeAbiParameters, getAddress, keccak256, pad, toHex } from "viem";
import { setMulticall3 } from "../environment/multicall3.ts";
import { grantOf, refusalOf, settle, shop, USD, useSafe } from "./safeFixture.ts";

/** Where FiatToken keeps which nonces are used. */
const AUTHORIZATION_STATES = 16n;

describe("the status of a session, read with few requests", function () {
  this.timeout(120_000);
  const world = useSafe("1.5.0");

  /** A client that keeps what it was asked. */
  const watched = () => {
    const asked: string[] = [];
    let bytes = 0;
    const request = async (call: { method: string; params?: unknown }) => {
      asked.push(call.method);
      const answer = await world().env.connection.provider.request(call as never);
      bytes += JSON.stringify(call).length + JSON.stringify(answer).length;
      return answer;
    };
    const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
    return { client, asked, bytes: () => bytes };
  };
  const grantOfMany = async (perDay: string) => {
    const budgets = { usdc: { perTransaction: "1", perDay, recipients: [shop] } };
    const grant = await grantOf(world(), { budgets });
    await asSafe(world().safe, [encodeEnable(grant)]);
    return grant;
  };
  /** Marks the opener of a size as used, as the token does. */
  const use = async (grant: Grant, lots: readonly number[], size = 0) => {
    const { env, safe } = world();
    const inner = keccak256(
      encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [safe.address, AUTHORIZATION_STATES]),
    );
    const id = hashSession(grant.session);
    for (const lot of lots) {
      const nonce = slotNonce({ id, budgetIndex: 0, period: 0n, lot: BigInt(lot), size, index: 0n });
      const place = keccak256(
        encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [nonce, inner]),
      );
      await env.connection.provider.request({
        method: "hardhat_setStorageAt",
        params: [env.usdc.address, place, pad("0x01")],
      });
    }
  };
  const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, place) => from + place);
  const budgetOf = async (grant: Grant, client = watched().client) =>
    (await sessionStatus(client, grant)).budgets[0];

  it("takes two requests for a budget of 20 lots, and one for several sessions at once", async () => {
    await setMulticall3(world().env.testChain);
    const grants = [await grantOf(world()), await grantOf(world()), await grantOf(world())];
    await settle(world(), grants[0] as Grant, { slot: { lot: 3n } });
    const { client, asked } = watched();
    const status = await sessionStatus(client, grants[0] as Grant);
    expect(status.budgets[0]).to.include({ opened: USD, remaining: 19n * USD, exact: true });
    expect(asked).to.deep.equal(["eth_call", "eth_call"]);
    asked.length = 0;
    const all = await Promise.all(grants.map((grant) => sessionStatus(client, grant)));
    expect(all.map(({ budgets }) => budgets[0]?.opened)).to.deep.equal([USD, 0n, 0n]);
    expect(asked).to.deep.equal(["eth_call", "eth_call"]);
  });

  it("says the same without Multicall3", async () => {
    const grant = await grantOf(world());
    await settle(world(), grant, { slot: { lot: 3n } });
    const alone = await sessionStatus(watched().client, grant);
    await setMulticall3(world().env.testChain);
    const { asOf, ...together } = await sessionStatus(watched().client, grant);
    expect(alone).to.deep.include(together);
    expect(asOf).to.be.at.least(alone.asOf);
  });

  it("takes ten requests at most for 10,000 opened lots, and is right", async () => {
    await setMulticall3(world().env.testChain);
    const grant = await grantOfMany("20000");
    await use(grant, upTo(10_000));
    const { client, asked, bytes } = watched();
    expect(await budgetOf(grant, client)).to.include({
      opened: 10_000n * USD,
      remaining: 10_000n * USD,
      exact: false,
    });
    expect(asked.length).to.be.at.most(10);
    expect(bytes()).to.be.lessThan(1_000_000);
  });

  for (const [what, lots, opened] of [
    ["none", [], 0],
    ["the first", [0], 1],
    ["a few with holes, each counted", [0, 1, 5, 40], 4],
    ["129", upTo(129), 129],
    ["many with a hole at the end of the search", [...upTo(512), ...upTo(600, 514)], 600],
    ["all", upTo(300), 300],
  ] as const)
    it(`finds where the opened ones of 300 or more lots end: ${what}`, async () => {
      await setMulticall3(world().env.testChain);
      const grant = await grantOfMany(what === "all" ? "300" : "5000");
      await use(grant, lots, 2);
      const { client, asked } = watched();
      const budget = await budgetOf(grant, client);
      expect(budget?.opened).to.equal(BigInt(opened) * USD);
      expect(budget?.exact).to.equal(false);
      expect(asked.length).to.be.at.most(10);
    });

  it("counts every lot below the last opened one, so that never too much is left, if there are many", async () => {
    await setMulticall3(world().env.testChain);
    const grant = await grantOfMany("1000");
    await use(
      grant,
      upTo(400).filter((lot) => lot % 7 !== 3),
    );
    const budget = await budgetOf(grant);
    expect(budget).to.include({ opened: 400n * USD, remaining: 600n * USD, exact: false });
  });

  it("is exact for 128 lots, wherever they are opened", async () => {
    await setMulticall3(world().env.testChain);
    const grant = await grantOfMany("128");
    await use(grant, [0, 64, 127]);
    expect(await budgetOf(grant)).to.include({ opened: 3n * USD, exact: true });
  });

  it("says which chain a grant is for before anything else", async () => {
    await setMulticall3(world().env.testChain);
    const grant = await grantOf(world());
    expect((await refusalOf(sessionStatus(watched().client, { ...grant, chainId: 5 }))).code).to.equal(
      "WRONG_CHAIN",
    );
    const nowhere = getAddress(toHex(0xdead, { size: 20 }));
    const elsewhere = { ...grant, chainId: 5, module: nowhere };
    expect((await refusalOf(sessionStatus(watched().client, elsewhere))).code).to.equal("WRONG_CHAIN");
  });

  it("has no module enabled for an account without code", async () => {
    await setMulticall3(world().env.testChain);
    const grant = await grantOf(world());
    const account = getAddress(toHex(0xacc0, { size: 20 }));
    const status = await sessionStatus(watched().client, {
      ...grant,
      session: { ...grant.session, account },
    });
    expect(status).to.include({ moduleEnabled: false, active: false });
    expect(status.reasons).to.include("MODULE_NOT_ENABLED");
  });
});
