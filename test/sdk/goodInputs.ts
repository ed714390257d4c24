import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPasskey } from "@latchkey/devchain";
import type { AccountKind, Grant, Proposal } from "@latchkey/sdk";
import * as node from "@latchkey/sdk/node";
import * as redis from "@latchkey/sdk/redis";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  custom,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  toBytes,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import * as sdk from "./everyEntry.ts";

const accountOf = (seed: string) => privateKeyToAccount(keccak256(toBytes(seed)));
const address = (seed: number): Address => getAddress(toHex(seed, { size: 20 }));
const key = accountOf("the agent of bad inputs");
const owner = accountOf("the owner of bad inputs");
const account = address(0xacc0);
export const shop = address(0x5409);
export const validator = address(0x7a11);
const chainId = base.id;
const usdc = sdk.usdcAddress(chainId) as Address;
const word = keccak256("0x01");
const now = Math.floor(Date.now() / 1000);

/** A node that has an answer of zeros to whatever it is asked: bad inputs get as far as they can. */
const transport = custom({
  async request({ method, params }: { method: string; params?: readonly unknown[] }) {
    switch (method) {
      case "eth_chainId":
        return numberToHex(chainId);
      case "eth_blockNumber":
        return "0x10";
      case "eth_getBlockByNumber":
        return { number: "0x10", timestamp: numberToHex(now), baseFeePerGas: "0x1", transactions: [] };
      case "eth_getCode":
        return "0x00";
      case "eth_getStorageAt":
        return toHex(0, { size: 32 });
      case "eth_getLogs":
        return [];
      case "eth_call": {
        const { data = "0x" } = (params?.[0] ?? {}) as { data?: Hex };
        const isDecimals = data.startsWith("0x313ce567");
        return isDecimals ? toHex(6, { size: 32 }) : toHex(0, { size: 32 * 16 });
      }
      case "eth_sendTransaction":
      case "eth_sendRawTransaction":
        return word;
      default:
        return "0x1";
    }
  },
});
const client = createPublicClient({ chain: base, transport, pollingInterval: 1 });
export const agents = createWalletClient({ account: key, chain: base, transport });
const owners = createWalletClient({ account: owner, chain: base, transport });

const request = () => ({
  account,
  key: key.address,
  budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop], x402: false } },
  until: "7d" as const,
  actions: [
    {
      target: validator,
      function: "function buy(uint256 id, address to)",
      where: [{ argument: "id", lte: 5n }],
    },
  ],
});
const context = () => ({ chainId, module: sdk.safeSessionModuleAddress(), now, epoch: 0n });
const session = () => sdk.createSession(request(), context());
const proposalOf = (accountKind: AccountKind = "safe"): Proposal => ({
  version: 1,
  chainId,
  module: accountKind === "safe" ? sdk.safeSessionModuleAddress() : sdk.erc7579SessionModuleAddress(),
  accountKind,
  session: session(),
});
const proposal = () => proposalOf();
export const grant = (): Grant => ({ ...sdk.enabledGrant(proposal()), signature: `0x${"11".repeat(65)}` });
const nexusGrant = (): Grant => ({ ...sdk.enabledGrant(proposalOf("nexus")), signature: "0x0102" });
const module = sdk.safeSessionModuleAddress();
const calls = () => [{ to: shop, value: 1n, data: "0x" as Hex }];
const slot = { lot: 0n, size: 1, index: 0n };
const transfer = {
  token: usdc,
  amount: 1n,
  nonce: 1n,
  deadline: 1n,
  to: shop,
  validAfter: 0n,
  facilitator: validator,
};
const passkey = createPasskey("bad inputs");
const rail = { version: "1.4.1", handler: validator } as const;
const newRail = { version: "1.5.0", domainSeparators: [word] } as const;
const signed = () => ({
  calls: [{ target: shop, value: 1n, data: "0x" as Hex }],
  caller: shop,
  nonce: 1n,
  deadline: now,
  keySignature: `0x${"11".repeat(65)}` as Hex,
});
const handoffOf = () =>
  sdk.createHandoff(client, {
    name: "Bot",
    key: key.address,
    budgets: request().budgets,
    until: "7d",
  });
const handoffRequest = await handoffOf();
const replacing: typeof handoffRequest = {
  ...handoffRequest,
  permissions: handoffRequest.permissions.map((permission) => ({ ...permission, from: account })),
  replaces: { module, session: sdk.encodeSession(grant().session), signature: "0x" },
};
export const files = mkdtempSync(join(tmpdir(), "latchkey-inputs-"));

/** What a function is given, of which one value after the other is spoilt; several ways where there are several. */
type Given = readonly (readonly unknown[])[];

/** Good arguments of every exported function. What is an instance of a class, or a function, is left as it is. */
export const good: { readonly [name: string]: () => Given } = {
  addressOf: () => [["safeSessionModule", chainId]],
  budgetSummary: () => [
    [client, grant()],
    [client, grant(), { meter: [{ token: shop, periods: [{ period: 0n, settled: 1n }] }] }],
  ],
  checkSession: () => [[session(), module]],
  combineGrants: () => [[[grant()]]],
  createAction: () => [[request().actions[0], "actions[0]"]],
  createHandoff: () => [
    [client, { name: "Bot", key: key.address, budgets: request().budgets, until: "7d", account }],
  ],
  createSession: () => [
    [request(), context()],
    [{ ...request(), from: new Date(), until: new Date(Date.now() + 1e9) }, context()],
    [
      { ...request(), budgets: { native: { perTransaction: "1", inAll: "2", recipients: "anyone" } } },
      context(),
    ],
  ],
  decodeCalldata: () => [
    [sdk.encodePay({ grant: grant(), token: usdc, to: shop, amount: 1n }).data, { to: module }],
    [sdk.encodePause(grant()).data],
  ],
  decodePayload: () => [["0x01"]],
  decodeSession: () => [[sdk.encodeSession(session())]],
  decodeSessionUserOpCallData: () => [
    [sdk.encodeSessionUserOpCallData({ session: proposalOf("nexus"), calls: calls() }), module],
  ],
  decodeReviewableEnable: () => [[sdk.encodeReviewableEnable(proposal())]],
  defaultSlotSizes: () => [[1_000_000n, 6]],
  describeSession: () => [[proposal(), [{ token: usdc, symbol: "USDC", decimals: 6, known: true }]]],
  eip712Domain: () => [[chainId, module]],
  ensureKey: () => [[join(files, "none", "key.json")]],
  enabledGrant: () => [[proposal()], [grant()]],
  enableSession: () => [[owners, { proposal: proposal() }]],
  encodeEnable: () => [[proposal()], [grant()]],
  encodeReviewableEnable: () => [[proposal()], [grant()]],
  encodeExecute: () => [[{ grant: grant(), calls: calls() }]],
  encodeExecuteSigned: () => [[{ grant: grant(), signed: signed() }]],
  decodePermissionContext: () => [[sdk.encodePermissionContext({ grant: grant() })]],
  encodePermissionContext: () => [[{ grant: grant() }], [{ grant: grant(), signed: signed() }]],
  encodePasskeyAssertion: () => [],
  encodePause: () => [[grant()], [{ module, id: word }]],
  encodePay: () => [[{ grant: grant(), token: usdc, to: shop, amount: 1n }]],
  encodePayload: () => [
    [
      {
        session: session(),
        budgetIndex: 0,
        slot,
        to: shop,
        value: 1n,
        validAfter: 0n,
        validBefore: 1n,
        tokenDomain: { name: "USD Coin", version: "2" },
        keySignature: `0x${"11".repeat(64)}1b`,
      },
    ],
    [
      {
        session: session(),
        budgetIndex: 0,
        slot,
        to: shop,
        value: 1n,
        validAfter: 0n,
        validBefore: 1n,
        method: "permit2-upto",
        facilitator: validator,
        keySignature: `0x${"11".repeat(64)}1b`,
      },
    ],
  ],
  encodePaymentUserOpCallData: () => [[{ token: usdc, to: shop, amount: 1n }]],
  encodePaymentUserOpSignature: () => [
    [
      {
        session: proposalOf("nexus"),
        signature: "0x",
        period: 0n,
        keySignature: `0x${"11".repeat(65)}`,
        payment: { token: usdc, to: shop, amount: 1n },
      },
    ],
  ],
  encodeRenounce: () => [[proposal()]],
  encodeReplaceSession: () => [
    [{ old: grant(), replacement: proposal(), floors: [{ token: usdc, amount: 1n }] }],
  ],
  encodeResume: () => [[grant()], [{ module, id: word }]],
  encodeRevoke: () => [[grant()], [{ module, id: word }]],
  encodeRevokeAll: () => [[{ module }]],
  encodeRevokeGranter: () => [[{ module }]],
  encodeSession: () => [[session()], [session(), { budgets: [0], actions: false }]],
  encodeSessionUserOpCallData: () => [[{ session: proposalOf("nexus"), signature: "0x01", calls: calls() }]],
  formatSpan: () => [[86_400]],
  erc7579Installation: () => [[{ kind: "kernel", account, module, granter: "0x01", sessions: [session()] }]],
  erc7579KindOf: () => [["biconomy.nexus.1.0.0"]],
  erc7579Removal: () => [
    [{ kind: "kernel", account, module }],
    [{ kind: "nexus", account, module, validators: [module], executors: [module] }],
  ],
  execute: () => [[agents, { grant: grant(), calls: calls() }]],
  executeAsSafe: () => [
    [owners, { safe: account, calls: calls() }],
    [owners, { safe: account, calls: [...calls(), ...calls()], multiSendCallOnly: validator }],
  ],
  executeSigned: () => [[agents, { grant: grant(), signed: signed() }]],
  filePaymentStore: () => [],
  grantDigest: () => [[session(), { chainId, module }]],
  granterOf: () => [[client, { account, module }]],
  granterPrefix: () => [[{ kind: "kernel", validator }]],
  hashActions: () => [[session().actions]],
  hashCarriedSession: () => [[session()], [{ ...session(), budgets: [word], actions: word }]],
  hashBudget: () => [[session().budgets[0]]],
  handoffCode: () => [],
  handoffLink: () => [["https://page.example/", handoffRequest]],
  hashSafeMessage: () => [[{ safe: account, chainId, digest: word }]],
  hashSession: () => [[session()]],
  isPaidByPermit2: () => [[{ signatures: 6 }]],
  isWithin: () => [[session(), session()]],
  kernelMessage: () => [[{ account, chainId, digest: word }]],
  keyFingerprint: () => [[key.address]],
  listSessions: () => [[client, { account, module, grants: [grant()], fromBlock: 0n }]],
  mostSpendable: () => [[session(), session().budgets[0]]],
  nodeNonce: () => [[{ id: word, budgetIndex: 0, period: 0n, ...slot }]],
  packSession: () => [[session()], [session(), { budgets: [0], actions: false }]],
  parseAmount: () => [["1.50", 6, "amount"]],
  parseDuration: () => [["7d", "until"]],
  parseGrant: () => [[grant()], [sdk.serializeGrant(grant())]],
  parseHandoffAnswer: () => [["{}", handoffRequest]],
  parseHandoffRequest: () => [["{}"]],
  passkeyVerifiers: () => [[validator, validator]],
  pauseSession: () => [[owners, { grant: grant() }]],
  paymentMethods: () => [[{ signatures: 6 }]],
  permit2Calls: () => [
    [client, { revoking: grant(), grants: [grant()], fromBlock: 0n }],
    [client, { account, accountKind: "safe", module, revoking: "all", fromBlock: 0n }],
  ],
  permit2DomainSeparator: () => [[chainId]],
  permit2Standing: () => [[client, { account, module, token: usdc, grants: [grant()], fromBlock: 0n }]],
  pay: () => [
    [agents, { grant: grant(), to: shop, amount: "0.50", token: "usdc" }],
    [agents, { grant: grant(), to: shop, amount: "0.50", token: usdc }],
  ],
  permit2Domain: () => [[chainId]],
  permit2Transfer: () => [[transfer, chainId]],
  proposeSession: () => [[client, { ...request(), module }]],
  readBalanceFloors: () => [[client, grant()]],
  readErc7579Removal: () => [[client, { kind: "nexus", account, module }]],
  readGrantFile: () => [[join(files, "none.json")]],
  readKeyFile: () => [[join(files, "none.json")]],
  renounceSession: () => [[agents, { grant: grant() }]],
  replaceSession: () => [[owners, { old: grant(), replacement: proposal() }]],
  permissionProvider: () => [
    [
      { request: () => Promise.resolve() },
      { client, account, accountKind: "safe", module, grant: () => [], revoke: () => {} },
    ],
  ],
  permissionResponse: () => [[handoffRequest.permissions[0], grant()]],
  replacedGrant: () => [[handoffRequest], [replacing]],
  requestedSession: () => [[handoffRequest, { account, now }]],
  resumeSession: () => [[owners, { grant: grant() }]],
  reviewSession: () => [[client, proposal()]],
  revokeAllSessions: () => [
    [owners, { grant: grant() }],
    [owners, { account, accountKind: "safe", module }],
  ],
  revokeSession: () => [[owners, { grant: grant() }]],
  safeCreation: () => [
    [{ ...rail, module, owners: [account], threshold: 1, passkey: passkey.publicKey, verifiers: 1n }],
    [{ ...newRail, module, owners: [account], multiSend: validator, sharedSigner: shop }],
    [{ ...rail, module, owners: [account], permit2: [{ token: usdc, amount: 1n }] }],
  ],
  safeFallbackHandler: () => [[client, account]],
  safeInitializer: () => [[sdk.safeCreation({ ...rail, module, owners: [account] })]],
  safeInstallation: () => [[{ ...rail, module, safe: account }], [{ ...newRail, module, safe: account }]],
  safeMessage: () => [[{ safe: account, chainId, digest: word }]],
  safePasskeySignature: () => [],
  safeRemoval: () => [
    [{ ...rail, module, safe: account, modules: [module], fallbackHandler: validator, nextHandler: shop }],
  ],
  safeSignatures: () => [
    [[{ signer: account, signature: `0x${"11".repeat(65)}` }]],
    [[{ signer: account, signature: "0x01", isContract: true }]],
  ],
  safeTransaction: () => [
    [{ safe: account, chainId, nonce: 0n, calls: calls() }],
    [{ safe: account, chainId, nonce: 0n, calls: [...calls(), ...calls()], multiSendCallOnly: validator }],
  ],
  serializeGrant: () => [[grant()]],
  sessionExcess: () => [[session(), session()]],
  sessionHistory: () => [
    [client, { grant: grant(), fromBlock: 0n }],
    [client, { account, module, fromBlock: 0n }],
  ],
  serializeHandoffAnswer: () => [
    [{ version: 1, nonce: word, status: "granted", grant: grant(), transactions: [] }, handoffRequest],
    [
      { version: 1, nonce: word, status: "granted", grant: grant(), transactions: [] },
      { ...handoffRequest, answer: "erc7715" },
    ],
  ],
  sessionState: () => [[client, { module, id: word, account }]],
  sessionStatus: () => [[client, grant()]],
  sessionTypedData: () => [[session(), { chainId, module }]],
  settleHandoff: () => [
    [owners, { version: 1, nonce: word, status: "granted", grant: grant(), transactions: [] }],
  ],
  signExecution: () => [[key, { grant: grant(), calls: calls(), caller: shop, deadline: now, nonce: 1n }]],
  signGrant: () => [[owner, proposal()]],
  signPaymentUserOp: () => [
    [key, { session: proposalOf("nexus"), chainId, signature: "0x01", period: 0n, userOpHash: word }],
  ],
  signatureRailCalls: () => [
    [rail, validator],
    [newRail, validator],
  ],
  signatureRailHandler: () => [
    [rail, module],
    [{ ...newRail, handler: validator }, module],
  ],
  signedPayment: () => [
    [
      { account, digest: word },
      { chainId, module },
    ],
  ],
  slotNonce: () => [[{ id: word, budgetIndex: 0, period: 0n, ...slot }]],
  slotReader: () => [[{ id: word, budgetIndex: 0, period: 0n }]],
  spendMeter: () => [[grant(), []]],
  toCalls: () => [[calls()]],
  toSessionSmartAccount: () => [[{ client, key, grant: nexusGrant(), entryPoint: "0.7", lane: 1 }]],
  unpackSession: () => [[sdk.packSession(session())]],
  usdcAddress: () => [[chainId]],
  validatorNonceKey: () => [[{ kind: "nexus", validator, lane: 1 }]],
  verifyGrant: () => [[client, grant()]],
  wrapForErc7579: () => [["0x01", { kind: "nexus", module }]],
  wrapForSafe: () => [
    ["0x01", { handler: "session" }],
    [
      "0x01",
      {
        handler: "extensible",
        domainSeparator: word,
        authorization: { from: account, to: shop, value: 1n, validAfter: 0n, validBefore: 1n, nonce: word },
      },
    ],
    ["0x01", { handler: "extensible", domainSeparator: word, transfer }],
  ],
  writeGrantFile: () => [[join(files, "none", "grant.json"), grant()]],
  writeKeyFile: () => [[join(files, "none", "key.json"), { privateKey: word }]],
};

/** Those that take nothing to spoil, or whatever there is; and those whose inputs have tests of their own. */
export const apart: { readonly [name: string]: string } = {
  agentFolder: "test/sdk/folder",
  askForMore: "test/sdk/folder",
  budgetSpendControls: "test/sdk/x402",
  decodeError: "takes whatever was thrown",
  delegationProvider: "test/sdk/x402",
  deployLatchkey: "takes a client alone",
  erc7579SessionModuleAddress: "takes nothing",
  isRefusal: "takes whatever was thrown",
  fileLedger: "test/sdk/ledger",
  latchkeyScheme: "test/sdk/x402",
  latchkeyActions: "takes nothing",
  ledgerToCsv: "test/sdk/ledger",
  memoryLedger: "takes nothing",
  memoryPaymentStore: "takes nothing",
  memoryPermissionStore: "takes nothing",
  openAgent: "test/sdk/folder",
  payingFetch: "test/sdk/x402",
  handoffPermissionProvider: "test/sdk/handoff",
  printHandoff: "takes what requestSession gives",
  readLedger: "test/sdk/ledger",
  reconcileLedger: "test/sdk/x402",
  redisPaymentStore: "test/sdk/x402",
  nodeWorth: "test/sdk/x402",
  requestMore: "test/sdk/handoff",
  requestPermissions: "test/sdk/handoff",
  requestSession: "test/sdk/handoff",
  safeSessionHandlerAddress: "takes nothing",
  safeSessionModuleAddress: "takes nothing",
  sessionLensAddress: "takes nothing",
  onePaymentFor: "test/sdk/folder/askForMore.test.ts",
  settlePending: "test/sdk/folder",
  settleMore: "test/sdk/folder",
  slotWorth: "test/sdk/x402",
  writePrivateFile: "throws what the file system says",
};

/** Whatever the SDK exports, by name. */
export const exported: { readonly [name: string]: unknown } = { ...sdk, ...node, ...redis };
