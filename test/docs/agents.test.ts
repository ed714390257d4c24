import { access, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import {
  enabledGrant,
  type Grant,
  isRefusal,
  type LedgerEntry,
  parseGrant,
  proposeSession,
  type SessionStatus,
  serializeGrant,
  sessionStatus,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { signExecution } from "@latchkey/sdk/encoding";
import { requestedSession } from "@latchkey/sdk/handoff";
import { agentFolder, type OpenAgent, readKeyFile, type SessionHandoff } from "@latchkey/sdk/node";
import type { AxiosInstance } from "axios";
import { expect } from "chai";
import { Signature } from "ox";
import {
  createPublicClient,
  http,
  type LocalAccount,
  type PublicClient,
  type TransactionReceipt,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { base } from "viem/chains";
import { DOCS_BASE } from "#sdk/errors/docsPath.ts";
import { type RedisServer, startRedis } from "../environment/redisServer.ts";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/agents.md";

/** A key manager that returns DER, with a high s. */
const managed = keyOf("an agent's key in a vault");
const kms: Pick<Given, "kmsAddress" | "signDigest"> = {
  kmsAddress: managed.address,
  async signDigest(digest) {
    const { r, s } = Signature.fromHex(await managed.sign({ hash: toHex(digest) }));
    return Signature.toDerBytes({
      r,
      s: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - s,
    });
  },
};
const address = new URL(`../../${page}`, import.meta.url);
const given = [
  "rpcUrl",
  "keyPath",
  "grantPath",
  "paymentsPath",
  "ledgerPath",
  "agentDir",
  "pageUrl",
  "redisUrl",
  "shop",
  "url",
  "signDigest",
  "kmsAddress",
] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(LIVE.base ? 300_000 : 240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  let redis: RedisServer;
  let account: SafeAccount;
  let folder: string;
  const shop = keyOf("the agent's shop").address;
  const ownerSeed = "the agent's Safe";

  before(async () => {
    chain = await openDocsChain();
    merchant = await openMerchant(chain.testChain, {
      weather: { amount: 200_000n, asset: chain.usdc.address, payTo: shop },
    });
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, chain.latchkey, [chain.usdc.domainSeparator]);
    await chain.usdc.mint(account.address, 100_000_000n);
    folder = await mkdtemp(join(tmpdir(), "latchkey-agent-"));
    redis = await startRedis();
  });
  after(async () => {
    if (folder) await rm(folder, { recursive: true });
    await redis?.close();
    await merchant?.close();
    await chain?.close();
  });

  const earned = () => chain.usdc.balanceOf(shop);

  /** The owner grants to the key that the agent has made, and leaves the file for it. */
  async function grantTo({ address: key }: PrivateKeyAccount, path: string) {
    const proposal = await proposeSession(chain.client, {
      account: account.address,
      key,
      budgets: { usdc: { perTransaction: "1", perDay: "3", recipients: [shop] } },
      until: "7d",
    });
    await writeFile(path, serializeGrant(await signGrant(keyOf(`owner ${ownerSeed}`), proposal)));
    await chain.testChain.setBalance(key, 10n ** 18n);
  }

  it("does what it says at every step", async () => {
    const files = {
      keyPath: join(folder, "agent.key.json"),
      grantPath: join(folder, "grant.json"),
      paymentsPath: join(folder, "payments.jsonl"),
      ledgerPath: join(folder, "ledger.jsonl"),
      agentDir: join(folder, "agent"),
      pageUrl: "https://page.example/",
      redisUrl: redis.url,
    };
    let before = await earned();
    // The owner has allowed it before: the page's own test shows how one is asked.
    const opened = await agentFolder(files.agentDir);
    await grantTo(await opened.key(), join(files.agentDir, "grant.json"));
    const statusOf = async () =>
      sessionStatus(chain.client, parseGrant(await readFile(files.grantPath, "utf8")));
    /** What each block of code must have brought about, by what the page declares there. */
    const outcomes: Outcomes = {
      async client({ client }) {
        expect(await (client as PublicClient).getChainId()).to.equal(base.id);
      },
      async forecast({ opened, forecast }) {
        expect((forecast as Response).status).to.equal(200);
        expect((await (opened as OpenAgent).summary())[0]?.symbol).to.equal("USDC");
        const paid = (await earned()) - before;
        expect(paid).to.equal(200_000n);
        before += paid;
      },
      async key({ key }) {
        if (process.platform !== "win32") {
          expect((await stat(files.keyPath)).mode & 0o777).to.equal(0o600);
        }
        expect((await readKeyFile(files.keyPath)).address).to.equal((key as PrivateKeyAccount).address);
        await grantTo(key as PrivateKeyAccount, files.grantPath);
      },
      async verdict({ verdict, grant }) {
        expect(verdict).to.deep.equal({ valid: true });
        expect((grant as Grant).session.account).to.equal(account.address);
      },
      async answer({ answer }) {
        expect(await (answer as Response).json()).to.include({ sold: "weather" });
        expect(await earned()).to.equal(before + 200_000n);
        expect(await readFile(files.paymentsPath, "utf8")).to.include("latchkey-payments");
        // Nothing was written by the module: the grant travelled with the payment.
        expect((await statusOf()).state).to.equal("UNKNOWN");
      },
      async fleetAgent({ fleetAgent, redis: client }) {
        expect((await (fleetAgent as typeof fetch)(merchant.url("weather"))).status).to.equal(200);
        const connection = client as Awaited<ReturnType<RedisServer["client"]>>;
        expect((await connection.keys("latchkey:*")).length).to.be.greaterThan(0);
        connection.destroy();
        before += 200_000n;
      },
      async shopClient({ shopClient }) {
        const answer = await (shopClient as AxiosInstance).get(merchant.url("weather"));
        expect(answer.data).to.include({ sold: "weather" });
        before += 200_000n;
      },
      async paid({ receipt }) {
        expect((receipt as TransactionReceipt).status).to.equal("success");
        expect(await earned()).to.equal(before + 700_000n);
        expect((await statusOf()).state).to.equal("ENABLED");
      },
      async executed() {
        expect(await earned()).to.equal(before + 1_200_000n);
      },
      async ledger({ entries, csv, messages }) {
        expect(messages).to.deep.equal([`paid 0.2 USDC to ${shop} for ${merchant.url("weather")}`]);
        expect(entries).to.have.length(1);
        expect((entries as LedgerEntry[])[0]).to.include({
          status: "settled",
          shownBy: "chain",
          purpose: "weather for Bern",
          amount: "0.2",
        });
        expect(csv).to.include('"weather for Bern"');
        expect(await readFile(files.ledgerPath, "utf8")).to.include("latchkey-ledger");
      },
      async asking({ asking }) {
        const { request } = asking as SessionHandoff;
        const { timestamp } = await chain.client.getBlock();
        const { budgets } = requestedSession(request, { account: account.address, now: Number(timestamp) });
        expect(request.replaces).to.equal(undefined);
        expect(budgets).to.have.length(1);
        expect(budgets[0]).to.include({ perTransaction: 5_000_000n, perPeriod: 5_000_000n });
      },
      async tooMuch({ tooMuch, tryToPay }) {
        const pay = tryToPay as (amount: string) => Promise<Record<string, unknown>>;
        expect(tooMuch).to.deep.equal({ atMost: 1_000_000n });
        const other = await pay("a little");
        expect(other).to.include({
          code: "INVALID_AMOUNT",
          readMore: `${DOCS_BASE}/errors.md#invalid-amount`,
        });
        // One of the three is spent, one is opened.
        const { hash } = await pay("0.75");
        await chain.client.waitForTransactionReceipt({ hash: hash as `0x${string}` });
        const { budgets } = await statusOf();
        expect(budgets[0]?.remaining).to.equal(250_000n);
        expect(await pay("0.50")).to.deep.equal({ atMost: 250_000n, tryAgainAt: budgets[0]?.resetsAt });
      },
      async active({ active, reasons, budgets }) {
        expect({ active, reasons }).to.deep.equal({ active: true, reasons: [] });
        expect((budgets as SessionStatus["budgets"])[0]).to.include({
          spent: 1_750_000n,
          opened: 1_000_000n,
          remaining: 250_000n,
        });
      },
      async summary({ summary }) {
        expect(summary).to.include({
          symbol: "USDC",
          limit: "3",
          paid: "1.75",
          reserved: "1",
          available: "0.25",
        });
      },
      async renounced() {
        expect((await statusOf()).reasons).to.deep.equal(["REVOKED"]);
      },
      async kmsKey({ kmsKey }) {
        const key = kmsKey as LocalAccount;
        const { session, ...grant } = parseGrant(await readFile(files.grantPath, "utf8"));
        const signed = await signExecution(key, {
          grant: { ...grant, session: { ...session, key: key.address } },
          calls: [{ to: shop }],
          caller: "anyone",
          deadline: session.validUntil,
        });
        expect(signed.keySignature).to.match(/^0x[0-9a-f]{128}1[bc]$/);
      },
    };
    await followPage(
      {
        page,
        given: {
          rpcUrl: chain.rpcUrl,
          shop,
          url: merchant.url("weather"),
          ...kms,
          ...files,
        } satisfies Pick<Given, (typeof given)[number]>,
      },
      outcomes,
    );
  });

  it("reports NETWORK when the node is unreachable, for every function", async () => {
    const transport = http("http://127.0.0.1:1", { retryCount: 0 });
    const nowhere = createPublicClient({ chain: base, transport });
    const proposal = await proposeSession(chain.client, {
      account: account.address,
      key: keyOf("an agent without a node"),
      budgets: { usdc: { perTransaction: "1", perDay: "3", recipients: [shop] } },
      until: "7d",
    });
    const grant = enabledGrant(proposal);
    for (const ask of [verifyGrant, sessionStatus]) {
      const error = await ask(nowhere, grant).then(
        () => "it was reached",
        (thrown: unknown) => thrown,
      );
      expect(isRefusal(error) && error.code, ask.name).to.equal("NETWORK");
    }
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });

  it("names only codes that docs/errors.md explains, and files that exist", async () => {
    const text = await readFile(address, "utf8");
    const errors = await readFile(new URL("errors.md", address), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const codes = rows.flatMap((row) => row.split("|")[1]?.match(/[A-Z_]+/g) ?? []);
    expect(codes).to.include.members(["PERIOD", "OUTCOME_UNKNOWN"]);
    expect(codes.filter((code) => !errors.includes(`\`${code}\` ·`))).to.deep.equal([]);
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("errors.md");
    for (const link of links) await access(new URL(link, address));
  });
});
