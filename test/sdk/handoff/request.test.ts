import { ANYONE, isRefusal, type Session } from "@latchkey/sdk";
import {
  type HandoffRequest,
  handoffCode,
  handoffLink,
  keyFingerprint,
  type LatchkeySessionData,
  parseHandoffRequest,
  requestedSession,
} from "@latchkey/sdk/handoff";
import { expect } from "chai";
import fc from "fast-check";
import { maxUint256, numberToHex, zeroAddress } from "viem";
import { arbitrarySession } from "../arbitrarySession.ts";
import {
  account,
  addressOf,
  agent,
  changed,
  END,
  fullRequest,
  latchkeyData,
  NOW,
  otherShop,
  permission,
  router,
  shop,
  usdc,
  weth,
} from "./requests.ts";

const base64url = (text: string | Buffer) => Buffer.from(text as string).toString("base64url");
const link = (text: string) => `https://page.example/#request=${base64url(text)}`;
const json = JSON.stringify;
const walletRequest = (...permissions: ReturnType<typeof permission>[]) => json(permissions);

/** What a refusal says; fails where there is none. */
function refusalOf(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error("it was not refused");
}
const expectRefused = (text: string) =>
  expect(refusalOf(() => parseHandoffRequest(text)).code).to.equal("INVALID_REQUEST");

describe("the link of a hand-off", () => {
  it("carries a request to the page and back, unchanged", () => {
    const made = handoffLink("https://page.example/allow", fullRequest);
    expect(made).to.match(/^https:\/\/page\.example\/allow#request=[A-Za-z0-9_-]+$/);
    expect(parseHandoffRequest(made)).to.deep.equal(fullRequest);
  });

  it("is read from # on, as bare JSON, and with blanks around it", () => {
    const made = handoffLink("https://page.example/", fullRequest);
    for (const text of [made.slice(made.indexOf("#")), `\n ${made} `, json(fullRequest, undefined, 2)])
      expect(parseHandoffRequest(text)).to.deep.equal(fullRequest);
  });

  it("replaces what stood behind the page's #", () => {
    expect(handoffLink("https://page.example/#request=aGk", fullRequest).split("#")).to.have.length(2);
  });

  for (const page of [
    "http://page.example/",
    "http://localhost.evil.example/",
    "javascript:alert(1)",
    "https://user:word@page.example/",
    "page",
  ])
    it(`is not made to ${page}`, () => {
      expect(refusalOf(() => handoffLink(page, fullRequest)).code).to.equal("INVALID_REQUEST");
    });

  it("is made to a page of this machine without encryption", () => {
    expect(handoffLink("http://localhost:4173/", fullRequest)).to.match(/^http:\/\/localhost:4173\/#/);
  });

  it("is not made of what JSON cannot carry", () => {
    for (const version of [1n, Number.NaN, Number.POSITIVE_INFINITY])
      expect(
        refusalOf(() => handoffLink("https://page.example/", { ...fullRequest, version } as never)).code,
      ).to.equal("INVALID_REQUEST");
  });

  it("is not made of a request that the page would refuse", () => {
    const nameless = changed(fullRequest, (request) => Object.assign(request, { name: " " }));
    expect(refusalOf(() => handoffLink("https://page.example/", nameless)).code).to.equal("INVALID_REQUEST");
  });

  it("is refused to its creator with advice for them, not for an owner or a reader", () => {
    const nameless = changed(fullRequest, (request) => Object.assign(request, { name: " " }));
    const strange = { ...fullRequest, more: 1 } as HandoffRequest;
    for (const [work, advice] of [
      [() => handoffLink("https://page.example/", nameless), /Correct what/],
      [() => handoffLink("https://page.example/", strange), /Correct what/],
      [() => handoffLink("http://page.example/", fullRequest), /Pass the page's URL/],
      [() => handoffLink("page", fullRequest), /Pass the page's URL/],
    ] as const) {
      const { metaMessages } = refusalOf(work);
      expect(metaMessages[0]).to.match(advice);
      expect(metaMessages.join(" ")).not.to.match(/allow|owner|link again|new link|ask the agent/i);
    }
    const { details } = refusalOf(() => handoffLink("https://page.example/", nameless));
    expect("faults" in details && details.faults).not.to.be.empty;
    expect(refusalOf(() => parseHandoffRequest("{}")).metaMessages[0]).to.match(/Do not sign it/);
  });
});

describe("a request that somebody else wrote", () => {
  it("may be the array that a wallet gets: then it is unnamed, and its nonce is made of its text", () => {
    const one = walletRequest(permission("native-token-allowance", { allowanceAmount: "0x1" }));
    const other = walletRequest(permission("native-token-allowance", { allowanceAmount: "0x2" }));
    const read = parseHandoffRequest(one);
    expect(read.name).to.equal("unnamed");
    expect(read.nonce)
      .to.match(/^0x[0-9a-f]{32}$/)
      .and.not.equal(parseHandoffRequest(other).nonce);
    expect(read.nonce).to.equal(parseHandoffRequest(` ${one.replaceAll(",", " , ")} `).nonce);
  });

  const text = json(fullRequest);
  const hostile: Record<string, string> = {
    nothing: "",
    "no request": "https://page.example/",
    "an empty request": "#request=",
    "an array of nothing": "[]",
    "no JSON": link("{"),
    "a number": link("1"),
    "a link that was cut off": handoffLink("https://page.example/", fullRequest).slice(0, -3),
    "ten megabytes": link(`"${"a".repeat(10_000_000)}"`),
    "JSON of more than 64 KiB": json({ ...fullRequest, name: "a".repeat(70_000) }),
    "arrays in arrays, deeper than a stack": link("[".repeat(30_000) + "]".repeat(30_000)),
    "base64 with padding": `${link(`${text} `)}=`,
    "base64 with other signs": link(text).replace("#request=e", "#request=/"),
    "base64 with bits behind its end": `https://page.example/#request=${base64url("[]").slice(0, -1)}1`,
    "bytes that are not text": `#request=${base64url(Buffer.from([0x5b, 0xff, 0x5d]))}`,
    "a mark of byte order": `#request=${base64url(`\ufeff${text}`)}`,
    "two members of one name": text.replace('"version":1', '"version":1,"name":"Your Bank"'),
    "two members of one name, one of them escaped": text.replace(
      '"version":1',
      '"version":1,"n\\u0061me":"x"',
    ),
    "two amounts in one budget": text.replace('"perPeriod"', '"perTransaction":"0x1","perPeriod"'),
    "a member named __proto__": text.replace('"version":1', '"version":1,"__proto__":{"name":"x"}'),
    "a member of a budget named __proto__": text.replace('"perPeriod"', '"__proto__":1,"perPeriod"'),
    "a member that no request has": json({ ...fullRequest, rpc: "https://evil.example" }),
    "another version": json({ ...fullRequest, version: 2 }),
    "no version": json({ ...fullRequest, version: undefined }),
    "no permission": json({ ...fullRequest, permissions: [] }),
    "no name": json({ ...fullRequest, name: "" }),
    "a blank name": json({ ...fullRequest, name: " \u00a0\u3000" }),
    "a name of 65 characters": json({ ...fullRequest, name: "\u{1f511}".repeat(65) }),
    "half a sign in the name": text.replace("Research Bot", "\\ud83d"),
    "a nonce of 15 bytes": json({ ...fullRequest, nonce: `0x${"11".repeat(15)}` }),
    "a nonce that is not hex": json({ ...fullRequest, nonce: `0x${"zz".repeat(16)}` }),
  };
  for (const [what, one] of Object.entries(hostile)) it(`is refused: ${what}`, () => expectRefused(one));

  it("is told why it is refused", () => {
    const reasonOf = (what: string) => refusalOf(() => parseHandoffRequest(hostile[what] ?? "")).shortMessage;
    expect(reasonOf("a link that was cut off")).to.include("truncated");
    for (const what of ["base64 with padding", "base64 with other signs", "base64 with bits behind its end"])
      expect(reasonOf(what), what).to.include("damaged");
    for (const what of ["ten megabytes", "JSON of more than 64 KiB"])
      expect(reasonOf(what), what).to.include("too long");
    for (const what of [
      "two members of one name",
      "two members of one name, one of them escaped",
      "two amounts in one budget",
    ])
      expect(reasonOf(what), what).to.include("two members have the same name");
    for (const what of ["a member named __proto__", "a member of a budget named __proto__"])
      expect(reasonOf(what), what).to.include("named __proto__");
    expect(reasonOf("half a sign in the name")).to.include("not well-formed");
    expect(reasonOf("another version")).to.include("another version");
  });

  it("may have a name of 64 characters outside the basic plane", () => {
    const name = "\u{1f511}".repeat(64);
    expect(parseHandoffRequest(json({ ...fullRequest, name })).name).to.equal(name);
  });

  for (const callback of [
    "http://127.0.0.1.evil.com:80/a",
    "http://localhost.evil.com:80/a",
    "http://localhost:80@evil.com/a",
    "http://user:word@localhost:80/a",
    "http://user@127.0.0.1:80/a",
    "http://[::ffff:1.2.3.4]:80/a",
    "http://[::1]:80/a",
    "http://127.0.0.2:80/a",
    "http://127.1:80/a",
    "http://2130706433:80/a",
    "http://0x7f000001:80/a",
    "http://0.0.0.0:80/a",
    "http://192.168.0.1:80/a",
    "https://localhost:80/a",
    "ftp://localhost:80/a",
    "//localhost:80/a",
    "javascript:alert(1)",
    "http://LOCALHOST:80/a",
    "http://localhost/a",
    "http://localhost:0/a",
    "http://localhost:65536/a",
    "http://localhost:080/a",
    "http://localhost:80",
    "http://localhost:80/",
    "http://localhost:80/a?b",
    "http://localhost:80/a#b",
    "http://localhost:80/../a",
    "http://localhost:80/%61",
    "http://localhost:80\\@evil.com/a",
    "http://localhost:80/a\n",
    " http://localhost:80/a",
  ])
    it(`names no callback but one of this machine: ${JSON.stringify(callback)}`, () => {
      expectRefused(json({ ...fullRequest, callback }));
    });

  const budget = latchkeyData.budgets[0] as LatchkeySessionData["budgets"][number];
  /** The full request with other data of its session. */
  const withData = (change: (data: Record<string, unknown>) => void) =>
    json(changed(fullRequest, ({ permissions: [one] }) => one && change(one.permission.data)));
  const withBudget = (part: object) =>
    withData((data) => Object.assign(data, { budgets: [{ ...budget, ...part }, latchkeyData.budgets[1]] }));
  const withPermission = (part: object) =>
    json({ ...fullRequest, permissions: [{ ...fullRequest.permissions[0], ...part }] });
  const allowance = { allowanceAmount: "0x1" };
  const unfit: Record<string, string> = {
    "an amount of 129 bits": withBudget({ perPeriod: numberToHex(1n << 128n) }),
    "an amount of 257 bits": withBudget({ perPeriod: numberToHex(1n << 256n) }),
    "an amount of zero": withBudget({ perTransaction: "0x0" }),
    "an amount that is not hex": withBudget({ perPeriod: "20" }),
    "an amount that is a number": withBudget({ perPeriod: 20 }),
    "a negative amount": withBudget({ perPeriod: "-0x1" }),
    "a payment larger than its period's": withBudget({ perTransaction: "0x1312d01" }),
    "a period of zero": withBudget({ period: 0 }),
    "half a second": withBudget({ period: 0.5 }),
    "a period of 2^32 seconds": withBudget({ period: 2 ** 32 }),
    "a period that is text": withBudget({ period: "86400" }),
    "nine slot sizes": withBudget({ signatures: 1, sizes: 9 }),
    "slots worth nothing": withBudget({ perTransaction: "0x3", signatures: 1, sizes: 2 }),
    "signatures of both EIP-3009 and Permit2": withBudget({ signatures: 3, sizes: 1 }),
    "signatures of an unknown kind": withBudget({ signatures: 7, sizes: 1 }),
    "no recipients": withBudget({ recipients: [] }),
    "33 recipients": withBudget({
      recipients: Array.from({ length: 33 }, (_, at) => addressOf(`shop ${at}`)),
    }),
    "anyone beside another": withBudget({ recipients: [shop, ANYONE] }),
    "a recipient of zero": withBudget({ recipients: [zeroAddress] }),
    "an address with a wrong checksum": withBudget({
      recipients: [shop.slice(0, -1) + (shop.endsWith("a") ? "A" : "a")],
    }),
    "a member that no budget has": withBudget({ perYear: "0x1" }),
    "a budget without an amount": withBudget({ perPeriod: undefined }),
    "one token twice": withData((data) => Object.assign(data, { budgets: [budget, budget] })),
    "a call to a budget's token": withData((data) =>
      Object.assign(data, { actions: [{ target: usdc, selector: "0x12345678", rules: [] }] }),
    ),
    "a call to nothing": withData((data) =>
      Object.assign(data, { actions: [{ target: zeroAddress, selector: "0x12345678", rules: [] }] }),
    ),
    "a selector of 3 bytes": withData((data) =>
      Object.assign(data, { actions: [{ target: router, selector: "0x123456", rules: [] }] }),
    ),
    "a rule's operator of 6": withData((data) =>
      Object.assign(data, {
        actions: [
          {
            target: router,
            selector: "0x12345678",
            rules: [{ offset: 4, op: 6, value: numberToHex(1, { size: 32 }) }],
          },
        ],
      }),
    ),
    "nothing at all": withData((data) => Object.assign(data, { budgets: [], actions: [] })),
    "a justification of 501 characters": withData((data) =>
      Object.assign(data, { justification: "a".repeat(501) }),
    ),
    "a member that no session has": withData((data) => Object.assign(data, { unlimited: true })),
    "the key as the account": withPermission({ from: agent }),
    "a key of zero": withPermission({ to: zeroAddress }),
    "chain 0": withPermission({ chainId: "0x0" }),
    "a chain beyond whole numbers": withPermission({ chainId: "0x20000000000000" }),
    "a chain in decimals": withPermission({ chainId: 8453 }),
    "no end": withPermission({ rules: [] }),
    "no rules": withPermission({ rules: undefined }),
    "an end that is text": withPermission({ rules: [{ type: "expiry", data: { timestamp: `${END}` } }] }),
    "an end beyond 2^47": withPermission({ rules: [{ type: "expiry", data: { timestamp: 2 ** 47 } }] }),
    "two ends": withPermission({
      rules: [END, END + 1].map((timestamp) => ({ type: "expiry", data: { timestamp } })),
    }),
    "a rule that is not known": withPermission({
      rules: [
        { type: "expiry", data: { timestamp: END } },
        { type: "__proto__", data: {} },
      ],
    }),
    "a type that is not known": walletRequest(permission("erc721-token-allowance", {})),
    "a type that every object has": walletRequest(permission("constructor", {})),
    "a revocation": walletRequest(permission("erc20-token-revocation", {})),
    "payees of a whole session": json({
      ...fullRequest,
      permissions: [
        permission("latchkey-session", latchkeyData as never, [
          { type: "payee", data: { addresses: [shop] } },
        ]),
      ],
    }),
    "anyone as a payee": walletRequest(
      permission("native-token-allowance", allowance, [{ type: "payee", data: { addresses: [ANYONE] } }]),
    ),
    "another redeemer": walletRequest(
      permission("native-token-allowance", allowance, [
        { type: "redeemer", data: { addresses: [agent, shop] } },
      ]),
    ),
    "two chains": walletRequest(permission("native-token-allowance", allowance), {
      ...permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }),
      chainId: "0x1",
    }),
    "two keys": walletRequest(permission("native-token-allowance", allowance), {
      ...permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }),
      to: shop,
    }),
    "two accounts": walletRequest(
      { ...permission("native-token-allowance", allowance), from: account },
      { ...permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }), from: shop },
    ),
    "two different ends": walletRequest(permission("native-token-allowance", allowance), {
      ...permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }),
      rules: [{ type: "expiry", data: { timestamp: END + 1 } }],
    }),
    "two different starts": walletRequest(
      permission("native-token-allowance", { ...allowance, startTime: NOW }),
      permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }),
    ),
    "one token in two permissions": walletRequest(
      permission("native-token-allowance", allowance),
      permission("native-token-periodic", { periodAmount: "0x1", periodDuration: 60 }),
    ),
    "two whole sessions": json({
      ...fullRequest,
      permissions: [...fullRequest.permissions, ...fullRequest.permissions],
    }),
    "a stream that adds nothing": walletRequest(
      permission("native-token-stream", { amountPerSecond: "0x0", maxAmount: "0x1" }),
    ),
    "a start after the end": walletRequest(
      permission("native-token-allowance", { ...allowance, startTime: END }),
    ),
    "a token of zero": walletRequest(
      permission("erc20-token-allowance", { ...allowance, tokenAddress: zeroAddress }),
    ),
  };
  it("is taken, where none of the changes below is made to it", () => {
    const controls = [
      withBudget({}),
      withData(() => {}),
      withPermission({}),
      walletRequest(
        permission("native-token-allowance", allowance),
        permission("erc20-token-allowance", { ...allowance, tokenAddress: usdc }),
      ),
    ];
    for (const control of controls) expect(() => parseHandoffRequest(control)).not.to.throw();
  });

  for (const [what, one] of Object.entries(unfit)) it(`is refused: ${what}`, () => expectRefused(one));

  it("is refused without repeating more than a little of what it says", () => {
    const member = `\u202e${"x".repeat(5000)}`;
    const { message } = refusalOf(() => parseHandoffRequest(json({ ...fullRequest, [member]: 1 })));
    expect(message.length).to.be.lessThan(600);
    expect(message).to.match(/^[\x20-\x7e\n]*$/);
  });
});

describe("the session that a request asks for", () => {
  const asked = (text: string, at = { account, now: NOW }): Session =>
    requestedSession(parseHandoffRequest(text), { ...at, salt: 0x001122334455n });

  it("has a random salt, so that what was revoked can be granted again", () => {
    for (const text of [
      walletRequest(permission("native-token-allowance", { allowanceAmount: "0x1", startTime: NOW })),
      json(fullRequest),
    ]) {
      const request = parseHandoffRequest(text);
      const [one, other] = [1, 2].map(() => requestedSession(request, { account, now: NOW }));
      expect(one?.salt).to.not.equal(other?.salt);
      expect({ ...one, salt: 0n }).to.deep.equal({ ...other, salt: 0n });
    }
  });

  it("is exactly what the request says", () => {
    expect(asked(json(fullRequest))).to.deep.equal({
      account,
      key: agent,
      validAfter: NOW,
      validUntil: END,
      epoch: 0n,
      salt: 0x001122334455n,
      gasAllowance: 1000n,
      paymaster: addressOf("a paymaster"),
      budgets: [
        {
          token: usdc,
          perTransaction: 1_000_000n,
          perPeriod: 20_000_000n,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          signatures: 1,
          sizes: 5,
          recipients: [shop, otherShop],
        },
        {
          token: weth,
          perTransaction: 100n,
          perPeriod: 1000n,
          period: 3600,
          initial: 10n,
          perSecond: 2n,
          signatures: 0,
          sizes: 0,
          recipients: [shop],
        },
      ],
      actions: latchkeyData.actions,
    } satisfies Session);
  });

  it("is the same for any session there is, after its way through a link", () => {
    fc.assert(
      fc.property(arbitrarySession({ account, key: agent }), (session) => {
        fc.pre(session.budgets.length + session.actions.length > 0);
        const hex = (amount: bigint) => numberToHex(amount);
        const data: LatchkeySessionData = {
          budgets: session.budgets.map((budget) => ({
            ...budget,
            perTransaction: hex(budget.perTransaction),
            perPeriod: hex(budget.perPeriod),
            initial: hex(budget.initial),
            perSecond: hex(budget.perSecond),
          })),
          actions: session.actions,
          gasAllowance: hex(session.gasAllowance),
          paymaster: session.paymaster,
        };
        const request: HandoffRequest = {
          ...fullRequest,
          permissions: [
            {
              ...permission("latchkey-session", data as never),
              rules: [{ type: "expiry", data: { timestamp: session.validUntil } }],
            },
          ],
        };
        const { epoch, salt, validAfter: now } = session;
        const read = parseHandoffRequest(handoffLink("https://page.example/", request));
        expect(requestedSession(read, { account, now, epoch, salt })).to.deep.equal(session);
      }),
      { numRuns: 100 },
    );
  });

  const whole = { initial: 0n, perSecond: 0n, signatures: 0, sizes: 0, recipients: [ANYONE] };
  const largest = (1n << 128n) - 1n;
  const mapped: Record<string, [ReturnType<typeof permission>, object]> = {
    "an allowance of the native coin": [
      permission("native-token-allowance", { allowanceAmount: "0x64" }),
      { token: zeroAddress, perTransaction: 100n, perPeriod: 100n, period: END - NOW, ...whole },
    ],
    "an allowance of a token, for payees": [
      permission("erc20-token-allowance", { allowanceAmount: "0x64", tokenAddress: usdc, startTime: null }, [
        { type: "payee", data: { addresses: [shop, shop] } },
        { type: "redeemer", data: { addresses: [agent] } },
      ]),
      { token: usdc, perTransaction: 100n, perPeriod: 100n, period: END - NOW, ...whole, recipients: [shop] },
    ],
    "a periodic permission": [
      permission("erc20-token-periodic", {
        periodAmount: "0x64",
        periodDuration: 3600,
        tokenAddress: usdc,
        justification: null,
      }),
      { token: usdc, perTransaction: 100n, perPeriod: 100n, period: 3600, ...whole },
    ],
    "a periodic permission of the native coin": [
      permission("native-token-periodic", { periodAmount: "0x64", periodDuration: 3600 }),
      { token: zeroAddress, perTransaction: 100n, perPeriod: 100n, period: 3600, ...whole },
    ],
    "a stream": [
      permission("erc20-token-stream", {
        initialAmount: "0x1",
        maxAmount: "0x64",
        amountPerSecond: "0x2",
        tokenAddress: usdc,
      }),
      {
        token: usdc,
        perTransaction: 100n,
        perPeriod: 100n,
        period: END - NOW,
        ...whole,
        initial: 1n,
        perSecond: 2n,
      },
    ],
    "a stream of the native coin with no end but the session's": [
      permission("native-token-stream", { amountPerSecond: "0x2", maxAmount: numberToHex(maxUint256) }),
      {
        token: zeroAddress,
        perTransaction: largest,
        perPeriod: largest,
        period: END - NOW,
        ...whole,
        perSecond: 2n,
      },
    ],
  };
  for (const [what, [one, budget]] of Object.entries(mapped))
    it(`of ERC-7715: ${what}`, () => {
      const session = asked(walletRequest(one));
      expect(session.budgets).to.deep.equal([budget]);
      expect(session).to.include({
        gasAllowance: 0n,
        paymaster: zeroAddress,
        validAfter: NOW,
        validUntil: END,
      });
      expect(session.actions).to.deep.equal([]);
    });

  it("begins when the request says, and a lifetime's period counts from there", () => {
    const one = permission("native-token-allowance", { allowanceAmount: "0x1", startTime: NOW + 60 });
    const session = asked(walletRequest(one));
    expect(session.validAfter).to.equal(NOW + 60);
    expect(session.budgets[0]?.period).to.equal(END - NOW - 60);
  });

  it("joins permissions for different tokens", () => {
    const session = asked(
      walletRequest(
        permission("native-token-allowance", { allowanceAmount: "0x1" }),
        permission("erc20-token-allowance", { allowanceAmount: "0x2", tokenAddress: usdc }),
      ),
    );
    expect(session.budgets.map(({ token, perPeriod }) => [token, perPeriod])).to.deep.equal([
      [zeroAddress, 1n],
      [usdc, 2n],
    ]);
  });

  it("is not made for another account than the request names", () => {
    const text = json(
      changed(fullRequest, ({ permissions: [one] }) => one && Object.assign(one, { from: account })),
    );
    expect(asked(text).account).to.equal(account);
    expect(refusalOf(() => asked(text, { account: shop, now: NOW })).code).to.equal("INVALID_REQUEST");
  });

  it("is not made when its time is over", () => {
    const late = { account, now: END };
    expect(refusalOf(() => asked(json(fullRequest), late)).code).to.equal("INVALID_TIME");
  });

  it("is not made for an account that it may call", () => {
    const at = { account: router, now: NOW };
    expect(refusalOf(() => asked(json(fullRequest), at)).code).to.equal("INVALID_REQUEST");
  });
});

describe("the codes that people compare", () => {
  it("are twelve signs without I, L, O and U", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const fingerprint = keyFingerprint(`0x${Buffer.from(bytes).toString("hex")}`);
        expect(fingerprint).to.match(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
      }),
      { numRuns: 50 },
    );
  });

  it("never change: other programs compute them too", () => {
    // The first 60 bits of keccak256 of 20 zero bytes, 5380c7b7ae81a58, in Crockford's base 32.
    expect(keyFingerprint(zeroAddress)).to.equal("AE0C-FDXE-G6JR");
  });

  it("do not depend on the case of an address or on the order of members", () => {
    expect(keyFingerprint(agent.toLowerCase() as typeof agent)).to.equal(keyFingerprint(agent));
    const turned = Object.fromEntries(Object.entries(fullRequest).reverse()) as HandoffRequest;
    expect(handoffCode(turned)).to.equal(handoffCode(fullRequest));
  });

  it("differ as soon as anything in the request does", () => {
    const others: HandoffRequest[] = [
      { ...fullRequest, name: "Research bot" },
      { ...fullRequest, nonce: "0x00112233445566778899aabbccddeefe" },
      { ...fullRequest, callback: undefined },
      changed(fullRequest, ({ permissions: [one] }) => one && Object.assign(one, { to: shop })),
      changed(fullRequest, ({ permissions: [one] }) => one && Object.assign(one, { chainId: "0x1" })),
      changed(
        fullRequest,
        ({ permissions: [one] }) => one && Object.assign(one.permission.data, { gasAllowance: "0x3e9" }),
      ),
    ];
    const codes = [fullRequest, ...others].map(handoffCode);
    expect(new Set(codes).size).to.equal(codes.length);
  });
});
