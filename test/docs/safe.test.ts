import { readFile } from "node:fs/promises";
import { createSafe, installOnSafe, modulesOf, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey, fallbackHandlerOf, type Merchant, openMerchant } from "@latchkey/devchain";
import {
  executeAsSafe,
  type Grant,
  hashSession,
  pay,
  proposeSession,
  type SafeCall,
  type SessionStatus,
  safeInstallation,
  sessionState,
  sessionStatus,
  signGrant,
} from "@latchkey/sdk";
import { safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type AbiFunction,
  type Address,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseAbiItem,
} from "viem";
import { safeHandler } from "#sdk/accounts/safe/safeHandler.ts";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage, type Outcomes } from "./followPage.ts";
import { readSnippets, runSnippets, snippetFaults } from "./snippets.ts";

/** The variants of the page. A Safe 1.3.0 is installed as 1.4.1 is. */
const SAFE_VERSIONS = ["1.4.1", "1.5.0"] as const;

const bytesOf = (address: Address) => address.slice(2).toLowerCase();
/** Calldata of a function that is written out, from a few arguments. */
const ask = (signature: string, args: readonly unknown[]): Hex =>
  encodeFunctionData({ abi: [parseAbiItem(signature) as AbiFunction], args });
const DECIMALS = ask("function decimals()", []);

describe(`docs/safe.md (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(LIVE.base ? 300_000 : 120_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  const shop = keyOf("the reader's shop").address;

  before(async () => {
    chain = await openDocsChain();
    merchant = await openMerchant(chain.testChain, {
      weather: { amount: 200_000n, asset: chain.usdc.address, payTo: shop },
    });
  });
  after(async () => {
    await merchant.close();
    await chain.close();
  });

  for (const version of SAFE_VERSIONS) {
    describe(`followed with a Safe ${version}`, () => {
      let existing: SafeAccount;
      /** What each block of code must have brought about, by what the page declares there. */
      const outcomes: Outcomes = {
        async isInstalled({ isInstalled, safe }) {
          expect(isInstalled).to.equal(true);
          await chain.usdc.mint(safe as Address, 100_000_000n);
          expect(await railOf(safe as Address)).to.equal(version === "1.5.0" ? "extensible" : "session");
        },
        async keepsItsHandler({ keepsItsHandler, previousHandler }) {
          expect(keepsItsHandler).to.equal(false);
          expect(previousHandler).to.equal(chain.safe[version].compatibilityFallbackHandler);
        },
        async installed({ module }) {
          expect(await modulesOf(existing)).to.deep.equal([module]);
          expect(await railOf(existing.address)).to.equal(version === "1.5.0" ? "extensible" : "session");
        },
        async verdict({ verdict }) {
          expect(verdict).to.deep.equal({ valid: true });
        },
        async paid() {
          expect(await chain.usdc.balanceOf(shop)).to.equal(balance + 500_000n);
        },
        async answer({ answer }) {
          expect(await (answer as Response).json()).to.include({ sold: "weather" });
          expect(await chain.usdc.balanceOf(shop)).to.equal(balance + 700_000n);
        },
        async active({ active, budgets }) {
          expect(active).to.equal(true);
          expect((budgets as SessionStatus["budgets"])[0]).to.include({
            spent: 500_000n,
            opened: 1_000_000n,
          });
        },
        async enabled({ grant }) {
          const { module } = grant as Grant;
          const session = (grant as Grant).session;
          const id = hashSession(session);
          const state = await sessionState(chain.client, { module, id, account: session.account });
          expect(state).to.equal("ENABLED");
        },
        async revoked({ grant }) {
          expect((await sessionStatus(chain.client, grant as Grant)).reasons).to.deep.equal(["REVOKED"]);
        },
        async ended({ grant }) {
          expect((await sessionStatus(chain.client, grant as Grant)).reasons).to.include("WRONG_EPOCH");
        },
        async removed({ previousHandler }) {
          expect(await modulesOf(existing)).to.deep.equal([]);
          expect(getAddress(await fallbackHandlerOf(chain.testChain, existing.address))).to.equal(
            previousHandler,
          );
        },
      };
      let balance: bigint;

      const railOf = (safe: Address) =>
        safeHandler(chain.client, {
          safe,
          module: chain.latchkey.module,
          domainSeparator: chain.usdc.domainSeparator,
        });

      it("does what it says at every step", async () => {
        const owner = ecdsaOwner(`the reader's Safe ${version}`);
        existing = await createSafe(chain, { version, owner });
        balance = await chain.usdc.balanceOf(shop);
        const passkey = createPasskey(`the reader's passkey ${version}`);
        const agent = keyOf(`the reader's agent ${version}`);
        await followPage(
          {
            page: "docs/safe.md",
            variant: version,
            given: {
              client: chain.client,
              wallet: await chain.walletOf(keyOf("the reader's relayer")),
              rpcUrl: chain.rpcUrl,
              passkey,
              existingSafe: existing.address,
              owner: keyOf(`owner the reader's Safe ${version}`),
              agent,
              agentWallet: await chain.walletOf(agent),
              shop,
              url: merchant.url("weather"),
            },
          },
          outcomes,
        );
        // The grant, enabling, one revocation of each kind, a pause and its end: nothing else asked the passkey.
        expect(passkey.assertions).to.equal(6);
      });
    });
  }

  it("names everything that a Safe 1.5.0 loses with its handler, and a Safe 1.4.1 loses none of it", async () => {
    const text = keccak256("0x01");
    const questions: Record<string, Hex> = {
      getMessageHash: ask("function getMessageHash(bytes message)", [text]),
      getMessageHashForSafe: ask("function getMessageHashForSafe(address safe, bytes message)", [shop, text]),
      encodeMessageDataForSafe: ask("function encodeMessageDataForSafe(address safe, bytes message)", [
        shop,
        text,
      ]),
      getModules: ask("function getModules()", []),
      simulate: ask("function simulate(address target, bytes data)", [chain.usdc.implementation, DECIMALS]),
      tokensReceived: ask(
        "function tokensReceived(address operator, address from, address to, uint256 amount, bytes data, bytes more)",
        [shop, shop, shop, 1n, "0x", "0x"],
      ),
    };
    const others: Record<string, Hex> = {
      onERC721Received: ask(
        "function onERC721Received(address operator, address from, uint256 id, bytes data)",
        [shop, shop, 1n, "0x"],
      ),
      onERC1155Received: ask(
        "function onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes data)",
        [shop, shop, 1n, 1n, "0x"],
      ),
    };
    const page = await readFile(new URL("../../docs/safe.md", import.meta.url), "utf8");
    for (const version of SAFE_VERSIONS) {
      const account = await createSafe(chain, { version, owner: ecdsaOwner("what is lost") });
      // The Safe of the question: these answer for any that is one.
      const answers = async (data: Hex) =>
        chain.client
          .call({
            to: account.address,
            data: data.replaceAll(bytesOf(shop), bytesOf(account.address)) as Hex,
          })
          .then(
            () => true,
            () => false,
          );
      const answered = async () =>
        Promise.all(
          Object.entries({ ...questions, ...others }).map(async ([name, data]) => [
            name,
            await answers(data),
          ]),
        );
      const all = Object.keys({ ...questions, ...others });
      expect(await answered(), `${version} before`).to.deep.equal(all.map((name) => [name, true]));
      await installOnSafe(account, chain.latchkey, [chain.usdc.domainSeparator]);
      expect(await answered(), `${version} after`).to.deep.equal(
        all.map((name) => [name, version === "1.4.1" || name in others]),
      );
    }
    for (const name of Object.keys(questions)) expect(page).to.include(`\`${name}\``);
  });

  it("recognises a Safe whose handler is one of its modules, where only executions work", async () => {
    const owner = ecdsaOwner("the Safe of a 4337 module");
    const account = await createSafe(chain, { version: "1.4.1", owner });
    const wallet = await chain.walletOf(keyOf("the reader's relayer"));
    const send = async (calls: readonly SafeCall[]) =>
      chain.client.waitForTransactionReceipt({
        hash: await executeAsSafe(wallet, {
          safe: account.address,
          owner: keyOf("owner the Safe of a 4337 module"),
          calls,
        }),
      });
    // Any contract that is both: what it does is not asked here.
    const lives = chain.safe["1.4.1"].createCall;
    const toItself = (functionName: "enableModule" | "setFallbackHandler") => ({
      to: account.address,
      value: 0n,
      data: encodeFunctionData({ abi: safeAbi, functionName, args: [lives] }),
    });
    await send([toItself("enableModule"), toItself("setFallbackHandler")]);
    const handler = getAddress(await fallbackHandlerOf(chain.testChain, account.address));
    expect((await modulesOf(account)).includes(handler)).to.equal(true);

    const [enable] = safeInstallation({
      version: "1.4.1",
      handler: chain.latchkey.handler,
      safe: account.address,
      module: chain.latchkey.module,
    });
    await send([enable as SafeCall]);
    expect(getAddress(await fallbackHandlerOf(chain.testChain, account.address))).to.equal(lives);
    await chain.usdc.mint(account.address, 1_000_000n);
    const agent = keyOf("the agent of a 4337 Safe");
    const proposal = await proposeSession(chain.client, {
      account: account.address,
      key: agent,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop], x402: false } },
      until: "7d",
    });
    const grant = await signGrant(keyOf("owner the Safe of a 4337 module"), proposal);
    const before = await chain.usdc.balanceOf(shop);
    const hash = await pay(await chain.walletOf(agent), { grant, to: shop, amount: "1" });
    await chain.client.waitForTransactionReceipt({ hash });
    expect(await chain.usdc.balanceOf(shop)).to.equal(before + 1_000_000n);
  });
});

describe("the code of the pages", function () {
  // The compiler takes its time where the cores are busy.
  this.timeout(240_000);

  it("compiles in strict mode, and would not without a variable that a page assumes", async () => {
    const ofReadme = ["client", "safe", "agent", "agentWallet", "shop", "passkey", "url", "wallet"];
    const ofSafe = [
      ...["client", "wallet", "rpcUrl", "passkey", "existingSafe", "owner"],
      ...["agent", "agentWallet", "shop", "url"],
    ];
    const [lacking = [], ...faults] = await snippetFaults([
      { page: "README.md", given: ofReadme.filter((name) => name !== "passkey") },
      { page: "README.md", given: ofReadme },
      ...SAFE_VERSIONS.map((variant) => ({ page: "docs/safe.md", variant, given: ofSafe })),
    ]);
    expect(faults.flat()).to.deep.equal([]);
    expect(lacking.join()).to.include("Cannot find name 'passkey'");
  });

  it("is read with its heading, for one variant at a time", async () => {
    const of = (variant: string) => readSnippets({ page: "docs/safe.md", variant });
    const rails = (await Promise.all(SAFE_VERSIONS.map(of))).map((snippets) =>
      snippets.filter(({ code }) => code.includes("const rail =")),
    );
    expect(rails.map((found) => found.length)).to.deep.equal([1, 1]);
    expect(rails[0]?.[0]?.code).to.include("safeSessionHandlerAddress()");
    expect(rails[1]?.[0]?.code).to.include("domainSeparators");
    expect(rails[0]?.[0]?.heading).to.equal("What is installed, and why");
  });

  it("fails its test on an error, with the position on the page", async () => {
    const attempt = runSnippets({ page: "README.md", given: {} });
    const message = await attempt.then(
      () => "it ran",
      (error: Error) => error.message,
    );
    expect(message).to.match(/^README\.md(:\d+ \(.*\))?: ReferenceError|^README\.md.*TypeError/);
  });
});
