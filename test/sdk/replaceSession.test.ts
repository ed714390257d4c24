import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock } from "@latchkey/accounts/deployMock";
import { SAFE_VERSIONS } from "@latchkey/devchain";
import {
  enabledGrant,
  type Grant,
  type Proposal,
  pay,
  readBalanceFloors,
  replaceSession,
} from "@latchkey/sdk";
import { encodeReplaceSession } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, createPublicClient, custom, type Hex, parseEther, zeroAddress } from "viem";
import { refusal } from "../environment/refusal.ts";
import {
  agent,
  balanceOf,
  grantOf,
  mined,
  owner,
  propose,
  refusalOf,
  settle,
  shop,
  stateOf,
  USD,
  useSafe,
  walletOf,
} from "./safeFixture.ts";

for (const version of SAFE_VERSIONS)
  describe(`replacing a session of a Safe ${version}`, function () {
    this.timeout(60_000);
    const world = useSafe(version);
    const client = () => world().env.testChain.client;
    const replace = (asked: Pick<Parameters<typeof replaceSession>[1], "old" | "replacement" | "floors">) =>
      replaceSession(walletOf(world(), owner), asked);
    const payShop = (grant: Grant, amount = "0.20") =>
      pay(walletOf(world(), agent), { grant, to: shop, amount });

    it("takes the old one out and puts the new one in, in one transaction", async () => {
      const old = await grantOf(world());
      await mined(world(), payShop(old));
      const replacement = await propose(world(), {
        budgets: { usdc: { perTransaction: "1", perDay: "19.80", recipients: [shop] } },
      });
      const before = await balanceOf(world(), world().safe.address);
      await mined(world(), replace({ old, replacement }));
      expect(await stateOf(world(), old)).to.equal("REVOKED");
      expect(await stateOf(world(), replacement)).to.equal("ENABLED");
      expect(await balanceOf(world(), world().safe.address)).to.equal(before);
      expect((await refusalOf(payShop(old))).code).to.equal("REVOKED");
      await mined(world(), payShop(enabledGrant(replacement)));
      expect(await balanceOf(world(), shop)).to.equal(400_000n);
    });

    it("replaces a session whose grant was never used, so that it never can be", async () => {
      const old = await grantOf(world());
      await mined(world(), replace({ old, replacement: await propose(world()) }));
      expect((await refusalOf(payShop(old))).code).to.equal("REVOKED");
      expect(await refusal(settle(world(), old))).to.contain("invalid signature");
    });

    const rails: Record<string, (grant: Grant) => Promise<unknown>> = {
      "an execution": (grant) => mined(world(), payShop(grant)),
      "a signed payment": (grant) => settle(world(), grant, { value: 1n }),
    };
    for (const [what, spend] of Object.entries(rails)) {
      it(`is refused after ${what} since its owner looked: the old one lives on`, async () => {
        const old = await grantOf(world());
        const replacement = await propose(world(), { until: "1d" });
        const floors = await readBalanceFloors(client(), old);
        await spend(old);
        const { code, details } = await refusalOf(replace({ old, replacement, floors }));
        expect(code).to.equal("SPENT_MEANWHILE");
        expect(details).to.include({ token: world().env.usdc.address, floor: 100n * USD });
        expect(await stateOf(world(), replacement)).to.equal("UNKNOWN");
        await mined(world(), payShop(old));
        await mined(world(), replace({ old, replacement }));
      });

      it(`reverts on chain where ${what} comes in between, although it was already sent`, async () => {
        const old = await grantOf(world());
        const replacement = await propose(world(), { until: "1d" });
        const floors = await readBalanceFloors(client(), old);
        const calls = encodeReplaceSession({ old, replacement, floors });
        await spend(old);
        await refusal(asSafe(world().safe, calls));
        expect(await stateOf(world(), old)).not.to.equal("REVOKED");
        expect(await stateOf(world(), replacement)).to.equal("UNKNOWN");
        // The guard alone was in the way.
        await asSafe(world().safe, calls.slice(1));
        expect(await stateOf(world(), old)).to.equal("REVOKED");
        expect(await stateOf(world(), replacement)).to.equal("ENABLED");
      });
    }

    it("does not see what was spent where as much came in: that is said, not promised", async () => {
      const old = await grantOf(world());
      const floors = await readBalanceFloors(client(), old);
      await mined(world(), payShop(old));
      await world().env.usdc.mint(world().safe.address, 200_000n);
      const replacement = await propose(world());
      await mined(world(), replace({ old, replacement, floors }));
      expect(await stateOf(world(), replacement)).to.equal("ENABLED");
    });

    it("guards the native coin too", async () => {
      const budgets = { native: { perTransaction: "1", inAll: "2", recipients: [shop] } };
      const old = await grantOf(world(), { budgets });
      const replacement = await propose(world(), { budgets });
      const floors = await readBalanceFloors(client(), old);
      expect(floors).to.deep.equal([{ token: zeroAddress, amount: parseEther("10") }]);
      await mined(world(), payShop(old, "0.000000000000000001"));
      expect((await refusalOf(replace({ old, replacement, floors }))).code).to.equal("SPENT_MEANWHILE");
      await refusal(asSafe(world().safe, encodeReplaceSession({ old, replacement, floors })));
      expect(await stateOf(world(), old)).to.equal("ENABLED");
      await mined(world(), replace({ old, replacement }));
      expect(await client().getBalance({ address: world().safe.address })).to.equal(parseEther("10") - 1n);
    });

    it("needs no guard where its owner wants none, or where nothing is there", async () => {
      const old = await grantOf(world());
      const replacement = await propose(world());
      const none = encodeReplaceSession({ old, replacement, floors: [] });
      expect(none).to.have.length(2);
      expect(
        encodeReplaceSession({
          old,
          replacement,
          floors: [{ token: world().env.usdc.address, amount: 0n }],
        }),
      ).to.deep.equal(none);
      await mined(world(), payShop(old));
      await mined(world(), replace({ old, replacement, floors: [] }));
    });

    describe("with a token whose transfers cannot guard", () => {
      const proposals = async (token: Address): Promise<[Grant, Proposal]> => {
        const budgets = { [token]: { perTransaction: "1", perDay: "5", recipients: [shop] } };
        return [enabledGrant(await propose(world(), { budgets })), await propose(world(), { budgets })];
      };
      const attempt = async (
        mock: string,
        arrange?: (token: Awaited<ReturnType<typeof deployMock>>) => Promise<unknown>,
      ) => {
        const token = await deployMock(world().env.testChain, mock);
        await token.write("mint", [world().safe.address, 5n * USD]);
        await arrange?.(token);
        const [old, replacement] = await proposals(token.address);
        return replace({ old, replacement });
      };

      it("passes with an ordinary one", async () => {
        await mined(world(), attempt("StandardToken"));
      });
      it("refuses one that takes a fee, also of a transfer to oneself", async () => {
        const { code, shortMessage } = await refusalOf(attempt("TaxingToken"));
        expect(code).to.equal("NO_GUARD");
        expect(shortMessage).to.contain("fee-on-transfer");
      });
      it("refuses one that answers false where it should fail: a batch does not look", async () => {
        const { code, shortMessage } = await refusalOf(attempt("FalseToken"));
        expect(code).to.equal("NO_GUARD");
        expect(shortMessage).to.contain("does not revert if the amount exceeds the balance");
      });
      it("refuses where the node does not try it", async () => {
        const token = await deployMock(world().env.testChain, "StandardToken");
        await token.write("mint", [world().safe.address, 5n * USD]);
        const [old, replacement] = await proposals(token.address);
        const { provider } = world().env.connection;
        const send = async (): Promise<Hex> => {
          throw new Error("it was sent");
        };
        const through = (request: (args: { method: string; params?: unknown }) => Promise<unknown>) =>
          replaceSession(createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }), {
            old,
            replacement,
            send,
          });
        const withoutOverrides = ({ method, params }: { method: string; params?: unknown }) =>
          provider.request({
            method,
            params:
              method === "eth_call" && Array.isArray(params) ? params.slice(0, 2) : (params as unknown[]),
          });
        expect((await refusalOf(through(withoutOverrides))).code).to.equal("NO_GUARD");
      });
    });

    it("is refused for another account, another module, or the same session", async () => {
      const old = await grantOf(world());
      const session = (await propose(world())).session;
      const replacement = await propose(world());
      const other = { ...replacement, session: { ...session, account: shop } };
      expect((await refusalOf(replace({ old, replacement: other }))).code).to.equal("INVALID_GRANT");
      expect(
        (await refusalOf(replace({ old, replacement: { ...replacement, module: shop } }))).code,
      ).to.equal("INVALID_GRANT");
      expect((await refusalOf(replace({ old, replacement: old }))).code).to.equal("INVALID_GRANT");
      expect((await refusalOf(replace({ old, replacement: { ...replacement, chainId: 1 } }))).code).to.equal(
        "WRONG_CHAIN",
      );
      const stale = enabledGrant({ ...replacement, session: { ...session, epoch: 5n } });
      expect(stale.session).to.deep.equal({ ...session, epoch: 5n });
      await refusal(replace({ old, replacement: stale }));
      expect(await stateOf(world(), old)).to.equal("UNKNOWN");
    });
  });
