import { createPasskeySafe } from "@latchkey/accounts/safeAccount";
import { executeByKit } from "@latchkey/accounts/safeKit";
import {
  createPasskey,
  openMerchant,
  RELAYER,
  type SafeVersion,
  startDevChain,
  WETH,
  wethAbi,
} from "@latchkey/devchain";
import {
  type EncodedCall,
  enabledGrant,
  enableSession,
  hashSession,
  pay,
  payingFetch,
  permit2Calls,
  proposeSession,
  sessionStatus,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import {
  encodeExecute,
  encodeExecuteSigned,
  encodeRevoke,
  PERMIT2,
  safeAbi,
  signExecution,
} from "@latchkey/sdk/encoding";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { HTTPFacilitatorClient } from "@x402/core/server";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  erc20Abi,
  formatEther,
  type Hex,
  http,
  parseUnits,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { stolenKey, stolenPermit2Key } from "./stolenKey.ts";
import { dollars, short, story, thousands } from "./story.ts";
import { type Submission, submit } from "./thief.ts";

/** What the shop sells, by name, in dollars. */
const PRICES = {
  headline: "0.001",
  translation: "0.005",
  "weather-report": "0.01",
  "stock-quote": "0.02",
  "map-tile": "0.05",
  "web-search": "0.10",
  "code-review": "0.25",
  "video-minute": "0.40",
  "data-set": "0.75",
  "gpu-hour": "1.00",
} as const;

/** What the shop for WETH takes, in wei. */
const WETH_PRICE = 2n * 10n ** 15n;

const DAY = 86_400;
const oneEther = 10n ** 18n;

/** What a run came to. */
export type DemoReport = {
  /** Payments of the agent that went through. */
  payments: number;
  /** Attempts of the thief that the chain refused. */
  refusals: number;
  /** USDC that left the Safe, by the agent and by the thief within the limits. */
  spent: number;
  /** USDC that left the Safe beyond what the session says. */
  stolen: number;
  /** Gas of all the agent's payments together. */
  gas: number;
  /** What should not have happened, a sentence each. */
  failures: string[];
};

/** Tells the whole story on a chain of its own, as it happens. */
export async function runDemo(safeVersion: SafeVersion): Promise<DemoReport> {
  const failures: string[] = [];
  const expect = (holds: boolean, otherwise: string) => {
    if (holds) return;
    failures.push(otherwise);
    story.wrong(otherwise);
  };

  story.title("Latchkey: a human taps once, an agent pays, a thief does not get far.");
  const transfer = (to: Address, value: bigint, token: Address = usdc.address) => ({
    to: token,
    value: 0n,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [to, value] }),
  });

  const { url, testChain, usdc, safe, latchkey, shop, facilitator, close } = await startDevChain({
    chainId: 31_337,
    shop: {
      ...Object.fromEntries(Object.entries(PRICES).map(([name, price]) => [name, { price }])),
      "answer-by-the-word": { price: "0.25", by: "upto", charge: "0.03" },
    },
  });
  const client = createPublicClient({
    transport: http(url, { retryCount: 0 }),
    cacheTime: 0,
    pollingInterval: 50,
  });

  /* THE SETTING */

  story.chapter(1, "A chain with what people have");
  story.line(`Chain ${testChain.chainId}, JSON-RPC at ${url}; on this machine only, not a fork of anything.`);
  story.line(`USDC   ${usdc.address}  Circle's own code, hashes compared with those on Ethereum`);
  story.line(
    `Safe   ${safe[safeVersion].safe}  version ${safeVersion}, Safe's own code, with its passkey signer`,
  );
  story.line(`Module ${latchkey.module}  SafeSessionModule, by CREATE2: the same address on every chain`);

  const passkey = createPasskey();
  const account = await createPasskeySafe(
    { testChain, safe },
    { version: safeVersion, passkey, latchkey, domainSeparators: [usdc.domainSeparator] },
  );
  const start = parseUnits("100", 6);
  await usdc.mint(account.address, start);
  await testChain.send({
    from: RELAYER,
    to: WETH,
    value: oneEther,
    data: encodeFunctionData({ abi: wethAbi, functionName: "deposit" }),
  });
  await testChain.send({ from: RELAYER, ...transfer(account.address, oneEther, WETH) });
  story.line(
    `The owner's passkey has a Safe at ${account.address}, made in one transaction, module included.`,
  );
  story.line(`It holds ${dollars(start)}.`);

  /* THE GRANT */

  const agent = privateKeyToAccount(generatePrivateKey());
  const thief = privateKeyToAccount(generatePrivateKey()).address;
  const shopAddress = shop.address;
  await testChain.setBalance(agent.address, oneEther);

  story.chapter(2, "The agent asks, the owner taps once");
  const proposal = await proposeSession(client, {
    account: account.address,
    key: agent.address,
    module: latchkey.module,
    budgets: { usdc: { token: usdc.address, perTransaction: "1", perDay: "20", recipients: [shopAddress] } },
    until: "7d",
  });
  story.line(`The agent made a key in memory, ${agent.address}, and asks:`);
  story.line(`at most $1 a payment, at most $20 a day, only to ${short(shopAddress)}, for 7 days.`);
  const assertionsBefore = passkey.assertions;
  const blockBefore = await client.getBlockNumber();
  const grant = await signGrant({ ...passkey, signer: safe.passkey.sharedSigner }, proposal);
  const taps = passkey.assertions - assertionsBefore;
  const transactions = (await client.getBlockNumber()) - blockBefore;
  story.line(`The owner taps: ${taps} passkey assertion, ${transactions} transactions.`);
  expect(taps === 1, `The grant took ${taps} assertions.`);
  expect(transactions === 0n, "The grant took a transaction.");
  expect((await verifyGrant(client, grant)).valid, "The Safe does not accept the grant.");

  const session = grant.session;
  const _id = hashSession(session);

  /** Where today's budget stands: what has left the Safe, and what is available. */
  let dayBegan = start;
  const meter = async () => {
    const { budgets } = await sessionStatus(client, grant);
    const used = dayBegan - (await usdc.balanceOf(account.address));
    const left = budgets[0]?.remaining ?? 0n;
    const bar = "#".repeat(Number(used / 1_000_000n)).padEnd(20, "-");
    story.meter(`[${bar}] ${dollars(used)} of $20.00 used today, ${dollars(left)} not reserved`);
  };

  /* THE AGENT AT WORK */

  story.chapter(3, "The agent buys ten things by x402, each settled in USDC from the Safe");
  let payments = 0;
  let gas = 0n;
  let promised = 0n;
  const buy = payingFetch({ client, key: agent, grant, pollingInterval: 50 });
  for (const [name, price] of Object.entries(PRICES)) {
    const unpaid = await fetch(shop.url(name));
    expect(unpaid.status === 402, `${name} was given away: ${unpaid.status}.`);
    const paid = await buy(shop.url(name));
    expect(paid.status === 200, `${name} was not sold: ${paid.status}.`);
    const settlement = paid.headers.get("PAYMENT-RESPONSE");
    if (paid.status !== 200 || !settlement) continue;
    const { transaction } = decodePaymentResponseHeader(settlement);
    const receipt = await client.getTransactionReceipt({ hash: transaction as Hex });
    payments++;
    gas += receipt.gasUsed;
    promised += parseUnits(price, 6);
    story.paid(
      `${name.padEnd(15)} $${price.padEnd(5)}  402, then 200  ${short(transaction as Hex)}  ${thousands(receipt.gasUsed)} gas`,
    );
    await meter();
  }

  story.chapter(4, "The agent makes the Safe execute one transfer");
  const wallet = createWalletClient({ account: agent, transport: http(url), pollingInterval: 50 });
  const hash = await pay(wallet, { grant, to: shopAddress, amount: "0.50" });
  const executed = await client.waitForTransactionReceipt({ hash });
  expect(executed.status === "success", "The transfer was not executed.");
  payments++;
  gas += executed.gasUsed;
  promised += parseUnits("0.50", 6);
  story.paid(
    `transfer        $0.50   executed by the Safe  ${short(hash)}  ${thousands(executed.gasUsed)} gas`,
  );
  story.line(
    "That first execution also put the owner's grant on chain: the session is enabled from here on.",
  );
  await meter();
  const { state } = await sessionStatus(client, grant);
  expect(state === "ENABLED", `The session is ${state}, not ENABLED.`);

  /* PERMIT2 */

  story.chapter(5, "By use, and in a token without EIP-3009: signed payments by Permit2");
  const wethShop = await openMerchant(
    testChain,
    {
      "satellite-image": {
        amount: WETH_PRICE,
        asset: WETH,
        payTo: shopAddress,
        extra: { name: "Wrapped Ether", version: "1", assetTransferMethod: "permit2" },
      },
    },
    new HTTPFacilitatorClient({ url: facilitator.url }),
  );
  const byPermit2 = await proposeSession(client, {
    account: account.address,
    key: agent.address,
    module: latchkey.module,
    budgets: {
      [usdc.address]: { perTransaction: "1", perDay: "5", recipients: [shopAddress], x402: "permit2" },
      [WETH]: { perTransaction: "0.01", perDay: "0.05", recipients: [shopAddress], x402: true },
    },
    until: "7d",
  });
  const tapsForPermit2 = passkey.assertions;
  const enabling = await enableSession(wallet, {
    proposal: byPermit2,
    owner: { ...passkey, signer: safe.passkey.sharedSigner },
    permit2: await permit2Calls(client, { enabling: byPermit2, fromBlock: 0n }),
  });
  await client.waitForTransactionReceipt({ hash: enabling });
  const permit2Grant = enabledGrant(byPermit2);
  expect(passkey.assertions - tapsForPermit2 === 1, "Enabling and approving took more than one assertion.");
  const allowanceOf = (token: Address) =>
    client.readContract({
      address: token,
      abi: erc20Abi,
      functionName: "allowance",
      args: [account.address, PERMIT2],
    });
  story.line(
    "Another session: at most $5 a day by use, and 0.05 WETH, a token that knows no authorizations.",
  );
  story.line(
    `One tap enables it and approves Permit2 for ${dollars(await allowanceOf(usdc.address))} and ${formatEther(await allowanceOf(WETH))} WETH: what it can spend until it ends, and no more.`,
  );
  story.line(
    "x402's own proxies are in no package: stand-ins with their interface stand at their addresses.",
  );
  const buyByPermit2 = payingFetch({ client, key: agent, grant: permit2Grant, pollingInterval: 50 });
  for (const { url: sold, name, text, cost } of [
    {
      url: shop.url("answer-by-the-word"),
      name: "answer",
      text: "up to $0.25, charged $0.03",
      cost: parseUnits("0.03", 6),
    },
    { url: wethShop.url("satellite-image"), name: "satellite-image", text: "0.002 WETH", cost: 0n },
  ]) {
    const paid = await buyByPermit2(sold);
    const settlement = paid.headers.get("PAYMENT-RESPONSE");
    expect(paid.status === 200 && settlement !== null, `${name} was not sold: ${paid.status}.`);
    if (!settlement) continue;
    const { transaction } = decodePaymentResponseHeader(settlement);
    const receipt = await client.getTransactionReceipt({ hash: transaction as Hex });
    payments++;
    gas += receipt.gasUsed;
    promised += cost;
    story.paid(
      `${name.padEnd(15)} ${text.padEnd(26)}  ${short(transaction as Hex)}  ${thousands(receipt.gasUsed)} gas`,
    );
  }
  await wethShop.close();

  /* THE THIEF */

  const { authorize, permit } = stolenKey({
    agent,
    session,
    usdc,
    safeVersion,
    shop: shopAddress,
  });
  const execute = (...calls: EncodedCall[]) => encodeExecute({ grant, calls, isEnabled: true });

  type Attempt = { what: string; submission: Submission; moved: bigint };
  const attempts: Attempt[] = [];
  const attempt = async (what: string, transaction: { to: Address; data: Hex }, because?: string) => {
    const before = await usdc.balanceOf(account.address);
    const submission = await submit(url, agent, transaction);
    const moved = before - (await usdc.balanceOf(account.address));
    attempts.push({ what, submission, moved });
    expect(!submission.succeeded, `${what} went through.`);
    expect(moved === 0n, `${what} moved ${dollars(moved)}.`);
    story.refused(`${what}  ${short(submission.hash)}`);
    story.meter(`${submission.reason ?? "it went through"}${because ? ` ${because}` : ""}`);
  };
  const ONE = parseUnits("1", 6);

  story.chapter(6, "A thief has the agent's key, and asks nobody: every attempt goes to the chain as it is");
  await attempt("$1.01 in one execution", execute(transfer(shopAddress, ONE + 10_000n)));
  await attempt(
    "$1.01 in one signature",
    await authorize({ value: ONE + 10_000n, period: 0n }),
    "No signature counts for more than $1.00.",
  );
  await attempt("$1.00 to the thief, executed", execute(transfer(thief, ONE)));
  await attempt(
    "$1.00 to the thief, signed",
    await authorize({ to: thief, value: ONE, period: 0n }),
    "With the thief among the recipients it is another session, which nobody granted.",
  );
  await attempt("1 WETH to the thief", execute(transfer(thief, oneEther, WETH)));
  await attempt(
    "an allowance for the thief",
    execute({
      to: usdc.address,
      value: 0n,
      data: encodeFunctionData({ abi: erc20Abi, functionName: "approve", args: [thief, start] }),
    }),
  );
  await attempt(
    "a permit for the thief, signed",
    await permit({ spender: thief, value: start }),
    "Only a TransferWithAuthorization is ever signed for.",
  );
  await attempt(
    "the thief as the Safe's next module",
    execute({
      to: account.address,
      value: 0n,
      data: encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [thief] }),
    }),
  );
  const { transfer: payByPermit2, allowance } = stolenPermit2Key({
    agent,
    session: permit2Grant.session,
    module: latchkey.module,
    chainId: testChain.chainId,
    safeVersion,
    shop: shopAddress,
  });
  await attempt(
    "$1.01 by use, signed",
    await payByPermit2({ budgetIndex: 0, amount: ONE + 10_000n, lot: 1n, facilitator: agent.address }),
    "No signature counts for more than $1.00.",
  );
  await attempt(
    "$1.00 by use to the thief, signed",
    await payByPermit2({ budgetIndex: 0, amount: ONE, lot: 1n, to: thief, facilitator: agent.address }),
    "With the thief among the recipients it is another session, which nobody granted.",
  );
  await attempt(
    "what the agent reserved by use, charged by the thief",
    await payByPermit2({ budgetIndex: 0, amount: ONE, lot: 1n, facilitator: shopAddress }),
    "Only the facilitator that was signed for may charge it.",
  );
  await attempt(
    "0.02 WETH in one signature",
    await payByPermit2({ budgetIndex: 1, amount: WETH_PRICE * 10n, lot: 1n }),
    "No signature counts for more than 0.01 WETH.",
  );
  await attempt(
    "an allowance in Permit2 for the thief, signed",
    await allowance({ spender: thief, amount: start }),
    "Only x402's transfers are ever signed for.",
  );
  const kept = await authorize({ value: ONE, period: 0n, slot: { lot: 11n, size: 0, index: 0n } });
  story.line("The thief signs a good $1.00 for the shop, and keeps it for tomorrow.");

  story.chapter(7, "The next day");
  await pass(DAY);
  dayBegan = await usdc.balanceOf(account.address);
  await attempt("yesterday's $1.00", kept, "Its nonce belongs to yesterday.");
  story.line("What the key may do, the thief may do: buy from the owner's shop, $20 worth.");
  for (let i = 0n; i < 10n; i++) {
    const signed = await submit(
      url,
      agent,
      await authorize({ value: ONE, period: 1n, slot: { lot: i, size: 0, index: 0n } }),
    );
    expect(signed.succeeded, `Dollar ${i + 1n} of the day was refused: ${signed.reason}`);
  }
  for (let i = 0n; i < 10n; i++) {
    const sent = await submit(url, agent, execute(transfer(shopAddress, ONE)));
    expect(sent.succeeded, `Dollar ${i + 11n} of the day was refused: ${sent.reason}`);
  }
  promised += 20n * ONE;
  await meter();
  await attempt("the 21st dollar, executed", execute(transfer(shopAddress, ONE)));
  for (const lot of [10n, 19n, 20n]) {
    const slot = { lot, size: 0, index: 0n };
    await attempt(
      `the 21st dollar, signed (as number ${lot + 1n} of the day)`,
      await authorize({ value: ONE, period: 1n, slot }),
      lot === 20n ? "A day has 20 dollars." : "Executions have spent that dollar.",
    );
  }

  story.chapter(8, "The owner revokes the key");
  await pass(DAY);
  dayBegan = await usdc.balanceOf(account.address);
  story.line("A new day: $20 would be there again.");
  const tapsBefore = passkey.assertions;
  const revocation = await executeByKit(account, [encodeRevoke(grant)]);
  story.line(
    `The owner taps once more: ${passkey.assertions - tapsBefore} assertion, 1 transaction, ${thousands(revocation.gasUsed)} gas.`,
  );
  await attempt("$1.00 executed", execute(transfer(shopAddress, ONE)));
  await attempt(
    "$1.00 executed, with the old grant",
    encodeExecute({ grant, calls: [transfer(shopAddress, ONE)] }),
  );
  const signed = await signExecution(agent, {
    grant,
    calls: [transfer(shopAddress, ONE)],
    caller: "anyone",
    deadline: session.validUntil,
  });
  await attempt("$1.00 executed by a relayer", encodeExecuteSigned({ grant, signed }));
  await attempt("$1.00 signed", await authorize({ value: ONE, period: 2n }), "The session is revoked.");

  /* THE RECKONING */

  const end = await usdc.balanceOf(account.address);
  const earned = await usdc.balanceOf(shopAddress);
  const stolen = start - end - promised;
  expect(
    start - end === promised,
    `The Safe paid ${dollars(start - end)}, the session's payments come to ${dollars(promised)}.`,
  );
  expect(earned === promised, `The shop has ${dollars(earned)}, it sold for ${dollars(promised)}.`);
  const wethLeft = await client.readContract({
    address: WETH,
    abi: wethAbi,
    functionName: "balanceOf",
    args: [account.address],
  });
  expect(wethLeft === oneEther - WETH_PRICE, "The Safe's WETH moved beyond what was bought.");

  story.chapter(9, "What was tried, and what moved");
  const width = Math.max(...attempts.map(({ what }) => what.length));
  story.line(`${"tried".padEnd(width)}  moved   chain said`);
  for (const { what, moved, submission } of attempts) {
    story.line(
      `${what.padEnd(width)}  ${dollars(moved).padEnd(6)}  ${submission.succeeded ? "yes" : submission.reason?.split(":")[0]}`,
    );
  }
  const refusals = attempts.filter(({ submission }) => !submission.succeeded).length;
  story.line("");
  story.line(
    `The agent made ${payments} payments for ${dollars(promised - 20n * ONE)}, ${thousands(gas)} gas in all.`,
  );
  story.line(
    `The thief bought $20.00 worth from the owner's shop, and was refused ${refusals} of ${attempts.length} times beyond that.`,
  );
  story.line(
    `The Safe had ${dollars(start)}, has ${dollars(end)}; the shop has ${dollars(earned)}; the thief has ${dollars(await usdc.balanceOf(thief))}.`,
  );
  story.line(failures.length === 0 ? "All balances agree." : `${failures.length} thing(s) went wrong.`);

  await close();
  const inDollars = (amount: bigint) => Number(amount) / 1e6;
  return {
    payments,
    refusals,
    spent: inDollars(start - end),
    stolen: inDollars(stolen),
    gas: Number(gas),
    failures,
  };

  async function pass(seconds: number) {
    await testChain.client.increaseTime({ seconds });
    await testChain.client.mine({ blocks: 1 });
  }
}
