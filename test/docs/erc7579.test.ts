import { readFile } from "node:fs/promises";
import { passkeyValidatorOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { accountIdOf } from "@latchkey/accounts/erc7579/modularAccounts";
import { createPasskey, type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, payingFetch, type SessionStatus, sessionStatus, verifyGrant } from "@latchkey/sdk";
import { erc7579KindOf, toSessionSmartAccount } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, http, type LocalAccount, parseAbi } from "viem";
import { createBundlerClient } from "viem/account-abstraction";
import type { PrivateKeyAccount } from "viem/accounts";
import { DELEGATING_EOAS } from "../environment/erc7579/delegatedAccounts.ts";
import { eoaOf } from "../environment/erc7579/delegation.ts";
import { keyOf } from "./docsChain.ts";
import { type Erc7579Chain, openErc7579Chain } from "./erc7579Chain.ts";
import { type Erc7579Reader, FOLLOWED, type FollowedKind, readerOf } from "./erc7579Owners.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import type { Given } from "./Given.ts";
import { runSnippets, snippetFaults } from "./snippets.ts";

/** What the page that all accounts share takes for granted. */
const OF_ALL = [
  ...["client", "account", "entryPoint", "validator", "ownerClient", "bundlerUrl", "paymaster"],
  ...["paymasterUrl", "agent", "agentWallet", "wallet", "shop", "url"],
] as const;
/** What the page of each account does. */
const OF_EACH = {
  openzeppelin: ["client", "account", "validator", "ownerClient", "signByOwner", "agent", "shop"],
  nexus: ["client", "account", "validator", "ownerKey", "bundlerUrl", "agent", "shop"],
  kernel: ["client", "account", "validator", "ownerKey", "bundlerUrl", "agent", "shop"],
  safe7579: ["client", "account", "owner", "wallet", "agent", "shop"],
  eip7702: ["client", "account", "eoaWallet", "entryPoint", "bundlerUrl", "agent", "shop"],
} as const satisfies Record<string, readonly (keyof Given)[]>;

const pageOf = (name: string) => `docs/accounts/${name}.md`;

describe("docs/erc7579.md and the pages of the accounts (hermetic)", function () {
  this.timeout(180_000);

  let chain: Erc7579Chain;
  let merchant: Merchant;
  const shop = keyOf("the shop of an ERC-7579 account").address;
  const readers: Partial<Record<FollowedKind, Erc7579Reader>> = {};

  before(async () => {
    chain = await openErc7579Chain();
    merchant = await openMerchant(chain.world.testChain, {
      weather: { amount: 200_000n, asset: chain.world.usdc.address, payTo: shop },
    });
  });
  after(async () => {
    await merchant?.close();
    await chain?.close();
  });

  /** The chain's client is another in its types alone: the pages do not say which chain it is. */
  const client = () => chain.client as unknown as Given["client"];
  const walletOf = async (account: LocalAccount) =>
    (await chain.walletOf(account)) as unknown as Given["wallet"];
  const earned = () => chain.world.usdc.balanceOf(shop);
  const readerFor = async (kind: FollowedKind) => {
    readers[kind] ??= await readerOf[kind](chain);
    return readers[kind];
  };
  const ownerClientOf = ({ ownerAccount }: Erc7579Reader) =>
    createBundlerClient({
      account: ownerAccount,
      client: chain.client,
      transport: http(chain.bundlerUrl),
      pollingInterval: 20,
    }) as unknown as Given["ownerClient"];
  /** An agent with the grant and its key pays by a userOp, and by a signature. */
  const paysBy = async (grant: Grant, agent: PrivateKeyAccount, entryPoint: "0.7" | "0.8") => {
    const before = await earned();
    const account = await toSessionSmartAccount({ client: client(), key: agent, grant, entryPoint });
    const { bundlerUrl, client: reader, world } = chain;
    const bundler = createBundlerClient({
      account,
      client: reader,
      transport: http(bundlerUrl),
      pollingInterval: 20,
    });
    const data = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, 500_000n] });
    const hash = await bundler.sendUserOperation({ calls: [{ to: world.usdc.address, data }] });
    const { success, reason } = await bundler.waitForUserOperationReceipt({ hash });
    expect(success, reason).to.equal(true);
    const pay = payingFetch({ client: client(), key: agent, grant });
    expect((await pay(merchant.url("weather"))).status).to.equal(200);
    expect(await earned()).to.equal(before + 700_000n);
  };

  for (const kind of Object.keys(FOLLOWED) as FollowedKind[]) {
    describe(`followed with ${FOLLOWED[kind]}`, () => {
      it("the page for all accounts does what it says at every step", async () => {
        const reader = await readerFor(kind);
        const { account, entryPoint } = reader;
        const { testChain, paymasters } = chain.world;
        const agent = keyOf(`the agent of ${kind}`);
        const { address: paymaster } = paymasters[entryPoint];
        let [balance, own] = [await earned(), 0n];
        const paidBy = async (amount: bigint) => {
          balance += amount;
          expect(await earned()).to.equal(balance);
        };
        /** What each block must have brought about, by what the page declares there. */
        const outcomes: Outcomes = {
          async accountId(declared) {
            expect(declared.kind).to.equal(kind);
          },
          async named({ named, granter }) {
            expect(named).to.equal((granter as string).toLowerCase());
          },
          async verdict({ verdict }) {
            expect(verdict).to.deep.equal({ valid: true });
          },
          async userOp({ userOp, grant }) {
            expect(userOp).to.include({ success: true });
            await paidBy(500_000n);
            const { id, state } = await sessionStatus(client(), grant as Grant);
            expect(state, id).to.equal("ENABLED");
            own = await testChain.client.getBalance({ address: account.address });
          },
          async sponsored() {
            await paidBy(500_000n);
            expect(await testChain.client.getBalance({ address: account.address })).to.equal(own);
          },
          async paid() {
            await paidBy(500_000n);
          },
          async relayed() {
            await paidBy(500_000n);
          },
          async answer({ answer }) {
            expect(await (answer as Response).json()).to.include({ sold: "weather" });
            await paidBy(200_000n);
          },
          async active({ active, budgets }) {
            expect(active).to.equal(true);
            const [budget] = budgets as SessionStatus["budgets"];
            expect(budget).to.include({ spent: 2_000_000n, opened: 1_000_000n, remaining: 17_000_000n });
          },
          async revoked({ grant }) {
            expect((await sessionStatus(client(), grant as Grant)).reasons).to.deep.equal(["REVOKED"]);
          },
          async ended({ grant }) {
            const { reasons } = await sessionStatus(client(), grant as Grant);
            expect(reasons).to.deep.equal(["REVOKED", "WRONG_EPOCH"]);
          },
          async removed({ grant }) {
            const { reasons } = await sessionStatus(client(), grant as Grant);
            expect(reasons).to.include("MODULE_NOT_ENABLED");
          },
        };
        await followPage(
          {
            page: "docs/erc7579.md",
            given: {
              client: client(),
              account: account.address,
              entryPoint,
              validator: reader.validator,
              ownerClient: ownerClientOf(reader),
              bundlerUrl: chain.bundlerUrl,
              paymaster,
              paymasterUrl: chain.paymasterUrls[entryPoint],
              agent,
              agentWallet: await walletOf(agent),
              wallet: await walletOf(keyOf("a relayer")),
              shop,
              url: merchant.url("weather"),
            },
          },
          outcomes,
        );
      });

      it("the account's own page grants a session that works", async () => {
        const reader = await readerFor(kind);
        const { account, entryPoint, validator, ownerKey } = reader;
        const agent = keyOf(`another agent of ${kind}`);
        const declared = await runSnippets({
          page: pageOf(kind),
          given: {
            client: client(),
            account: account.address,
            validator,
            ...(ownerKey ? { ownerKey, owner: ownerKey } : {}),
            ...(kind === "openzeppelin"
              ? { ownerClient: ownerClientOf(reader), signByOwner: await passkeySigner(chain) }
              : {}),
            wallet: await walletOf(keyOf("a relayer")),
            bundlerUrl: chain.bundlerUrl,
            agent,
            shop,
          },
        });
        const { grant } = declared as { grant: Grant };
        expect(await verifyGrant(client(), grant)).to.deep.equal({ valid: true });
        await paysBy(grant, agent, entryPoint);
      });
    });
  }

  it("the page of Safe7579, followed with a Safe 1.5.0 that a passkey owns, grants a session that works", async () => {
    const { address } = chain.world.accounts["Safe7579 1.0.0 on Safe 1.5.0"];
    const [signer] = await chain.client.readContract({
      address,
      abi: parseAbi(["function getOwners() view returns (address[])"]),
      functionName: "getOwners",
    });
    const agent = keyOf("the agent of a passkey's Safe7579");
    const declared = await runSnippets({
      page: pageOf("safe7579"),
      given: {
        client: client(),
        account: address,
        // Safe's shared signer, at the address of its npm build.
        owner: { ...createPasskey("owner of a Safe7579"), signer: signer as Address },
        wallet: await walletOf(keyOf("a relayer")),
        agent,
        shop,
      },
    });
    await paysBy((declared as { grant: Grant }).grant, agent, "0.7");
  });

  it("names the accounts and the versions that the tests have", async () => {
    const read = (page: string) => readFile(new URL(`../../${page}`, import.meta.url), "utf8");
    const { devDependencies } = JSON.parse(await read("package.json"));
    const page = await read("docs/erc7579.md");
    expect(page).to.include(`Contracts ${devDependencies["@openzeppelin/contracts"]}`);
    expect(page).to.include(`\`@rhinestone/modulekit\` ${devDependencies["@rhinestone/modulekit"]}`);
    for (const [kind, name] of Object.entries(FOLLOWED)) {
      const called = /^\| `accountId` begins with \| `(.*)` \|$/m.exec(await read(pageOf(kind)))?.[1];
      const accountId = await accountIdOf(chain.world.accounts[name]);
      expect(called && accountId.startsWith(called), `${kind}: ${called}`).to.equal(true);
      expect(erc7579KindOf(called as string)).to.equal(kind);
    }
  });

  for (const kind of Object.keys(DELEGATING_EOAS) as (keyof typeof DELEGATING_EOAS)[]) {
    it(`the page of EOAs, followed with one that runs ${kind}, does what it says`, async () => {
      const eoa = eoaOf(DELEGATING_EOAS[kind]);
      const agent = keyOf(`the agent of an EOA that runs ${kind}`);
      const before = await earned();
      const seen: string[] = [];
      await runSnippets({
        page: pageOf("eip7702"),
        given: {
          client: client(),
          account: eoa.address,
          eoaWallet: await walletOf(eoa),
          entryPoint: kind === "openzeppelin" ? "0.8" : "0.7",
          bundlerUrl: chain.bundlerUrl,
          agent,
          shop,
        },
        async after(_, declared) {
          const { grant, userOp } = declared as { grant: Grant; userOp?: { success: boolean } };
          const { active, reasons } = await sessionStatus(client(), grant);
          if ("removal" in declared) {
            seen.push("left");
            expect(reasons).to.include("MODULE_NOT_ENABLED");
          } else if ("ended" in declared) {
            seen.push("ended");
            expect(reasons).to.deep.equal(["REVOKED", "WRONG_EPOCH"]);
          } else if (userOp) {
            seen.push("used");
            expect(userOp.success).to.equal(true);
            expect(await earned()).to.equal(before + 500_000n);
          } else {
            seen.push("granted");
            expect(active).to.equal(true);
            expect(grant.session.account).to.equal(eoa.address);
          }
        },
      });
      expect(seen).to.deep.equal(["granted", "used", "ended", "left"]);
    });
  }
});

/** The owner of OpenZeppelin's account, whose validator takes a passkey's assertion. */
const passkeySigner = async ({ world }: Erc7579Chain) =>
  (await passkeyValidatorOwner(world.testChain, "owner of an OpenZeppelin account")).sign;

describe("the code of the pages on ERC-7579 accounts", function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(240_000);

  it("compiles in strict mode, and would not without a variable that a page assumes", async () => {
    const [lacking = [], ...faults] = await snippetFaults([
      { page: "docs/erc7579.md", given: OF_ALL.filter((name) => name !== "ownerClient") },
      { page: "docs/erc7579.md", given: OF_ALL },
      ...Object.entries(OF_EACH).map(([name, given]) => ({ page: pageOf(name), given })),
    ]);
    expect(faults.flat()).to.deep.equal([]);
    expect(lacking.join()).to.include("Cannot find name 'ownerClient'");
  });
});
