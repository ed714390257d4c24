import { access, readFile } from "node:fs/promises";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { installX402Proxies, type Merchant, openMerchant } from "@latchkey/devchain";
import {
  type BalanceFloor,
  type Grant,
  hashSession,
  type Permit2Standing,
  type Proposal,
  parseGrant,
  pay,
  payingFetch,
  proposeSession,
  type Refusal,
  replaceSession,
  sessionStatus,
} from "@latchkey/sdk";
import type { BudgetSpending, ListedSession } from "@latchkey/sdk/history";
import type { SessionReview } from "@latchkey/sdk/review";
import { expect } from "chai";
import type { PublicClient } from "viem";
import { base } from "viem/chains";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/providers.md";
const address = new URL(`../../${page}`, import.meta.url);
const given = ["rpcUrl", "payer", "safe", "owner", "agent", "shop"] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  let account: SafeAccount;
  const shop = keyOf("the provider's shop").address;
  const agent = keyOf("the provider's agent");
  const ownerSeed = "the provider's Safe";
  const owner = keyOf(`owner ${ownerSeed}`);

  before(async () => {
    chain = await openDocsChain();
    if (!LIVE.base) await installX402Proxies(chain.testChain);
    merchant = await openMerchant(chain.testChain, {
      weather: { amount: 200_000n, asset: chain.usdc.address, payTo: shop },
    });
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, chain.latchkey, [chain.usdc.domainSeparator]);
    await chain.usdc.mint(account.address, 100_000_000n);
  });
  after(async () => {
    await merchant?.close();
    await chain?.close();
  });

  const walletOf = (whose: string) => chain.walletOf(keyOf(whose));
  const pays = async (grant: Grant, amount: string) => {
    const hash = await pay(await walletOf("the provider's agent"), { grant, to: shop, amount });
    return chain.client.waitForTransactionReceipt({ hash });
  };
  const reasonsOf = async (grant: Grant) => (await sessionStatus(chain.client, grant)).reasons;

  it("does what it says at every step", async () => {
    /** What each block of code must have brought about, by what the page declares there. */
    const outcomes: Outcomes = {
      async client({ client }) {
        expect(await (client as PublicClient).getChainId()).to.equal(base.id);
      },
      isGenuine({ isGenuine, module }) {
        expect(isGenuine).to.equal(true);
        expect(module).to.equal(chain.latchkey.module);
      },
      proposal({ proposal }) {
        expect((proposal as Proposal).session.account).to.equal(account.address);
      },
      micropayments({ micropayments }) {
        const [budget] = (micropayments as Proposal).session.budgets;
        expect(budget).to.include({ perTransaction: 256_000n, perPeriod: 20_000_000n, signatures: 1 });
      },
      shown({ shown, review }) {
        const { budgets, notEnforced } = review as SessionReview;
        expect(budgets[0]).to.include({ mostText: "140 USDC", bySignature: true });
        expect(notEnforced.map(({ code }) => code)).to.deep.equal([
          "PERIOD_EDGE",
          "NUMBER_OF_PAYMENTS",
          "SESSIONS_ADD_UP",
        ]);
        const text = (shown as string[]).join("\n");
        for (const part of [agent.address, account.address, "1 USDC", "20 USDC", shop, "several can share"])
          expect(text).to.include(part);
      },
      described({ described, review }) {
        expect(described).to.deep.equal(review);
      },
      async file({ file, verdict }) {
        expect(verdict).to.deep.equal({ valid: true });
        // The agent at work, so that there is something to list.
        const grant = parseGrant(file as string);
        const fetch = payingFetch({ client: chain.client, key: agent, grant });
        expect((await fetch(merchant.url("weather"))).status).to.equal(200);
        expect((await pays(grant, "0.50")).status).to.equal("success");
      },
      usdcMeter({ sessions, events, usdcMeter, grant }) {
        const [listed, ...others] = sessions as ListedSession[];
        expect(others).to.deep.equal([]);
        expect(listed).to.include({ id: hashSession((grant as Grant).session), alive: true });
        expect((events as { type: string }[]).map(({ type }) => type)).to.have.members([
          "settled",
          "enabled",
          "executed",
        ]);
        const { spent, payments } = usdcMeter as BudgetSpending;
        expect({ spent, payments }).to.deep.equal({ spent: 700_000n, payments: 2 });
      },
      async nextFile({ status, nextFile, grant, floors }) {
        expect(status).to.equal("success");
        expect(floors).to.deep.equal([{ token: chain.usdc.address, amount: 99_300_000n }]);
        expect(await reasonsOf(grant as Grant)).to.deep.equal(["REVOKED"]);
        // More than the old session allowed.
        const next = parseGrant(nextFile as string);
        expect((await pays(next, "1.50")).status).to.equal("success");
        // The guard: with the floors of before that payment, nothing is replaced.
        const third = await proposeSession(chain.client, {
          account: account.address,
          key: agent,
          budgets: { usdc: { perTransaction: "1", perDay: "1", recipients: [shop] } },
          until: "1d",
        });
        const late = { old: next, replacement: third, floors: floors as BalanceFloor[], owner };
        const code = await replaceSession(await walletOf("the provider's relayer"), late).then(
          () => "it was replaced",
          (error: Refusal) => error.code,
        );
        expect(code).to.equal("SPENT_MEANWHILE");
        expect(await reasonsOf(next)).to.deep.equal([]);
      },
      standings({ standings, byPermit2 }) {
        expect((byPermit2 as Proposal).session.budgets[0]?.signatures).to.equal(6);
        expect((standings as Permit2Standing[])[0]).to.deep.include({
          allowance: 140_000_000n,
          needed: 140_000_000n,
          missing: 0n,
          excess: 0n,
          spenders: [],
        });
      },
      async revoked({ nextFile }) {
        expect(await reasonsOf(parseGrant(nextFile as string))).to.deep.equal(["REVOKED"]);
      },
      async ended({ nextFile }) {
        expect(await reasonsOf(parseGrant(nextFile as string))).to.include("WRONG_EPOCH");
      },
    };
    const payer = keyOf("the provider's relayer");
    await chain.testChain.setBalance(payer.address, 10n ** 18n);
    await followPage(
      {
        page,
        given: {
          rpcUrl: chain.rpcUrl,
          payer,
          safe: account.address,
          owner,
          agent,
          shop,
        } satisfies Pick<Given, (typeof given)[number]>,
      },
      outcomes,
    );
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("names only files that exist, of the repository and of the package", async () => {
    const text = await readFile(address, "utf8");
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("safe.md");
    for (const link of links) await access(new URL(link, address));
    const sources = [...text.matchAll(/`(?:@latchkey\/sdk\/)?(contracts\/[\w./]+)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(sources).to.include("contracts/types/Session.sol");
    for (const path of sources) await access(new URL(`../packages/sdk/${path}`, address));
    const [, pragma = "none"] = /`(pragma solidity [^`]+)`/.exec(text) ?? [];
    for (const name of ["interfaces/ISessionModule.sol", "types/Session.sol"]) {
      const source = await readFile(new URL(`../packages/sdk/contracts/${name}`, address), "utf8");
      expect(source, name).to.include(`${pragma};`);
    }
  });
});
