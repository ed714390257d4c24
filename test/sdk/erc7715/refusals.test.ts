import "../../environment/noTelemetry.ts";
import { createSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import {
  type Grant,
  isRefusal,
  type Proposal,
  Refusal,
  revokeSession,
  type Session,
  signGrant,
} from "@latchkey/sdk";
import { encodePermissionContext, signExecution } from "@latchkey/sdk/encoding";
import {
  memoryPermissionStore,
  type PermissionProviderParameters,
  type PermissionStore,
  type PermissionToReview,
  ProviderRpcError,
} from "@latchkey/sdk/permissions";
import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  createWalletClient,
  custom,
  HttpRequestError,
  http,
  isAddressEqual,
  maxUint128,
  numberToHex,
  UserRejectedRequestError,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { agent, grantOf, mined, owner, shop, useSafe, walletOf } from "../safeFixture.ts";
import { openSite } from "./site.ts";

const DAY = 86_400;
const ANYONE: Address = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";
const stranger = privateKeyToAccount(`0x${"77".repeat(32)}`);
const addressOf = (number: number) => numberToHex(number, { size: 20 });

/** A request in which tests change anything. */
// biome-ignore lint/suspicious/noExplicitAny: a hostile site's request has no type.
type Loose = any;

describe("the ERC-7715 provider of a Safe", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const client = () => world().env.testChain.client;
  const signAll = (permissions: readonly PermissionToReview[]) =>
    Promise.all(permissions.map(({ proposal }) => signGrant(owner, proposal)));
  let kept: PermissionStore;
  beforeEach(() => {
    kept = memoryPermissionStore();
  });

  const open = (changes: Partial<PermissionProviderParameters> = {}) =>
    openSite({
      client: client(),
      account: world().safe.address,
      accountKind: "safe",
      module: world().latchkey.module,
      grant: signAll,
      async revoke(grant) {
        await mined(world(), revokeSession(walletOf(world(), owner), { grant }));
      },
      store: kept,
      ...changes,
    });
  const now = async () => Number((await client().getBlock()).timestamp);
  const wanted = async (): Promise<Loose> => ({
    chainId: numberToHex(base.id),
    to: agent.address,
    permission: {
      type: "erc20-token-allowance",
      isAdjustmentAllowed: true,
      data: { tokenAddress: world().env.usdc.address, allowanceAmount: "0x64" },
    },
    rules: [{ type: "expiry", data: { timestamp: (await now()) + DAY } }],
  });
  const requested = (site: ReturnType<typeof openSite>, params: unknown): Promise<Loose> =>
    site.provider.request({ method: "wallet_requestExecutionPermissions", params });

  /** The error that an attempt ends in, which is one of EIP-1193. */
  const errorOf = async (attempt: Promise<unknown>): Promise<ProviderRpcError> => {
    try {
      await attempt;
    } catch (error) {
      expect(error).to.be.instanceOf(ProviderRpcError);
      return error as ProviderRpcError;
    }
    throw new Error("it was not refused");
  };

  /** Refused with a code before the owner is asked; nothing is granted. */
  const refusedUnseen = async (params: unknown, changes: Partial<PermissionProviderParameters> = {}) => {
    const site = open(changes);
    const error = await errorOf(requested(site, params));
    expect(site.log.shown).to.deep.equal([]);
    expect(await kept.list()).to.deep.equal([]);
    return error;
  };

  /** What cannot be enforced, each as a change of a request that is granted. */
  const invalid: Record<string, (one: Loose) => unknown> = {
    "is not an object": () => "permission",
    "is null": () => null,
    "has a member too many": (one) => ({ ...one, signer: {} }),
    "has no chain": ({ chainId: _, ...one }) => one,
    "has chain 0": (one) => ({ ...one, chainId: "0x0" }),
    "has no key": ({ to: _, ...one }) => one,
    "is for the account itself": (one) => ({ ...one, to: world().safe.address }),
    "has an unknown type": (one) => with_(one, { type: "erc721-token-allowance" }),
    "revokes approvals": (one) => with_(one, { type: "token-approval-revocation" }),
    "revokes allowances": (one) => with_(one, { type: "erc20-token-revocation", data: {} }),
    "asks for a whole session": (one) =>
      with_(one, {
        type: "latchkey-session",
        data: {
          budgets: [],
          actions: [{ target: stranger.address, selector: "0x12345678", rules: [] }],
          gasAllowance: "0x0",
          paymaster: addressOf(0),
        },
      }),
    "has a type of every object": (one) => with_(one, { type: "toString" }),
    "does not say whether it may be adjusted": (one) => with_(one, { isAdjustmentAllowed: undefined }),
    "has no token": (one) => withData(one, { tokenAddress: undefined }),
    "has zero as its token": (one) => withData(one, { tokenAddress: addressOf(0) }),
    "has a token that is not a contract": (one) => withData(one, { tokenAddress: shop }),
    "has the account as its token": (one) => withData(one, { tokenAddress: world().safe.address }),
    "has the module as its token": (one) => withData(one, { tokenAddress: world().latchkey.module }),
    "has an amount of 0": (one) => withData(one, { allowanceAmount: "0x0" }),
    "has an amount of more than 128 bits": (one) =>
      withData(one, { allowanceAmount: numberToHex(maxUint128 + 1n) }),
    "has an amount that is a number": (one) => withData(one, { allowanceAmount: 100 }),
    "has a datum too many": (one) => withData(one, { allowance: "0x1" }),
    "has a justification that is not a text": (one) => withData(one, { justification: { toString: "" } }),
    "starts after its end": (one) => withData(one, { startTime: 2 ** 46 }),
    "has a period of 0": (one) =>
      with_(one, {
        type: "native-token-periodic",
        data: { periodAmount: "0x1", periodDuration: 0 },
      }),
    "is a stream that does not flow": (one) =>
      with_(one, { type: "native-token-stream", data: { amountPerSecond: "0x0" } }),
    "has no rules": ({ rules: _, ...one }) => one,
    "has no end": (one) => ({ ...one, rules: [] }),
    "has an end past 2^47": (one) => ({ ...one, rules: [rule("expiry", { timestamp: 2 ** 47 })] }),
    "has an end that has passed": (one) => ({ ...one, rules: [rule("expiry", { timestamp: 1_000 })] }),
    "was over before it was requested": (one) => ({
      ...withData(one, { startTime: 1_000 }),
      rules: [rule("expiry", { timestamp: 2_000 })],
    }),
    "has an end that is a text": (one) => ({ ...one, rules: [rule("expiry", { timestamp: "soon" })] }),
    "has two ends": (one) => ({ ...one, rules: [...one.rules, ...one.rules] }),
    "has an unknown rule": (one) => ({ ...one, rules: [...one.rules, rule("limit", { calls: 1 })] }),
    "has a rule of every object": (one) => ({ ...one, rules: [...one.rules, rule("toString", {})] }),
    "has another redeemer": (one) => ({
      ...one,
      rules: [...one.rules, rule("redeemer", { addresses: [shop] })],
    }),
    "has one redeemer too many": (one) => ({
      ...one,
      rules: [...one.rules, rule("redeemer", { addresses: [one.to, shop] })],
    }),
    "has no payee in its list": (one) => ({
      ...one,
      rules: [...one.rules, rule("payee", { addresses: [] })],
    }),
    "has anyone as a payee": (one) => ({
      ...one,
      rules: [...one.rules, rule("payee", { addresses: [ANYONE] })],
    }),
    "has zero as a payee": (one) => ({
      ...one,
      rules: [...one.rules, rule("payee", { addresses: [addressOf(0)] })],
    }),
    "has 33 payees": (one) => ({
      ...one,
      rules: [
        ...one.rules,
        rule("payee", { addresses: Array.from({ length: 33 }, (_, at) => addressOf(at + 1)) }),
      ],
    }),
    "has nine rules": (one) => ({ ...one, rules: Array(9).fill(one.rules[0]) }),
    "has a member named __proto__": (one) =>
      withData(one, JSON.parse('{ "__proto__": { "allowanceAmount": "0x1" } }')),
    "holds a bigint": (one) => withData(one, { startTime: 1n }),
    "holds a function": (one) => withData(one, { startTime: () => 1 }),
    "holds NaN": (one) => withData(one, { startTime: Number.NaN }),
    "holds a long text": (one) => withData(one, { tokenAddress: `0x${"1".repeat(100_000)}` }),
    "holds itself": (one) => {
      one.permission.data.more = one;
      return one;
    },
    "is deeper than any permission": (one) => {
      let deep: unknown = 1;
      for (let depth = 0; depth < 100_000; depth++) deep = [deep];
      return withData(one, { more: deep });
    },
    "has more values than any permission": (one) =>
      withData(one, { more: Array.from({ length: 3_000 }, () => 1) }),
    "claims a list without end": (one) =>
      withData(one, { more: new Proxy([], { get: (_, name) => (name === "length" ? 2 ** 32 - 1 : 1) }) }),
    "throws when it is read": (one) =>
      Object.defineProperty(one, "to", {
        enumerable: true,
        get() {
          throw new Error("caught you");
        },
      }),
    "is a proxy that was revoked": (one) => {
      const { proxy, revoke } = Proxy.revocable(one, {});
      revoke();
      return proxy;
    },
  };
  const with_ = (one: Loose, changes: object) => ({ ...one, permission: { ...one.permission, ...changes } });
  // Copied by its members, so that one named __proto__ stays one.
  const withData = (one: Loose, changes: object) =>
    with_(one, {
      data: Object.create(Object.prototype, {
        ...Object.getOwnPropertyDescriptors(one.permission.data),
        ...Object.getOwnPropertyDescriptors(changes),
      }),
    });
  const rule = (type: string, data: object) => ({ type, data });

  for (const [what, change] of Object.entries(invalid))
    it(`refuses all of a request of which one permission ${what}`, async () => {
      const good = await wanted();
      const error = await refusedUnseen([good, change(await wanted())]);
      expect(error.code).to.equal(-32602);
      expect(isRefusal(error.cause), String(error.cause)).to.equal(true);
      expect(error.data).to.have.property("code", (error.cause as Refusal).code);
    });

  it("says which permission it is and what is wrong, and never what the site wrote", async () => {
    const one = await wanted();
    const faults: [Loose, string][] = [
      [with_(one, { type: "<script>" }), "Permission 2 has an unknown type."],
      [{ ...one, rules: [rule("<script>", {})] }, "Permission 2 has an unknown rule."],
      [withData(one, { justification: 5 }), "A justification is not a string."],
    ];
    for (const [bad, expected] of faults) {
      const { message, data } = await refusedUnseen([one, bad]);
      expect(message).to.equal(expected);
      expect(JSON.stringify({ message, data })).not.to.contain("script");
    }
  });

  it("reads no more of a request than a permission can have", async () => {
    let reads = 0;
    const wide = new Proxy([], {
      get: (_, name) => {
        reads++;
        return name === "length" ? 2 ** 32 - 1 : 1;
      },
    });
    const deep = () =>
      Object.defineProperty({}, "more", {
        enumerable: true,
        get() {
          reads++;
          return deep();
        },
      });
    for (const [more, most] of [
      [wide, 2_010],
      [deep(), 10],
    ] as const) {
      reads = 0;
      expect((await refusedUnseen([withData(await wanted(), { more })])).code).to.equal(-32602);
      expect(reads).to.be.within(2, most);
    }
  });

  it("refuses what is not a list of permissions", async () => {
    const one = await wanted();
    for (const params of [
      undefined,
      null,
      {},
      one,
      "[]",
      [],
      [[one]],
      { 0: one, length: 1 },
      new Proxy([], throwing),
    ])
      expect((await refusedUnseen(params)).code).to.equal(-32602);
  });

  const throwing: ProxyHandler<never[]> = {
    get() {
      throw new TypeError("not for you");
    },
  };

  it("grants eight permissions of one request, and refuses nine, or ten thousand, unread", async () => {
    const one = await wanted();
    const listOf = (length: number) => Array(length).fill(one);
    const unread = new Proxy(listOf(9), {
      get: (list, name) =>
        name === "length" ? list.length : expect.fail(`${String(name)} of the request was read`),
    });
    for (const params of [listOf(9), listOf(10_000), new Array(2 ** 32 - 1), unread]) {
      const error = await refusedUnseen(params);
      expect(error.code).to.equal(5740);
      expect(error.data).to.deep.equal({ most: 8 });
    }
    const site = open();
    expect(await requested(site, listOf(8))).to.have.length(8);
    expect(site.log.shown).to.have.length(1);
  });

  it("refuses permissions on another chain, or from another account, without saying which account it has", async () => {
    const one = await wanted();
    const elsewhere = await refusedUnseen([one, { ...one, chainId: "0x1" }]);
    expect(elsewhere.code).to.equal(5710);
    const foreign = await refusedUnseen([one, { ...one, from: shop }]);
    expect(foreign.code).to.equal(4100);
    for (const { message, data } of [elsewhere, foreign])
      expect(JSON.stringify({ message, data }).toLowerCase()).not.to.contain(
        world().safe.address.slice(2).toLowerCase(),
      );
    expect(await requested(open(), [{ ...one, from: world().safe.address }])).to.have.length(1);
  });

  it("refuses while the account cannot grant, and says what its owner has to do", async () => {
    const params = [await wanted()];
    const undeployed = await refusedUnseen(params, { account: shop });
    const bare = await createSafe(world().env, { version: "1.4.1", owner: ecdsaOwner("bob") });
    const without = await refusedUnseen(params, { account: bare.address });
    const nowhere = await refusedUnseen(params, { module: stranger.address });
    for (const { code } of [undeployed, without, nowhere]) expect(code).to.equal(-32002);
    expect(undeployed.message).to.contain("has to deploy it");
    expect(without.message).to.contain("has to install it");
    expect(nowhere.message).to.contain("is not on this chain");
    for (const { message, data } of [undeployed, without])
      expect(JSON.stringify({ message, data })).not.to.match(/0x[0-9a-f]{40}/i);
  });

  it("is not for an account of another kind than it was told", async () => {
    const error = await refusedUnseen([await wanted()], { accountKind: "nexus" });
    expect(error.code).to.equal(-32002);
  });

  it("may be asked again if the node was not reached, which the site learns nothing of", async () => {
    const unreachable = createPublicClient({
      chain: base,
      transport: http("http://127.0.0.1:1/secret-key", { retryCount: 0 }),
    });
    const { code, message, data, cause } = await refusedUnseen([await wanted()], { client: unreachable });
    expect({ code, message, data }).to.deep.equal({
      code: -32603,
      message: "The wallet could not answer.",
      data: undefined,
    });
    expect(isRefusal(cause, "NETWORK")).to.equal(true);
  });

  it("does not call a token unknown while the node cannot be reached", async () => {
    const { provider } = world().env.connection;
    const failing = createPublicClient({
      chain: base,
      transport: custom(
        {
          async request(request: Loose) {
            if (request.method === "eth_call" && isAddressEqual(request.params[0].to, shop))
              throw new HttpRequestError({ url: "http://127.0.0.1:1" });
            return provider.request(request);
          },
        },
        { retryCount: 0 },
      ),
    });
    const params = [withData(await wanted(), { tokenAddress: shop })];
    expect((await refusedUnseen(params)).code).to.equal(-32602);
    expect((await refusedUnseen(params, { client: failing })).code).to.equal(-32603);
  });

  it("reads each value once: what the owner is shown is what is granted", async () => {
    const reads: string[] = [];
    const others: Record<string, unknown> = {
      to: stranger.address,
      allowanceAmount: "0xffffff",
      tokenAddress: addressOf(9),
      timestamp: 2 ** 46,
      isAdjustmentAllowed: true,
      addresses: [stranger.address],
    };
    const seen = new Set<string>();
    const twoFaced = (value: unknown, path: string): unknown =>
      typeof value !== "object" || value === null
        ? value
        : new Proxy(value, {
            get(target, name) {
              const at = `${path}.${String(name)}`;
              const isMember = Object.hasOwn(target, name) && name !== "length";
              if (isMember && seen.has(at)) {
                reads.push(at);
                if (String(name) in others) return others[String(name)];
              }
              seen.add(at);
              return twoFaced(Reflect.get(target, name), at);
            },
          });
    const one = await wanted();
    const params = [{ ...one, rules: [...one.rules, rule("payee", { addresses: [shop] })] }];
    const site = open();
    const [answer] = await requested(site, twoFaced(params, ""));
    expect(reads).to.deep.equal([]);
    expect(answer.to).to.equal(agent.address);
    const [{ review } = expect.fail("nothing was shown")] = site.log.shown[0] ?? [];
    expect(review.key).to.equal(agent.address);
    expect(review.budgets[0]).to.deep.include({ perPeriod: 100n, recipients: [shop] });
    // Such a reader would have been noticed.
    const [naive] = twoFaced(params, "again") as Loose[];
    expect([naive.to, naive.to]).to.deep.equal([agent.address, stranger.address]);
  });

  it("takes members from the request itself, not from what it inherits", async () => {
    const inheriting = Object.assign(Object.create({ from: shop }), await wanted());
    expect(await requested(open(), [inheriting])).to.have.length(1);
  });

  it("shows a site's reason, cut and marked if it is too long, and answers with what it has shown", async () => {
    const reasons: [unknown, unknown][] = [
      ["Rent.", { text: "Rent.", isCut: false }],
      ["r".repeat(1_000), { text: "r".repeat(1_000), isCut: false }],
      ["r".repeat(1_001), { text: `${"r".repeat(999)}…`, isCut: true }],
      ["🦊".repeat(1_000), { text: "🦊".repeat(1_000), isCut: false }],
      ["🦊".repeat(5_000_000), { text: `${"🦊".repeat(999)}…`, isCut: true }],
      ["\ud83e.", { text: "\ufffd.", isCut: false }],
      [" \n ", undefined],
      ["", undefined],
      [null, undefined],
      [undefined, undefined],
    ];
    for (const [justification, shown] of reasons) {
      const site = open();
      const [{ permission }] = await requested(site, [withData(await wanted(), { justification })]);
      expect(site.log.shown[0]?.[0]?.justification).to.deep.equal(shown);
      expect(permission.data.justification).to.equal((shown as Loose)?.text);
    }
  });

  describe("of what an owner grants", () => {
    const changed =
      (change: (session: Session) => Partial<Session>, more: (proposal: Proposal) => object = () => ({})) =>
      (permissions: readonly PermissionToReview[]) =>
        Promise.all(
          permissions.map(({ proposal }, index) =>
            // Only the last: the others are granted as they were shown.
            signGrant(
              owner,
              index === permissions.length - 1
                ? {
                    ...proposal,
                    session: { ...proposal.session, ...change(proposal.session) },
                    ...more(proposal),
                  }
                : proposal,
            ),
          ),
        );
    const budget = (change: Partial<Session["budgets"][number]>) => (session: Session) => ({
      budgets: session.budgets.map((one) => ({ ...one, ...change })),
    });

    const wrong: Record<string, PermissionProviderParameters["grant"]> = {
      "a higher amount": changed(budget({ perPeriod: 101n })),
      "a later end": changed(({ validUntil }) => ({ validUntil: validUntil + 1 })),
      "an earlier start": changed(({ validAfter }) => ({ validAfter: validAfter - 1 })),
      "another token": changed(budget({ token: addressOf(9) })),
      "another key": changed(() => ({ key: shop })),
      "another recipient": changed(budget({ recipients: [shop, stranger.address] })),
      "payments by signature": changed(budget({ signatures: 1, sizes: 1 })),
      "gas that was not requested": changed(() => ({ gasAllowance: 1n })),
      "a call that was not requested": changed(() => ({
        actions: [{ target: stranger.address, selector: "0x12345678", rules: [] }],
      })),
      "another session's salt": changed(({ salt }) => ({ salt: salt + 1n })),
      "another epoch": changed(({ epoch }) => ({ epoch: epoch + 1n })),
      "another chain's grant": changed(
        () => ({}),
        () => ({ chainId: 1 }),
      ),
      "another module's grant": changed(
        () => ({}),
        () => ({ module: stranger.address }),
      ),
      "one grant too few": async (permissions) => (await signAll(permissions)).slice(1),
      "the grants in another order": async (permissions) => (await signAll(permissions)).reverse(),
      "something else": async () => ({}) as never,
      nothing: async (permissions) => permissions.map(() => undefined) as never,
      "a stranger's signature": (permissions) =>
        Promise.all(permissions.map(({ proposal }) => signGrant(stranger, proposal))),
      "no signature, of what is not enabled": async (permissions) =>
        (await signAll(permissions)).map((grant) => ({ ...grant, signature: "0x" as const })),
      "an error of the wallet": () => Promise.reject(new Error("secret")),
    };
    for (const [what, grant] of Object.entries(wrong))
      it(`gives a site nothing for ${what}`, async () => {
        const one = await wanted();
        const params = [one, { ...one, rules: [...one.rules, rule("payee", { addresses: [shop] })] }];
        const site = open({ grant });
        const { code, message, data } = await errorOf(requested(site, params));
        expect({ code, message, data }).to.deep.equal({
          code: -32003,
          message: "The owner was asked, but the request failed.",
          data: undefined,
        });
        expect(site.log.shown).to.have.length(1);
        expect(await kept.list()).to.deep.equal([]);
      });

    it("gives a site nothing for a stranger's signature on what starts later", async () => {
      const later = withData(await wanted(), { startTime: (await now()) + 600 });
      const strangers = open({ grant: wrong["a stranger's signature"] as never });
      expect((await errorOf(requested(strangers, [later]))).code).to.equal(-32003);
      expect(await requested(open(), [later])).to.have.length(1);
    });

    it("takes less where the request allows changes, and nowhere else", async () => {
      const grant = changed(budget({ perTransaction: 40n, perPeriod: 40n }));
      const fixed = with_(await wanted(), { isAdjustmentAllowed: false });
      expect((await errorOf(requested(open({ grant }), [fixed]))).code).to.equal(-32003);
      expect(await requested(open(), [fixed])).to.have.length(1);
      const [lowered] = await requested(open({ grant }), [await wanted()]);
      expect(lowered.permission.data.allowanceAmount).to.equal("0x28");
    });

    it("does not let a wallet's own changes of what it was shown widen what it may grant", async () => {
      const grant = (permissions: readonly Loose[]) => {
        for (const { proposal, permission } of permissions) {
          proposal.session.budgets[0].perPeriod = 200n;
          permission.permission.isAdjustmentAllowed = true;
        }
        return signAll(permissions);
      };
      expect((await errorOf(requested(open({ grant }), [await wanted()]))).code).to.equal(-32003);
    });

    it("gives a site nothing if the grants cannot be kept", async () => {
      const store: PermissionStore = { ...kept, add: () => Promise.reject(new Error("the disk is full")) };
      expect((await errorOf(requested(open({ store }), [await wanted()]))).code).to.equal(-32003);
    });

    it("is told apart: the owner declined", async () => {
      const declining: PermissionProviderParameters["grant"][] = [
        async () => undefined,
        () => Promise.reject(new UserRejectedRequestError(new Error("no"))),
        () => Promise.reject(Object.assign(new Error("no"), { code: 4001 })),
        () => Promise.reject(new Error("around", { cause: { code: 4001 } })),
        () =>
          Promise.reject(new Refusal({ code: "NOT_SIGNED", shortMessage: "No.", metaMessages: ["Stop."] })),
        () => Promise.reject(new Refusal({ code: "DECLINED", shortMessage: "No.", metaMessages: ["Stop."] })),
      ];
      for (const grant of declining) {
        const error = await errorOf(requested(open({ grant }), [await wanted()]));
        expect({ code: error.code, message: error.message }).to.deep.equal({
          code: 4001,
          message: "The owner declined.",
        });
      }
      expect(await kept.list()).to.deep.equal([]);
    });

    it("is asked for once, whatever comes of it, by a client that repeats what fails", async () => {
      const outcomes: PermissionProviderParameters["grant"][] = [
        async () => undefined,
        () => Promise.reject(new Error("broken")),
        async () => [],
      ];
      for (const grant of outcomes) {
        const site = open({ grant });
        const repeating = createWalletClient({ transport: custom(site.provider, { retryDelay: 1 }) });
        const attempt = repeating.request({
          method: "wallet_requestExecutionPermissions",
          params: [await wanted()],
        } as never);
        await attempt.then(
          () => expect.fail("it was granted"),
          () => {},
        );
        expect(site.log.shown).to.have.length(1);
      }
    });

    it("is asked one question at a time", async () => {
      let decide: (answer: undefined) => void = () => {};
      const decision = new Promise<undefined>((resolve) => {
        decide = resolve;
      });
      let asked: () => void = () => {};
      const isAsked = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const site = open({
        grant() {
          asked();
          return decision;
        },
      });
      const first = errorOf(requested(site, [await wanted()]));
      await isAsked;
      expect((await errorOf(requested(site, [await wanted()]))).code).to.equal(-32002);
      expect((await errorOf(site.revoke("0x"))).code).to.equal(-32002);
      decide(undefined);
      expect((await first).code).to.equal(4001);
      expect((await errorOf(requested(site, [await wanted()]))).code).to.equal(4001);
    });
  });

  describe("asked to revoke", () => {
    /** The grants that the owner was asked to revoke. */
    const openRevoking = (changes: Partial<PermissionProviderParameters> = {}) => {
      const asked: Grant[] = [];
      const site = open({
        async revoke(grant) {
          asked.push(grant);
          await mined(world(), revokeSession(walletOf(world(), owner), { grant }));
        },
        ...changes,
      });
      return { site, asked };
    };
    const contextOf = (grant: Grant) => encodePermissionContext({ grant });

    it("refuses every context that the account did not grant, without asking the owner", async () => {
      const { site, asked } = openRevoking();
      const grant = await grantOf(world());
      const foreign = { ...grant.session, account: stranger.address };
      const signed = await signExecution(agent, {
        grant,
        calls: [{ to: shop, value: 1n, data: "0x" }] as never,
        caller: ANYONE,
        deadline: (await now()) + 60,
      });
      const bad: unknown[] = [
        undefined,
        null,
        5,
        "",
        "0x",
        "0x12345",
        "context",
        `0x${"00".repeat(200_000)}`,
        contextOf({ ...grant, session: foreign }),
        contextOf({ ...grant, signature: "0x" }),
        contextOf({ ...grant, session: { ...grant.session, salt: 99n } }),
        contextOf({ ...grant, signature: (await grantOf(world(), {}, stranger)).signature }),
        encodePermissionContext({ grant, signed }),
      ];
      for (const context of bad) {
        const error = await errorOf(site.revoke(context));
        expect(error.code).to.equal(-32602);
        expect(error.data).to.have.property("code", "INVALID_CONTEXT");
      }
      for (const params of [
        undefined,
        null,
        [],
        [{ permissionContext: contextOf(grant) }, {}],
        new Proxy([], throwing),
      ])
        expect(
          (await errorOf(site.provider.request({ method: "wallet_revokeExecutionPermission", params }))).code,
        ).to.equal(-32602);
      expect(asked).to.deep.equal([]);
      // Nor is it that all are refused.
      expect(await site.revoke(contextOf(grant))).to.deep.equal({});
      expect(asked.map(({ session }) => session)).to.deep.equal([grant.session]);
    });

    it("asks nobody about what can no longer be used", async () => {
      const { site, asked } = openRevoking();
      const [revoked, over] = [await grantOf(world()), await grantOf(world(), { until: "1h" })];
      await site.revoke(contextOf(revoked));
      await site.revoke(contextOf(revoked));
      await world().env.connection.networkHelpers.time.increase(7_200);
      await world().env.connection.networkHelpers.mine();
      await site.revoke(contextOf(over));
      expect(asked).to.have.length(1);
    });

    it("says so if the owner declines, or the chain has no revocation", async () => {
      const context = contextOf(await grantOf(world()));
      const declined = openRevoking({ revoke: () => Promise.reject({ code: 4001 }) });
      expect((await errorOf(declined.site.revoke(context))).code).to.equal(4001);
      const impatient = createPublicClient({
        chain: base,
        transport: custom(world().env.connection.provider),
        pollingInterval: 1,
      });
      const idle = openRevoking({ client: impatient, revoke: async () => {} });
      const { code, message } = await errorOf(idle.site.revoke(context));
      expect({ code, message }).to.deep.equal({
        code: -32003,
        message: "The revocation is not on the chain.",
      });
      const broken = openRevoking({ revoke: () => Promise.reject(new Error("secret")) });
      expect((await errorOf(broken.site.revoke(context))).code).to.equal(-32003);
    });

    it("waits for a node that lags behind", async () => {
      const grant = await grantOf(world());
      const client = createPublicClient({
        chain: base,
        transport: custom(world().env.connection.provider),
        pollingInterval: 50,
      });
      const { site } = openRevoking({
        client,
        async revoke() {
          setTimeout(() => void revokeSession(walletOf(world(), owner), { grant }), 100);
        },
      });
      expect(await site.revoke(contextOf(grant))).to.deep.equal({});
    });
  });

  it("lists what its store has of the account on this chain, and nothing of others", async () => {
    const [own] = await requested(open(), [await wanted()]);
    const store: PermissionStore = {
      ...kept,
      list: async () => [
        own,
        { ...own, chainId: "0x1" },
        { ...own, from: shop },
        { ...own, delegationManager: shop },
      ],
    };
    const listed = await open({ store }).provider.request({
      method: "wallet_getGrantedExecutionPermissions",
    });
    expect(listed).to.deep.equal([own]);
  });

  it("keeps each site's permissions apart, if each has a provider with its own store", async () => {
    const [one, other] = [memoryPermissionStore(), memoryPermissionStore()];
    await requested(open({ store: one }), [await wanted()]);
    const method = "wallet_getGrantedExecutionPermissions";
    expect(await open({ store: one }).provider.request({ method })).to.have.length(1);
    expect(await open({ store: other }).provider.request({ method })).to.have.length(0);
  });
});
