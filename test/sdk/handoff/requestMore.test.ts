import { Writable } from "node:stream";
import { RELAYER, SAFE_VERSIONS } from "@latchkey/devchain";
import {
  type Budget,
  enabledGrant,
  GRANT_VERSION,
  type Grant,
  pay,
  type Refusal,
  readBalanceFloors,
  revokeSession,
  type Session,
} from "@latchkey/sdk";
import { encodeEnable, encodeReplaceSession, encodeRevoke, safeTransaction } from "@latchkey/sdk/encoding";
import {
  type GrantedAnswer,
  parseHandoffRequest,
  type ReplacedGrant,
  replacedGrant,
  requestedSession,
  settleHandoff,
} from "@latchkey/sdk/handoff";
import {
  type MoreParameters,
  type RefusalToRaise,
  requestMore,
  type SessionHandoff,
} from "@latchkey/sdk/node";
import { mostSpendable } from "@latchkey/sdk/review";
import { expect } from "chai";
import { type Address, getAddress, parseAbi, toHex } from "viem";
import {
  agent,
  balanceOf,
  grantOf,
  mined,
  owner,
  refusalOf,
  settle,
  shop,
  stateOf,
  USD,
  useSafe,
  walletOf,
} from "../safeFixture.ts";

const page = "http://localhost:4173/";
const otherShop = getAddress(toHex(0x5410, { size: 20 }));
const nonceAbi = parseAbi(["function nonce() view returns (uint256)"]);

for (const version of SAFE_VERSIONS)
  describe(`asking the owner of a Safe ${version} for more`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const client = () => world().env.testChain.client;
    const open: SessionHandoff[] = [];
    afterEach(async () => {
      for (const handoff of open.splice(0)) await handoff.close();
    });

    const payTo = (grant: Grant, to: Address, amount: string) =>
      pay(walletOf(world(), agent), { grant, to, amount });
    const ask = async (grant: Grant, refusal: RefusalToRaise, part: Partial<MoreParameters> = {}) => {
      const handoff = await requestMore({
        client: client(),
        key: agent,
        grant,
        refusal,
        page,
        name: "Research Bot",
        callback: false,
        ...part,
      } as MoreParameters);
      open.push(handoff);
      return handoff;
    };
    /** What the page makes of a request: the session, and the owner's batch of calls. */
    const answer = async (
      { request }: Pick<SessionHandoff, "request">,
      {
        calls = ([, old, replacement, floors]) => encodeReplaceSession({ old, replacement, floors }),
        change = (session) => session,
      }: {
        calls?: (
          from: [Session, ReplacedGrant, Grant, Awaited<ReturnType<typeof readBalanceFloors>>],
        ) => Parameters<typeof safeTransaction>[0]["calls"];
        change?: (session: Session) => Session;
      } = {},
    ): Promise<GrantedAnswer> => {
      const old = replacedGrant(request);
      if (!old) throw new Error("the request replaces nothing");
      const { chainId, module } = old;
      const safe = old.session.account;
      const { timestamp } = await client().getBlock();
      const session = change(requestedSession(request, { account: safe, now: Number(timestamp) }));
      const grant = enabledGrant({ version: GRANT_VERSION, chainId, module, accountKind: "safe", session });
      const nonce = await client().readContract({ address: safe, abi: nonceAbi, functionName: "nonce" });
      const batch = safeTransaction({
        safe,
        chainId,
        nonce,
        calls: calls([session, old, grant, await readBalanceFloors(client(), old)]),
      });
      const { to, data } = batch.encode(await owner.signTypedData(batch.typedData));
      return {
        version: 1,
        nonce: request.nonce,
        status: "granted",
        grant,
        transactions: [{ to, data, value: "0x0" }],
      };
    };
    /** As it travels. */
    const text = (made: GrantedAnswer) => JSON.stringify(made);

    describe("for one payment", () => {
      it("allows exactly the refused payment, beside the session, and nothing after it", async () => {
        const grant = await grantOf(world());
        await mined(world(), payTo(grant, shop, "1"));
        const refusal = await refusalOf(payTo(grant, shop, "3"));
        expect(refusal).to.include({ code: "PER_TRANSACTION" });
        expect(refusal.details).to.include({ amount: 3n * USD, limit: USD, recipient: shop });
        const handoff = await ask(grant, refusal);
        const asked = parseHandoffRequest(handoff.link);
        expect(asked.replaces).to.equal(undefined);
        expect(asked.permissions[0]?.permission.data.justification).to.equal(
          `A payment of 3 USDC to ${shop} exceeds the limit per payment.`,
        );
        const { timestamp } = await client().getBlock();
        const session = requestedSession(asked, { account: world().safe.address, now: Number(timestamp) });
        expect(session.validUntil - Number(timestamp)).to.be.within(3500, 3600);
        expect(session.budgets).to.have.length(1);
        // A node that is behind starts the session earlier: it still pays once.
        const early = requestedSession(asked, {
          account: world().safe.address,
          now: Number(timestamp) - 60,
        });
        expect(mostSpendable(early, early.budgets[0] as Budget)).to.deep.equal({
          periods: 1n,
          most: 3n * USD,
        });
        expect(session.budgets[0]).to.deep.include({
          perTransaction: 3n * USD,
          perPeriod: 3n * USD,
          recipients: [shop],
          signatures: 0,
        });
        await mined(world(), enable(session));
        const more = enabledGrant({ ...grant, session });
        await handoff.receive(text(signed(handoff, more)));
        const allowed = await handoff.answer;
        expect((await refusalOf(payTo(allowed, shop, "3.000001"))).code).to.equal("PER_TRANSACTION");
        expect((await refusalOf(payTo(allowed, otherShop, "1"))).code).to.equal("RECIPIENT");
        await mined(world(), payTo(allowed, shop, "3"));
        expect((await refusalOf(payTo(allowed, shop, "0.000001"))).code).to.equal("PERIOD");
        expect(await balanceOf(world(), shop)).to.equal(4n * USD);
        // The session itself is as it was.
        expect(await stateOf(world(), grant)).to.equal("ENABLED");
        expect((await refusalOf(payTo(grant, shop, "3"))).code).to.equal("PER_TRANSACTION");
        await mined(world(), payTo(grant, shop, "1"));
      });

      it("allows one signed payment of the exact amount, of a whole lot", async () => {
        const grant = await grantOf(world());
        const refusal = await refusalOf(payTo(grant, shop, "3.210001"));
        const { details, code } = refusal;
        const handoff = await ask(grant, { code, details: { ...details, method: "eip3009" } });
        const { timestamp } = await client().getBlock();
        const session = requestedSession(handoff.request, {
          account: world().safe.address,
          now: Number(timestamp),
        });
        expect(session.budgets[0]).to.include({ signatures: 1, sizes: 1 });
        await mined(world(), enable(session));
        const allowed = enabledGrant({ ...grant, session });
        await settle(world(), allowed, { value: 3_210_001n });
        expect(await balanceOf(world(), shop)).to.equal(3_210_001n);
        const again = settle(world(), allowed, { value: 1n, slot: { lot: 1n } });
        expect(
          await again.then(
            () => "paid",
            () => "refused",
          ),
        ).to.equal("refused");
        // An execution finds the one lot used.
        expect((await refusalOf(payTo(allowed, shop, "0.000001"))).code).to.equal("LOT_OPENED");
      });

      it("allows the payee of a refused payment that no budget names", async () => {
        const grant = await grantOf(world());
        const refusal = await refusalOf(payTo(grant, otherShop, "0.5"));
        expect(refusal).to.include({ code: "RECIPIENT" });
        const { request } = await ask(grant, JSON.parse(JSON.stringify(refusal)));
        const { timestamp } = await client().getBlock();
        const [budget] = requestedSession(request, {
          account: world().safe.address,
          now: Number(timestamp),
        }).budgets;
        expect(budget).to.deep.include({ perPeriod: USD / 2n, recipients: [otherShop] });
      });
    });

    describe("for a wider session", () => {
      it("replaces the present one by one signature, and only widens what was refused", async () => {
        const grant = await grantOf(world());
        await mined(world(), payTo(grant, shop, "1"));
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        const asked = parseHandoffRequest(handoff.link);
        expect(asked).to.deep.equal(handoff.request);
        expect(replacedGrant(asked)?.session).to.deep.equal(grant.session);
        await handoff.receive(text(await answer(handoff)));
        const wider = await handoff.answer;
        const [before] = grant.session.budgets;
        const { sizes, ...same } = { ...before, perTransaction: 2n * USD };
        expect(wider.session.budgets).to.have.length(1);
        expect(wider.session.budgets[0]).to.deep.include(same);
        expect(wider.session.validUntil).to.equal(grant.session.validUntil);
        expect(await stateOf(world(), grant)).to.equal("REVOKED");
        expect(await stateOf(world(), wider)).to.equal("ENABLED");
        await mined(world(), payTo(wider, shop, "1.5"));
        expect((await refusalOf(payTo(grant, shop, "1"))).code).to.equal("REVOKED");
      });

      it("is printed as one in place of the present one", async () => {
        const grant = await grantOf(world());
        let printed = "";
        const output = new Writable({
          write(chunk, _encoding, done) {
            printed += chunk;
            done();
          },
        });
        const refusal = await refusalOf(payTo(grant, shop, "1.5"));
        const { link } = await ask(grant, refusal, { for: "session", output });
        expect(printed).to.include(link);
        expect(printed).to.include("other limits in place of its present ones");
        printed = "";
        await ask(grant, refusal, { output });
        expect(printed).to.match(/^To allow this agent to spend, open:/);
      });

      it("replaces one whose grant was never used, so that it never can be", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, otherShop, "1")), { for: "session" });
        expect(handoff.request.replaces?.signature).to.equal(grant.signature);
        await handoff.receive(text(await answer(handoff)));
        const wider = await handoff.answer;
        expect(wider.session.budgets[0]?.recipients).to.deep.equal([shop, otherShop]);
        expect((await refusalOf(payTo(grant, shop, "1"))).code).to.equal("REVOKED");
      });

      it("may be lowered by its owner", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        const lowered = await answer(handoff, {
          change: (session) => ({
            ...session,
            budgets: session.budgets.map((budget) => ({ ...budget, perPeriod: 5n * USD })),
          }),
        });
        await handoff.receive(text(lowered));
        expect((await handoff.answer).session.budgets[0]?.perPeriod).to.equal(5n * USD);
      });

      it("has the budgets and the end that the agent names", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), {
          for: "session",
          budgets: { usdc: { perTransaction: "5", perDay: "40", recipients: [shop] } },
          until: "14d",
        });
        await handoff.receive(text(await answer(handoff)));
        const { session } = await handoff.answer;
        expect(session.budgets[0]).to.deep.include({ perTransaction: 5n * USD, perPeriod: 40n * USD });
        expect(session.validUntil).to.be.greaterThan(grant.session.validUntil + 6 * 86_400);
      });

      for (const [what, spend] of Object.entries({
        "an execution": (grant: Grant) => mined(world(), payTo(grant, shop, "1")),
        "a signed payment": (grant: Grant) => settle(world(), grant, { value: 1n }),
      })) {
        it(`is refused after ${what} since the owner looked, which can look again`, async () => {
          const grant = await grantOf(world());
          const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
          const made = await answer(handoff);
          await spend(grant);
          const { code, details } = await refusalOf(handoff.receive(text(made)));
          expect(code).to.equal("SPENT_MEANWHILE");
          expect(details).to.include({ token: world().env.usdc.address, floor: 100n * USD });
          expect(await stateOf(world(), made.grant)).to.equal("UNKNOWN");
          await mined(world(), payTo(grant, shop, "1"));
          await handoff.receive(text(await answer(handoff)));
          await handoff.answer;
        });

        it(`ends with SPENT_MEANWHILE after ${what} since it was accepted: the old one stays valid`, async () => {
          const grant = await grantOf(world());
          const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
          const made = await answer(handoff);
          await spend(grant);
          expect((await refusalOf(settleHandoff(client(), made, { sender: agent }))).code).to.equal(
            "SPENT_MEANWHILE",
          );
          expect(await stateOf(world(), made.grant)).to.equal("UNKNOWN");
          await mined(world(), payTo(grant, shop, "1"));
        });
      }

      it("goes through where the old one is revoked meanwhile: there is nothing left to replace", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        await mined(world(), revokeSession(walletOf(world(), owner), { grant }));
        await handoff.receive(text(await answer(handoff)));
        expect(await stateOf(world(), await handoff.answer)).to.equal("ENABLED");
      });

      it("is settled by anyone who is first", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        const made = await answer(handoff);
        for (const { to, data } of made.transactions)
          await world().env.testChain.send({ from: RELAYER, to, data });
        await handoff.receive(text(made));
        expect(await stateOf(world(), await handoff.answer)).to.equal("ENABLED");
      });

      it("is not settled where the owner enabled the new one without ending the old one", async () => {
        const grant = await grantOf(world());
        await mined(world(), payTo(grant, shop, "1"));
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        const made = await answer(handoff);
        await mined(world(), enable(made.grant.session));
        expect((await refusalOf(settleHandoff(client(), made, { sender: agent }))).code).to.equal(
          "INVALID_ANSWER",
        );
      });

      const attacks: Record<string, Parameters<typeof answer>[1]> = {
        "only enables the new one": { calls: ([, , replacement]) => [encodeEnable(replacement)] },
        "only ends the old one": { calls: ([, old]) => [encodeRevoke(old)] },
        "ends another session": {
          calls: ([, old, replacement]) => [
            encodeRevoke({ module: old.module, id: toHex(1, { size: 32 }) }),
            encodeEnable(replacement),
          ],
        },
        "ends another session as well": {
          calls: ([, old, replacement]) => [
            encodeRevoke(old),
            encodeRevoke({ module: old.module, id: toHex(1, { size: 32 }) }),
            encodeEnable(replacement),
          ],
        },
        "enables another session": {
          calls: ([session, old, replacement]) => [
            encodeRevoke(old),
            encodeEnable({ ...replacement, session: { ...session, salt: session.salt + 1n } }),
          ],
        },
        "enables the new one and another": {
          calls: ([session, old, replacement]) => [
            encodeRevoke(old),
            encodeEnable(replacement),
            encodeEnable({ ...replacement, session: { ...session, salt: session.salt + 1n } }),
          ],
        },
      };
      for (const [what, how] of Object.entries(attacks))
        it(`rejects an answer that ${what}`, async () => {
          const grant = await grantOf(world());
          const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
          const { code } = await refusalOf(handoff.receive(text(await answer(handoff, how))));
          expect(code).to.equal("INVALID_ANSWER");
          expect(await stateOf(world(), grant)).to.equal("UNKNOWN");
          await handoff.receive(text(await answer(handoff)));
          await handoff.answer;
        });

      it("rejects an answer that makes two transactions of it, or none, or carries a signature", async () => {
        const grant = await grantOf(world());
        const handoff = await ask(grant, await refusalOf(payTo(grant, shop, "1.5")), { for: "session" });
        const made = await answer(handoff);
        const revoked = await answer(handoff, { calls: ([, old]) => [encodeRevoke(old)] });
        const enabled = await answer(handoff, { calls: ([, , replacement]) => [encodeEnable(replacement)] });
        const forms: GrantedAnswer[] = [
          { ...made, transactions: [...revoked.transactions, ...enabled.transactions] },
          { ...made, transactions: [] },
          { ...made, transactions: [...made.transactions, ...made.transactions] },
          { ...made, grant: { ...made.grant, signature: grant.signature } },
        ];
        for (const form of forms)
          expect((await refusalOf(handoff.receive(text(form)))).code).to.equal("INVALID_ANSWER");
      });
    });

    /** The owner enables a session. */
    async function enable(session: Session) {
      const { latchkey, safe, env } = world();
      const call = encodeEnable({ module: latchkey.module, session });
      const nonce = await client().readContract({
        address: safe.address,
        abi: nonceAbi,
        functionName: "nonce",
      });
      const execution = safeTransaction({ safe: safe.address, chainId: 8453, nonce, calls: [call] });
      const { to, data } = execution.encode(await owner.signTypedData(execution.typedData));
      return (await env.testChain.send({ from: RELAYER, to, data })).transactionHash;
    }

    /** The answer to a request that needs no transaction. */
    const signed = ({ request: { nonce } }: SessionHandoff, grant: Grant): GrantedAnswer => ({
      version: 1,
      nonce,
      status: "granted",
      grant,
      transactions: [],
    });

    it("is for refusals of a limit alone, and of one payment", async () => {
      const grant = await grantOf(world());
      const refusal = await refusalOf(payTo(grant, shop, "1.5"));
      const codeOf = async (part: Partial<MoreParameters>, of: Refusal = refusal) =>
        (await refusalOf(ask(grant, of, part))).code;
      expect(await codeOf({}, { ...refusal, code: "EXPIRED" } as Refusal)).to.equal("INVALID_INPUT");
      expect(await codeOf({ refusal: undefined as never })).to.equal("INVALID_INPUT");
      expect(
        await codeOf({}, { code: refusal.code, details: { ...refusal.details, nonce: "0x" } } as never),
      ).to.equal("INVALID_INPUT");
      expect(
        await codeOf({}, {
          code: refusal.code,
          details: { token: refusal.details.token, amount: 1n, limit: 1n },
        } as never),
      ).to.equal("INVALID_INPUT");
      expect(await codeOf({ key: owner })).to.equal("NOT_KEY");
      expect(await codeOf({ grant: { ...grant, accountKind: "kernel" }, for: "session" })).to.equal(
        "UNSUPPORTED_ACCOUNT",
      );
    });
  });
