import {
  erc7579SessionModuleAddress,
  isRefusal,
  type Session,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import { encodePermissionContext } from "@latchkey/sdk/encoding";
import {
  type GrantedAnswer,
  type HandoffRequest,
  type PermissionRequest,
  type PermissionResponse,
  parseHandoffAnswer,
  requestedSession,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { type Address, concat, encodeFunctionData, type Hex, parseAbi } from "viem";
import {
  account,
  addressOf,
  changed,
  END,
  grantOf,
  latchkeyData,
  NOW,
  permission,
  router,
  shop,
  usdc,
  weth,
} from "./requests.ts";

const periodic = permission(
  "erc20-token-periodic",
  { tokenAddress: usdc, periodAmount: "0x4c4b40", periodDuration: 86_400 },
  [{ type: "payee", data: { addresses: [shop] } }],
);
const stream = permission("native-token-stream", { amountPerSecond: "0x5", initialAmount: "0xa" });

const requestFor = (...permissions: PermissionRequest[]): HandoffRequest => ({
  version: 1,
  name: "Research Bot",
  nonce: "0x00112233445566778899aabbccddeeff",
  answer: "erc7715",
  permissions,
});
const both = requestFor(periodic, stream);

const sessionOf = (request: HandoffRequest, change: Partial<Session> = {}): Session => ({
  ...requestedSession(request, { account, now: NOW, salt: 7n }),
  ...change,
});
const granted = (
  request: HandoffRequest,
  session = sessionOf(request),
  transactions: GrantedAnswer["transactions"] = [],
): GrantedAnswer => ({
  version: 1,
  nonce: request.nonce,
  status: "granted",
  grant: grantOf(session),
  transactions,
});
const responsesTo = (request = both, answer = granted(request)): PermissionResponse[] =>
  JSON.parse(serializeHandoffAnswer(answer, request));
const read = (responses: unknown, request = both) => parseHandoffAnswer(JSON.stringify(responses), request);

/** Why an answer is refused; fails where it is taken. */
function refusalOf(responses: unknown, request = both): string {
  try {
    read(responses, request);
  } catch (error) {
    if (isRefusal(error, "INVALID_ANSWER")) return error.shortMessage;
    throw error;
  }
  throw new Error("it was taken");
}

/** Both responses, changed in the same way. */
const each = (change: (response: Record<string, unknown>) => void, of = responsesTo()) =>
  of.map((response) => changed(response as unknown as Record<string, unknown>, change));
/** The context of another session in both responses, which say what was asked. */
const withContext = (context: Hex) => each((response) => Object.assign(response, { context }));
const contextOf = (change: Partial<Session>) =>
  encodePermissionContext({ grant: grantOf(sessionOf(both, change)) });
const budgetsWith = (change: Partial<Session["budgets"][number]>) => {
  const [first, ...others] = sessionOf(both).budgets;
  return [{ ...(first as Session["budgets"][number]), ...change }, ...others];
};

describe("ERC-7715's answer to a request", () => {
  it("is the array of responses and nothing else, one for each permission, with the context of one session", () => {
    const responses = responsesTo();
    expect(responses).to.have.length(2);
    for (const [index, response] of responses.entries()) {
      expect(Object.keys(response).sort()).to.deep.equal(
        [
          "chainId",
          "context",
          "delegationManager",
          "dependencies",
          "from",
          "permission",
          "rules",
          "to",
        ].sort(),
      );
      expect(response).to.include({
        chainId: "0x2105",
        from: account,
        context: contextOf({}),
        delegationManager: safeSessionModuleAddress(),
      });
      expect(response.dependencies).to.deep.equal([]);
      expect(response.permission.type).to.equal(both.permissions[index]?.permission.type);
    }
  });

  it("is read as the grant that it stands for", () => {
    expect(read(responsesTo())).to.deep.equal(granted(both));
  });

  for (const [type, data] of Object.entries({
    "native-token-allowance": { allowanceAmount: "0x5" },
    "native-token-periodic": { periodAmount: "0x5", periodDuration: 3600 },
    "native-token-stream": { amountPerSecond: "0x5", maxAmount: "0x64", startTime: NOW + 60 },
    "erc20-token-allowance": { tokenAddress: usdc, allowanceAmount: "0x5", startTime: NOW + 60 },
    "erc20-token-periodic": { tokenAddress: usdc, periodAmount: "0x5", periodDuration: 3600 },
    "erc20-token-stream": { tokenAddress: usdc, amountPerSecond: "0x5" },
    "latchkey-session": latchkeyData as Record<string, unknown>,
  }))
    it(`is read for ${type}`, () => {
      const request = requestFor(permission(type, data));
      expect(read(responsesTo(request), request)).to.deep.equal(granted(request));
    });

  it("is read for a session and a permission of another token together", () => {
    const request = requestFor(
      permission("latchkey-session", latchkeyData as Record<string, unknown>),
      stream,
    );
    expect(read(responsesTo(request), request)).to.deep.equal(granted(request));
  });

  it("names what must be mined first as dependencies, which are read as the answer's transactions", () => {
    const to: Address = "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67";
    const data = encodeFunctionData({
      abi: parseAbi([
        "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
      ]),
      args: [router, "0x1234", 0n],
    });
    const answer = granted(both, sessionOf(both), [{ to, data, value: "0x0" }]);
    const responses = responsesTo(both, answer);
    for (const { dependencies } of responses)
      expect(dependencies).to.deep.equal([{ factory: to, factoryData: data }]);
    expect(read(responses)).to.deep.equal(answer);
    const elsewhere = each((response) =>
      Object.assign(response, { dependencies: [{ factory: usdc, factoryData: data }] }),
    );
    expect(refusalOf(elsewhere)).to.match(/neither creates a Safe nor/);
  });

  it("may come from an ERC-7579 account, whose kind the reader knows", () => {
    const module = erc7579SessionModuleAddress();
    const answer = { ...granted(both), grant: { ...granted(both).grant, module } };
    const text = serializeHandoffAnswer(answer, both);
    expect(parseHandoffAnswer(text, both, { accountKind: "nexus" })).to.deep.equal({
      ...answer,
      grant: { ...answer.grant, accountKind: "nexus" },
    });
  });

  it("says what the owner lowered", () => {
    const session = sessionOf(both, {
      validUntil: END - 3600,
      budgets: budgetsWith({ perTransaction: 1_000_000n, perPeriod: 1_000_000n }),
    });
    const responses = responsesTo(both, granted(both, session));
    expect(responses[0]?.permission.data).to.deep.include({ periodAmount: "0xf4240" });
    for (const { rules } of responses)
      expect(rules).to.deep.include({ type: "expiry", data: { timestamp: END - 3600 } });
    expect(read(responses)).to.deep.equal(granted(both, session));
  });

  it("may say less only where every permission may be adjusted", () => {
    const fixed = requestFor(
      periodic,
      changed(stream, (copy) => {
        copy.permission.isAdjustmentAllowed = false;
      }),
    );
    const session = sessionOf(fixed, { validUntil: END - 1 });
    expect(read(responsesTo(fixed), fixed)).to.deep.equal(granted(fixed));
    expect(refusalOf(responsesTo(fixed, granted(fixed, session)), fixed)).to.match(/allows no changes/);
  });

  it("is EIP-1193's error 4001 if the owner declines", () => {
    const declined = { version: 1, nonce: both.nonce, status: "declined" } as const;
    const text = serializeHandoffAnswer(declined, both);
    expect(JSON.parse(text)).to.deep.equal({ code: 4001, message: "The owner declined the request." });
    expect(parseHandoffAnswer(text, both)).to.deep.equal(declined);
    expect(refusalOf({ code: 4100, message: "Unauthorized" })).to.match(/malformed/);
  });

  it("is not taken in another form than the request names", () => {
    const answer = granted(both);
    expect(refusalOf(JSON.parse(serializeHandoffAnswer(answer, { ...both, answer: undefined })))).to.match(
      /malformed/,
    );
    expect(refusalOf(responsesTo(), { ...both, answer: undefined })).to.match(/malformed/);
  });

  describe("is refused", () => {
    const own = contextOf({});
    const execution = {
      calls: [{ target: usdc, value: 0n, data: "0x" }],
      caller: shop,
      nonce: 1n,
      deadline: END,
      keySignature: `0x${"11".repeat(65)}`,
    } as const;
    const cases: { [name: string]: [unknown, RegExp] } = {
      "for another key": [
        withContext(contextOf({ key: addressOf("a thief") })),
        /more than its context|another key/,
      ],
      "for another key that it also names": [
        each((response) => Object.assign(response, { to: addressOf("a thief") })),
        /not to permission 1/,
      ],
      "for another chain": [
        each((response) => Object.assign(response, { chainId: "0x1" })),
        /not to permission 1/,
      ],
      "for another account than it names": [
        withContext(contextOf({ account: addressOf("another account") })),
        /more than its context/,
      ],
      "for more than was asked for": [
        responsesTo(
          both,
          granted(
            both,
            sessionOf(both, { budgets: budgetsWith({ perTransaction: 5_000_001n, perPeriod: 5_000_001n }) }),
          ),
        ),
        /allows more than was requested/,
      ],
      "for more than was asked for, hidden behind what was asked for": [
        withContext(contextOf({ budgets: budgetsWith({ perPeriod: 5_000_001n }) })),
        /allows more than was requested/,
      ],
      "for other recipients": [
        withContext(contextOf({ budgets: budgetsWith({ recipients: [shop, router] }) })),
        /allows more than was requested/,
      ],
      "for less than it says": [
        withContext(
          contextOf({ budgets: budgetsWith({ perTransaction: 4_999_999n, perPeriod: 4_999_999n }) }),
        ),
        /more than its context/,
      ],
      "for a shorter time than it says": [
        withContext(contextOf({ validUntil: END - 1 })),
        /more than its context/,
      ],
      "with another delegation manager's context": [
        withContext(`0x${"00".repeat(31)}20${"00".repeat(32)}`),
        /context cannot be read/,
      ],
      "with an empty context": [withContext("0x"), /context cannot be read/],
      "with a truncated context": [withContext(own.slice(0, -2) as Hex), /context cannot be read/],
      "with an extended context": [withContext(concat([own, "0x00"])), /context cannot be read/],
      "with a context for one execution": [
        withContext(encodePermissionContext({ grant: grantOf(sessionOf(both)), signed: execution })),
        /context cannot be read/,
      ],
      "with another module": [
        each((response) => Object.assign(response, { delegationManager: addressOf("another module") })),
        /unknown module/,
      ],
      "with an additional response": [[...responsesTo(), responsesTo()[0]], /3 responses/],
      "with a response too few": [responsesTo().slice(0, 1), /1 responses/],
      "without responses": [[], /0 responses/],
      "in another order": [responsesTo().reverse(), /not to permission 1/],
      "with another token": [
        changed(responsesTo(), ([first]) => {
          if (first) first.permission.data.tokenAddress = weth;
        }),
        /not to permission 1/,
      ],
      "with another type": [
        changed(responsesTo(), ([first]) => {
          if (first)
            first.permission = {
              type: "erc20-token-allowance",
              isAdjustmentAllowed: true,
              data: { tokenAddress: usdc, allowanceAmount: "0x1" },
            };
        }),
        /not to permission 1/,
      ],
      "with permissions that are no longer adjustable": [
        changed(responsesTo(), ([first]) => {
          if (first) first.permission.isAdjustmentAllowed = false;
        }),
        /not to permission 1/,
      ],
      "for a later start than it says": [
        changed(responsesTo(), ([first]) => {
          if (first) first.permission.data.startTime = NOW - 86_400;
        }),
        /more than its context/,
      ],
      "with two contexts": [
        changed(responsesTo(), ([first]) => {
          if (first) first.context = contextOf({ salt: 8n });
        }),
        /differ/,
      ],
      "with dependencies of one response alone": [
        changed(responsesTo(), ([first]) => {
          if (first) first.dependencies = [{ factory: usdc, factoryData: "0x" }];
        }),
        /differ/,
      ],
      "with a member that ERC-7715 does not have": [
        each((response) => Object.assign(response, { signerMeta: {} })),
        /malformed/,
      ],
      "with a rule that was not asked for": [
        each((response) => Object.assign(response, { rules: [{ type: "anything", data: {} }] })),
        /permissions cannot be read/,
      ],
    };
    for (const [name, [responses, reason]] of Object.entries(cases))
      it(name, () => {
        expect(refusalOf(responses)).to.match(reason);
      });
  });
});
