import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import {
  type AccountKind,
  budgetSummary,
  createSession,
  enabledGrant,
  enableSession,
  erc7579SessionModuleAddress,
  execute,
  executeAsSafe,
  executeSigned,
  type Grant,
  hashSession,
  isRefusal,
  latchkeyScheme,
  memoryLedger,
  type Proposal,
  pauseSession,
  pay,
  payingFetch,
  permit2Calls,
  permit2Standing,
  proposeSession,
  Refusal,
  readBalanceFloors,
  reconcileLedger,
  renounceSession,
  replaceSession,
  resumeSession,
  revokeAllSessions,
  revokeSession,
  safeFallbackHandler,
  safeSessionModuleAddress,
  sessionState,
  sessionStatus,
  signGrant,
  usdcAddress,
  verifyGrant,
} from "@latchkey/sdk";
import { encodeEnable, encodePermissionContext, encodeRevoke, signExecution } from "@latchkey/sdk/encoding";
import {
  encodeSessionUserOpCallData,
  granterOf,
  readErc7579Removal,
  toSessionSmartAccount,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import { createHandoff, serializeHandoffAnswer, settleHandoff } from "@latchkey/sdk/handoff";
import { listSessions, sessionHistory } from "@latchkey/sdk/history";
import {
  type AgentFolder,
  agentFolder,
  askForMore,
  handoffPermissionProvider,
  openAgent,
  requestMore,
  requestPermissions,
  requestSession,
  settleMore,
  settlePending,
} from "@latchkey/sdk/node";
import { permissionProvider } from "@latchkey/sdk/permissions";
import { reviewSession } from "@latchkey/sdk/review";
import { deployLatchkey } from "@latchkey/sdk/testing";
import { encodePaymentRequiredHeader } from "@x402/core/http";
import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  getAddress,
  type Hex,
  HttpRequestError,
  http,
  keccak256,
  type LocalAccount,
  numberToHex,
  toHex,
} from "viem";
import { base } from "viem/chains";
import { safeHandler } from "#sdk/accounts/safe/safeHandler.ts";
import { authorizationStates } from "#sdk/agent/x402/authorizationStates.ts";
import { checkTokenDomain } from "#sdk/agent/x402/checkTokenDomain.ts";
import { DOCS_BASE } from "#sdk/errors/docsPath.ts";
import { clientFunctions } from "./clientFunctions.ts";
import { fullAnswer, fullRequest } from "./handoff/requests.ts";
import { entry } from "./ledger/entries.ts";
import { agent, grantOf, owner, propose, shop, useSafe } from "./safeFixture.ts";

const chainId = base.id;
const token = usdcAddress(chainId) as Address;
const account = getAddress(toHex(0xacc0, { size: 20 }));
const nonces: Hex[] = [keccak256("0x01"), keccak256("0x02")];

/** A session that is written without asking anybody. */
function proposalOf(accountKind: AccountKind, key: LocalAccount = agent): Proposal {
  const module = accountKind === "safe" ? safeSessionModuleAddress() : erc7579SessionModuleAddress();
  const session = createSession(
    {
      account,
      key,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
      gasAllowance: "1",
    },
    { chainId, module, now: Math.floor(Date.now() / 1000), epoch: 0n },
  );
  return { version: 1, chainId, module, accountKind, session };
}

/** A session, and a session of the same account that could take its place. */
type Given = { grant: Grant; proposal: Proposal; other: Proposal };
/** Connections through one transport: one that reads, those of the agent and of the owner, and one of a remote wallet. */
type Connections = ReturnType<typeof connections>;

const connections = (transport: ReturnType<typeof http> | ReturnType<typeof custom>) => ({
  client: createPublicClient({ chain: base, transport, pollingInterval: 1 }),
  agents: createWalletClient({ account: agent, chain: base, transport }),
  owners: createWalletClient({ account: owner, chain: base, transport }),
  remote: createWalletClient({ account: agent.address, chain: base, transport }),
  test: createTestClient({ mode: "hardhat", chain: base, transport }),
});

const allowance = {
  chainId: numberToHex(chainId),
  to: agent.address,
  permission: {
    type: "native-token-allowance",
    isAdjustmentAllowed: true,
    data: { allowanceAmount: "0x1" },
  },
  rules: [{ type: "expiry", data: { timestamp: Math.floor(Date.now() / 1000) + 86_400 } }],
};
const offer = {
  scheme: "exact",
  network: `eip155:${chainId}` as const,
  asset: token,
  amount: "200000",
  payTo: shop,
  maxTimeoutSeconds: 60,
  extra: { name: "USD Coin", version: "2" },
};
const required = { x402Version: 2, resource: { url: "https://shop.example/" }, accepts: [offer] };
/** A shop that always wants to be paid. */
const shopsFetch = async (): Promise<Response> =>
  new Response("pay first", {
    status: 402,
    headers: { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) },
  });

/** What an agent asks for. */
const asked = {
  name: "Bot",
  key: agent,
  budgets: { [token]: { perTransaction: "1", perDay: "20", recipients: [shop] } },
  until: "7d",
} as const;

/** What an agent asks for after a refusal. */
const asMore = (client: Connections["agents"], grant: Grant) => ({
  client,
  key: agent,
  grant,
  refusal: { code: "PERIOD", details: { token, amount: "1", recipient: shop } } as const,
  page: "https://page.example/",
  name: "Bot",
  callback: false,
});

/** Does something with an agent's folder that is gone afterwards. */
async function inFolder(work: (folder: AgentFolder) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "latchkey-network-"));
  try {
    await work(await agentFolder(join(dir, "agent")));
  } finally {
    await rm(dir, { recursive: true });
  }
}

type Attempt = (connections: Connections, given: Given) => unknown;

const calls = [{ to: shop }];
const smartAccount = ({ client }: Connections, { grant }: Given) =>
  toSessionSmartAccount({ client, key: agent, grant, entryPoint: "0.7" });
const userOpOf = ({ grant }: Given) => ({
  sender: grant.session.account,
  nonce: validatorNonceKey({ kind: "nexus", validator: grant.module }) << 64n,
  callData: encodeSessionUserOpCallData({
    session: { module: grant.module, session: grant.session },
    signature: grant.signature,
    calls: [{ to: shop, data: "0x", value: 0n }],
  }),
  callGasLimit: 1n,
  verificationGasLimit: 1n,
  preVerificationGas: 1n,
  maxFeePerGas: 1n,
  maxPriorityFeePerGas: 1n,
  signature: "0x" as const,
});

/** What a site asks of a wallet, whose errors are EIP-1193's: the refusal is their cause. */
const askWallet = (
  { client }: Parameters<Attempt>[0],
  { grant }: Parameters<Attempt>[1],
  method: string,
  params?: unknown,
) =>
  permissionProvider(
    { request: async () => undefined },
    {
      client,
      account: grant.session.account,
      accountKind: grant.accountKind,
      module: grant.module,
      grant: async () => undefined,
      revoke: async () => {},
    },
  )
    .request({ method, params })
    .catch((error: Error) => {
      throw error.cause;
    });

/** How each function asks a node about a Safe's session: by name, one or several ways. */
const ofSafes: { readonly [name: string]: readonly Attempt[] } = {
  authorizationStates: [
    ({ client }, { grant }) => authorizationStates(client, { token, account: grant.session.account, nonces }),
    ({ client }, { grant }) =>
      authorizationStates(client, { token, account: grant.session.account, nonces: nonces.slice(1) }),
  ],
  checkTokenDomain: [
    ({ client }) =>
      checkTokenDomain(client, { chainId, token, tokenDomain: { name: "USD Coin", version: "2" } }),
  ],
  createHandoff: [({ client }) => createHandoff(client, asked)],
  enableSession: [({ owners }, { proposal }) => enableSession(owners, { proposal })],
  execute: [({ agents }, { grant }) => execute(agents, { grant, calls })],
  executeAsSafe: [
    ({ owners }, { proposal }) =>
      executeAsSafe(owners, { safe: proposal.session.account, calls: [encodeEnable(proposal)] }),
    ({ owners }, { proposal, other }) =>
      executeAsSafe(owners, {
        safe: proposal.session.account,
        calls: [encodeEnable(proposal), encodeRevoke(other)],
        multiSendCallOnly: proposal.module,
      }),
  ],
  executeSigned: [
    async ({ agents }, { grant }) => {
      const deadline = grant.session.validUntil;
      const signed = await signExecution(agent, { grant, calls, caller: "anyone", deadline });
      return executeSigned(agents, { grant, signed });
    },
  ],
  latchkeyScheme: [
    ({ client }, { grant }) => latchkeyScheme({ client, key: agent, grant }).createPaymentPayload(2, offer),
    ({ client }, { grant }) => latchkeyScheme({ client, key: agent, grant }).refusalOf(offer),
  ],
  listSessions: [
    ({ client }, { grant }) =>
      listSessions(client, { account: grant.session.account, module: grant.module, fromBlock: 0n }),
    ({ client }, { grant }) =>
      listSessions(client, {
        account: grant.session.account,
        module: grant.module,
        grants: [grant],
        fromBlock: 0n,
        toBlock: 1n,
      }),
  ],
  pay: [({ agents }, { grant }) => pay(agents, { grant, to: shop, amount: "0.50" })],
  pauseSession: [({ owners }, { grant }) => pauseSession(owners, { grant })],
  permissionProvider: [
    (open, given) => askWallet(open, given, "wallet_getSupportedExecutionPermissions"),
    (open, given) => askWallet(open, given, "wallet_requestExecutionPermissions", []),
    (open, given) =>
      askWallet(open, given, "wallet_revokeExecutionPermission", {
        permissionContext: encodePermissionContext({ grant: given.grant }),
      }),
  ],
  permit2Calls: [
    ({ client }, { grant }) =>
      permit2Calls(client, {
        account: grant.session.account,
        accountKind: grant.accountKind,
        module: grant.module,
        revoking: "all",
        fromBlock: 0n,
      }),
  ],
  permit2Standing: [
    ({ client }, { grant }) =>
      permit2Standing(client, {
        account: grant.session.account,
        module: grant.module,
        token: grant.session.budgets[0]?.token as Address,
        fromBlock: 0n,
      }),
  ],
  payingFetch: [
    ({ client }, { grant }) =>
      payingFetch({ client, key: agent, grant, fetch: shopsFetch, resendDelay: 1 })("https://shop.example/"),
  ],
  proposeSession: [
    ({ client }, { grant }) =>
      proposeSession(client, {
        account: grant.session.account,
        key: agent,
        module: grant.module,
        budgets: { [token]: { perTransaction: "1", inAll: "1", recipients: "anyone" } },
        until: "1h",
      }),
  ],
  readBalanceFloors: [({ client }, { grant }) => readBalanceFloors(client, grant)],
  reconcileLedger: [
    async ({ client }) => {
      const ledger = memoryLedger();
      const transaction = keccak256("0x01");
      const authorization = { nonce: transaction, validAfter: "0", validBefore: "1" };
      await ledger.append(entry("by signature", { authorization }));
      await ledger.append(entry("by transaction", { kind: "pay", transaction }));
      return reconcileLedger(client, ledger);
    },
  ],
  renounceSession: [({ agents }, { grant }) => renounceSession(agents, { grant })],
  replaceSession: [
    ({ owners }, { grant, other }) => replaceSession(owners, { old: grant, replacement: other }),
  ],
  resumeSession: [({ owners }, { grant }) => resumeSession(owners, { grant })],
  reviewSession: [({ client }, { grant }) => reviewSession(client, grant)],
  revokeAllSessions: [
    ({ owners }, { grant }) => revokeAllSessions(owners, { grant }),
    ({ owners }, { grant }) =>
      revokeAllSessions(owners, {
        account: grant.session.account,
        accountKind: "safe",
        module: grant.module,
      }),
  ],
  revokeSession: [({ owners }, { grant }) => revokeSession(owners, { grant })],
  safeFallbackHandler: [({ client }, { grant }) => safeFallbackHandler(client, grant.session.account)],
  safeHandler: [
    ({ client }, { grant }) =>
      safeHandler(client, {
        safe: grant.session.account,
        module: grant.module,
        domainSeparator: keccak256("0x"),
      }),
  ],
  sessionHistory: [
    ({ client }, { grant }) => sessionHistory(client, { grant, fromBlock: 0n }),
    ({ client }, { grant }) => sessionHistory(client, { grant, fromBlock: 0n, toBlock: 1n }),
  ],
  sessionState: [
    ({ client }, { grant }) =>
      sessionState(client, {
        module: grant.module,
        id: hashSession(grant.session),
        account: grant.session.account,
      }),
  ],
  handoffPermissionProvider: [
    async ({ agents }) =>
      handoffPermissionProvider({
        client: agents,
        page: "https://page.example/",
        callback: false,
        name: "Bot",
        onHandoff() {},
      })
        .request({ method: "wallet_getSupportedExecutionPermissions" })
        // What a provider throws has EIP-1193's codes; the refusal is its cause.
        .catch((error: Error) => {
          expect(error).to.include({ code: -32603 });
          throw error.cause;
        }),
  ],
  openAgent: [
    async ({ agents }) => {
      const dir = await mkdtemp(join(tmpdir(), "latchkey-network-"));
      const { key: _, ...parts } = asked;
      // Once it waits for its owner, it asks no node any more.
      const waits = new AbortController();
      const output = new Writable({ write: () => waits.abort() });
      try {
        const request = { ...parts, page: "https://page.example/", callback: false };
        await openAgent({ dir, client: agents, request, output, signal: waits.signal });
      } catch (error) {
        if (!isRefusal(error, "HANDOFF_CLOSED")) throw error;
      } finally {
        await rm(dir, { recursive: true });
      }
    },
  ],
  requestPermissions: [
    async ({ agents }) =>
      requestPermissions({
        client: agents,
        page: "https://page.example/",
        callback: false,
        name: "Bot",
        permissions: [allowance],
      }),
  ],
  settleMore: [
    async ({ agents }) =>
      inFolder(async (folder) => {
        const { grant, transactions } = fullAnswer();
        const answer = {
          version: 1,
          nonce: fullRequest.nonce,
          status: "granted",
          grant,
          transactions,
        } as const;
        const payment = { code: "PERIOD", token, recipient: shop } as const;
        const id = await folder.more.begin(payment, "payment", { askAgain: false });
        const text = serializeHandoffAnswer(answer, fullRequest);
        await folder.more.keepAnswer(id, { request: fullRequest, text });
        await settleMore(folder, agents);
      }),
  ],
  settlePending: [
    async ({ agents }) =>
      inFolder(async (folder) => {
        const { grant, transactions } = fullAnswer();
        const { nonce } = fullRequest;
        const answer = { version: 1, nonce, status: "granted", grant, transactions } as const;
        const text = serializeHandoffAnswer(answer, fullRequest);
        await folder.pending.save({ request: fullRequest, page: "https://page.example/", answer: text });
        await settlePending(folder, agents);
      }),
  ],
  requestMore: [
    async ({ agents }, { grant }) => {
      const handoff = await requestMore({ ...asMore(agents, grant), for: "session" });
      await handoff.close();
    },
    async ({ agents }, { grant }) => (await requestMore(asMore(agents, grant))).close(),
  ],
  askForMore: [
    async ({ agents }, { grant }) =>
      inFolder(async (folder) => {
        await folder.saveGrant(grant);
        const { key, grant: _, ...parts } = asMore(agents, grant);
        const handoff = await askForMore({ ...folder, key: async () => key }, { ...parts, for: "session" });
        await handoff.close();
      }),
  ],
  requestSession: [
    async ({ agents }) =>
      requestSession({ client: agents, page: "https://page.example/", callback: false, ...asked }),
  ],
  budgetSummary: [({ client }, { grant }) => budgetSummary(client, grant)],
  sessionStatus: [({ client }, { grant }) => sessionStatus(client, grant)],
  settleHandoff: [
    ({ agents }, { grant }) =>
      settleHandoff(agents, { version: 1, nonce: "0x01", status: "granted", grant, transactions: [] }),
  ],
  verifyGrant: [({ client }, { grant }) => verifyGrant(client, grant)],
};

/** The same of an ERC-7579 account's session. */
const ofModularAccounts: typeof ofSafes = {
  granterOf: [({ client }, { grant }) => granterOf(client, { account, module: grant.module })],
  proposeSession: [
    ({ client }, { grant }) =>
      proposeSession(client, {
        account,
        key: agent,
        accountKind: "nexus",
        module: grant.module,
        budgets: {},
        until: "1h",
      }),
  ],
  readErc7579Removal: [
    ({ client }, { grant }) => readErc7579Removal(client, { kind: "nexus", account, module: grant.module }),
  ],
  revokeSession: [
    ({ client, remote }, { grant }) =>
      revokeSession(client, { grant, send: ([call]) => remote.sendTransaction(call as { to: Address }) }),
  ],
  sessionStatus: [({ client }, { grant }) => sessionStatus(client, grant)],
  toSessionSmartAccount: [
    async (open, given) => (await smartAccount(open, given)).getNonce(),
    async (open, given) => (await smartAccount(open, given)).encodeCalls([{ to: shop }]),
    async (open, given) => (await smartAccount(open, given)).signUserOperation(userOpOf(given)),
    async (open, given) => (await smartAccount(open, given)).userOperation?.estimateGas?.(userOpOf(given)),
  ],
  verifyGrant: [({ client }, { grant }) => verifyGrant(client, grant)],
};

/** What asks a wallet behind a connection for a signature, and a test node for what no other does. */
const ofWallets: typeof ofSafes = {
  deployLatchkey: [({ test }) => deployLatchkey(test)],
  signExecution: [
    ({ remote }, { grant }) => signExecution(remote, { grant, calls, caller: "anyone", deadline: 1 }),
  ],
  signGrant: [({ remote }, { proposal }) => signGrant(remote, proposal)],
};

const tables = [
  { of: "a Safe", kind: "safe", table: ofSafes },
  { of: "an ERC-7579 account", kind: "nexus", table: ofModularAccounts },
  { of: "a Safe and its signers", kind: "safe", table: ofWallets },
] as const;

const givenOf = (kind: AccountKind): Given => {
  const proposal = proposalOf(kind);
  return { proposal, grant: { ...enabledGrant(proposal), signature: "0x01" }, other: proposalOf(kind) };
};

/** What an attempt ended in; a verdict counts as what it is. */
const endOf = async (attempt: () => unknown): Promise<unknown> => {
  try {
    return { answered: await attempt() };
  } catch (error) {
    return error;
  }
};

/** Everything that a refusal for want of a node has to say. */
function expectRefusal(end: unknown, codes: readonly string[], what: string): void {
  if (!(end instanceof Refusal)) {
    expect.fail(`${what} ended in ${end instanceof Error ? `${end.name}: ${end.message}` : String(end)}`);
  }
  expect(codes, `${what}: ${end.message}`).to.include(end.code);
  expect(end.shortMessage, what).to.match(/^[^\n]+\.$/);
  expect(end.metaMessages[0].length, what).to.be.greaterThan(10);
  expect(end.docsPath, what).to.equal(
    `${DOCS_BASE}/errors.md#${end.code.toLowerCase().replaceAll("_", "-")}`,
  );
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json = (body: object, status = 200): Answer => {
  return (_, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
/** Nodes that cannot be reached, each in its own way. */
const silent: { readonly [name: string]: Answer } = {
  "fails (HTTP 500)": (_, response) => response.writeHead(500).end("oops"),
  "is overrun (HTTP 429)": (_, response) => response.writeHead(429).end("slow down"),
  "says that it is overrun in JSON (HTTP 429)": json(
    { jsonrpc: "2.0", id: 1, error: { code: -32000, message: "too many requests" } },
    429,
  ),
  "counts requests (-32005)": json({ jsonrpc: "2.0", id: 1, error: { code: -32005, message: "limit" } }),
  "fails inside (-32603)": json({ jsonrpc: "2.0", id: 1, error: { code: -32603, message: "internal" } }),
  "is a web page": (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>Hi</p>"),
  "hangs up": (request) => request.socket.destroy(),
};
/** Nodes with malformed responses, or ones that look as if there were no contract. */
const senseless: { readonly [name: string]: Answer } = {
  "answers nothing": json({ jsonrpc: "2.0", id: 1 }),
  "answers nonsense": json({ jsonrpc: "2.0", id: 1, result: "nonsense" }),
  "answers null": json({ jsonrpc: "2.0", id: 1, result: null }),
};
/** What is said of such answers besides NETWORK and UNKNOWN, by those that ask a contract what it is. */
const taken: { readonly [name: string]: string } = {
  executeAsSafe: "INVALID_ADDRESS",
  pay: "UNKNOWN_TOKEN",
  safeHandler: "MODULE_NOT_ENABLED",
  signExecution: "NOT_SIGNED",
  signGrant: "NOT_SIGNED",
};

describe("every function that asks a node", function () {
  this.timeout(120_000);

  it("stands in the tables below", () => {
    const exported = clientFunctions();
    expect(exported.length).to.be.greaterThan(25);
    const listed = tables.flatMap(({ table }) => Object.keys(table));
    expect(exported.filter((name) => !listed.includes(name))).to.deep.equal([]);
    // These are internals of payingFetch.
    const inside = ["authorizationStates", "checkTokenDomain", "safeHandler"];
    expect(listed.filter((name) => !exported.includes(name)).sort()).to.deep.equal(inside);
  });

  it("asks by actions whose errors are refusals, and by nothing else", () => {
    const root = resolve(import.meta.dirname, "../../packages/sdk/src");
    const asking = globSync("**/*.ts", { cwd: root }).filter((path) => {
      const source = readFileSync(`${root}/${path}`, "utf8").replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "");
      return /"viem\/actions"|publicActions|walletActions|createPublicClient\(|createWalletClient\(/.test(
        source,
      );
    });
    expect(asking).to.deep.equal(["internal/chainActions.ts"]);
    const raw = globSync("**/*.ts", { cwd: root }).filter((path) =>
      /client\.(request|\w+Contract|get[A-Z])/.test(
        readFileSync(`${root}/${path}`, "utf8").replaceAll(/^\s*(\/?\*|\/\/).*$/gm, ""),
      ),
    );
    // That of logs is inside of `asking`; the provider answers as a node does; the others pass on what viem's actions ask.
    expect(raw.sort()).to.deep.equal([
      "folder/openAgent.ts",
      "internal/aggregatingClient.ts",
      "internal/readLogs.ts",
      "internal/sendOnce.ts",
      "permissions/handoffPermissionProvider.ts",
    ]);
  });

  for (const { of, kind, table } of tables)
    describe(`about ${of}`, () => {
      let server: Server;
      let answer: Answer;
      let url: string;
      before(async () => {
        server = createServer((request, response) => answer(request, response));
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      });
      after(() => new Promise((done) => server.close(done)));

      async function askAll(
        open: Connections,
        codesOf: (name: string) => readonly string[] = () => ["NETWORK"],
      ): Promise<void> {
        const given = givenOf(kind);
        for (const [name, attempts] of Object.entries(table))
          for (const [index, attempt] of attempts.entries()) {
            const end = await endOf(() => attempt(open, given));
            expectRefusal(end, codesOf(name), `${name} (${index})`);
          }
      }

      it("says NETWORK where nobody listens", async () => {
        const closed = createServer();
        await new Promise<void>((done) => closed.listen(0, "127.0.0.1", done));
        const { port } = closed.address() as AddressInfo;
        await new Promise((done) => closed.close(done));
        await askAll(connections(http(`http://127.0.0.1:${port}`, { retryCount: 0 })));
      });

      for (const [fault, how] of Object.entries(silent))
        it(`says NETWORK where the node ${fault}`, async () => {
          answer = how;
          await askAll(connections(http(url, { retryCount: 0 })));
        });

      for (const [fault, how] of Object.entries(senseless))
        it(`refuses, and does nothing, where the node ${fault}`, async () => {
          answer = how;
          const open = connections(http(url, { retryCount: 0 }));
          await askAll(open, (name) => ["NETWORK", "UNKNOWN", taken[name] ?? "NETWORK"]);
        });

      it("says NETWORK where the node does not answer in time", async () => {
        answer = () => {};
        await askAll(connections(http(url, { retryCount: 0, timeout: 5 })));
      });
    });
});

describe("a refusal for want of a node", () => {
  const secret = "s3cretKey";
  const urlOf = (port: number) =>
    `http://user:${secret}@127.0.0.1:${port}/v2/${secret}?apikey=${secret}#${secret}`;
  const texts = (refusal: Refusal) =>
    [refusal.message, refusal.shortMessage, JSON.stringify(refusal), JSON.stringify(refusal.details)].join();
  const refusalAt = async (url: string, timeout = 1000) => {
    const client = createPublicClient({ chain: base, transport: http(url, { retryCount: 0, timeout }) });
    const end = await endOf(() => usdcStatus(client));
    if (!(end instanceof Refusal)) expect.fail(String(end));
    return end;
  };
  const usdcStatus = (client: unknown) =>
    authorizationStates(client as Connections["client"], { token, account, nonces: nonces.slice(1) });

  for (const [fault, how] of [
    ...Object.entries(silent),
    ...Object.entries(senseless),
    ["does not answer in time", () => {}] as [string, Answer],
  ])
    it(`names the node and the cause, and no secret of its URL, where it ${fault}`, async () => {
      const server = createServer(how);
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      const { port } = server.address() as AddressInfo;
      const refusal = await refusalAt(urlOf(port), fault.includes("in time") ? 20 : 1000);
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      if (refusal.code === "NETWORK") {
        expect(refusal.shortMessage).to.include(`http://127.0.0.1:${port}`);
        expect(refusal.details.origin).to.equal(`http://127.0.0.1:${port}`);
        expect(refusal.shortMessage.split(": ").at(-1)?.length).to.be.greaterThan(5);
      } else expect(Object.keys(senseless)).to.include(fault);
      expect(texts(refusal)).not.to.include(secret);
    });

  it("names the status, and what the system says", async () => {
    const server = createServer(silent["is overrun (HTTP 429)"] as Answer);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const refusal = await refusalAt(urlOf(port));
    expect(refusal.shortMessage).to.include("status 429");
    expect(refusal.details.status).to.equal(429);
    await new Promise((done) => server.close(done));
    const refused = await refusalAt(urlOf(port));
    expect(refused.shortMessage).to.include("ECONNREFUSED");
    expect(texts(refused)).not.to.include(secret);
    const malformed = await refusalAt(`http://${secret}@[bad/${secret}`);
    expect(texts(malformed)).not.to.include(secret);
  });
});

describe("a node that goes away while a function asks it", () => {
  const world = useSafe("1.4.1");
  /** Those that change nothing, and answer the same when they are asked again. */
  const reading = [
    "authorizationStates",
    "budgetSummary",
    "checkTokenDomain",
    "listSessions",
    "permit2Calls",
    "permit2Standing",
    "readBalanceFloors",
    "reviewSession",
    "safeFallbackHandler",
    "sessionHistory",
    "sessionState",
    "sessionStatus",
    "verifyGrant",
  ];
  const connect = (most: number): Connections => {
    const { provider } = world().env.connection;
    let asked = 0;
    const request = async (wanted: object) => {
      if (asked++ >= most) throw new HttpRequestError({ url: "http://node.example", details: "gone" });
      return provider.request(wanted as never);
    };
    return connections(custom({ request }, { retryCount: 0 }));
  };

  it("is told apart from a contract that is not there, which is no matter of the network", async () => {
    const { client } = connect(Infinity);
    const nowhere = getAddress(toHex(0x70, { size: 20 }));
    const grant: Grant = { ...(await grantOf(world())), module: nowhere };
    const { account: safe } = grant.session;
    const attempts = {
      sessionState: () => sessionState(client, { module: nowhere, id: keccak256("0x"), account: safe }),
      sessionStatus: () => sessionStatus(client, grant),
      granterOf: () => granterOf(client, { account: safe, module: nowhere }),
      authorizationStates: () => authorizationStates(client, { token: nowhere, account: safe, nonces }),
      checkTokenDomain: () =>
        checkTokenDomain(client, { chainId, token: nowhere, tokenDomain: { name: "", version: "" } }),
      readErc7579Removal: () =>
        readErc7579Removal(client, { kind: "nexus", account: nowhere, module: nowhere }),
    };
    for (const [name, attempt] of Object.entries(attempts))
      expectRefusal(await endOf(attempt), ["UNKNOWN"], name);
    const verdict = await verifyGrant(client, grant);
    expect(verdict.valid ? "valid" : verdict.reason.code).to.equal("UNKNOWN_MODULE");
  });

  for (const [name, attempts] of Object.entries(ofSafes))
    it(`makes ${name} say so, wherever it had come to`, async function () {
      this.timeout(60_000);
      const proposal = await propose(world());
      const given = { proposal, grant: await grantOf(world()), other: await propose(world()) };
      for (const attempt of attempts) {
        let most = 0;
        let end: unknown;
        for (; most < 60; most++) {
          end = await endOf(() => attempt(connect(most), given));
          if (!(end instanceof Refusal) || !["NETWORK", "OUTCOME_UNKNOWN"].includes(end.code)) break;
        }
        expect(most, "requests until it was answered").to.be.within(1, 59);
        if (reading.includes(name))
          expect(end).to.deep.equal({ answered: await attempt(connect(Infinity), given) });
        // What the chain itself said is a refusal as well.
        else if (end instanceof Error) expect(end, String(end)).to.be.instanceOf(Refusal);
      }
    });
});
