import { ANYONE, hashSession, type Session } from "@latchkey/sdk";
import { decodePermissionContext } from "@latchkey/sdk/encoding";
import {
  type HandoffRequest,
  type PermissionRequest,
  permissionResponse,
  requestedSession,
} from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { maxUint256, numberToHex, zeroAddress } from "viem";
import {
  account,
  agent,
  END,
  fullRequest,
  grantOf,
  latchkeyData,
  NOW,
  otherShop,
  permission,
  shop,
  usdc,
  weth,
} from "./requests.ts";

const requestOf = (...permissions: PermissionRequest[]): HandoffRequest => ({ ...fullRequest, permissions });
const sessionOf = (...permissions: PermissionRequest[]) =>
  requestedSession(requestOf(...permissions), { account, now: NOW, salt: 7n });
const payees = [{ type: "payee", data: { addresses: [shop, otherShop] } }];

/** One of each token type; as granted, all fields are written out. */
const tokenPermissions = ["native-token", "erc20-token"].flatMap((kind) => {
  const token = kind === "native-token" ? {} : { tokenAddress: usdc };
  return [
    permission(`${kind}-allowance`, { ...token, allowanceAmount: "0x64", startTime: NOW }, payees),
    permission(
      `${kind}-periodic`,
      { ...token, periodAmount: "0x64", periodDuration: 3600, startTime: NOW, justification: "Rent." },
      payees,
    ),
    permission(
      `${kind}-stream`,
      { ...token, initialAmount: "0x5", maxAmount: "0x64", amountPerSecond: "0x2", startTime: NOW },
      payees,
    ),
  ];
});

/** A session with its only budget changed. */
const lowered = (
  session: Session,
  change: Partial<Session["budgets"][number]>,
  own: Partial<Session> = {},
) => ({
  ...session,
  ...own,
  budgets: session.budgets.map((budget) => ({ ...budget, ...change })),
});

describe("an ERC-7715 answer", () => {
  for (const asked of tokenPermissions)
    it(`repeats a permission of type ${asked.permission.type} that was granted as requested`, () => {
      const grant = grantOf(sessionOf(asked));
      const answer = permissionResponse(asked, grant);
      expect(answer).to.deep.equal({
        ...asked,
        from: account,
        context: answer.context,
        dependencies: [],
        delegationManager: grant.module,
      });
      const { id, signature } = decodePermissionContext(answer.context);
      expect(id).to.equal(hashSession(grant.session));
      expect(signature).to.equal(grant.signature);
    });

  for (const asked of [
    ...tokenPermissions,
    permission("latchkey-session", latchkeyData as Record<string, unknown>),
  ])
    it(`says what the owner of a ${asked.permission.type} has lowered, so that it asks for the granted session`, () => {
      const requested = sessionOf(asked);
      const stream = asked.permission.type.endsWith("-stream");
      const granted = lowered(
        requested,
        {
          ...(asked.permission.type === "latchkey-session" ? {} : { perTransaction: 40n, perPeriod: 40n }),
          recipients: [shop],
          ...(stream ? { initial: 1n, perSecond: 1n } : {}),
        },
        { validUntil: END - 60, validAfter: asked.permission.type === "latchkey-session" ? NOW : NOW + 60 },
      );
      const span = granted.validUntil - granted.validAfter;
      if (/allowance|stream/.test(asked.permission.type))
        granted.budgets = granted.budgets.map((budget) => ({ ...budget, period: span }));
      const {
        context: _,
        dependencies: __,
        delegationManager: ___,
        ...answered
      } = permissionResponse(asked, grantOf(granted));
      const again = requestedSession(requestOf(answered), { account, now: granted.validAfter, salt: 7n });
      expect(again).to.deep.equal(granted);
    });

  it("names the start and the amounts that the request left open", () => {
    const asked = permission("erc20-token-stream", {
      tokenAddress: usdc,
      maxAmount: numberToHex(maxUint256),
      amountPerSecond: "0x2",
    });
    expect(permissionResponse(asked, grantOf(sessionOf(asked))).permission.data).to.deep.equal({
      tokenAddress: usdc,
      maxAmount: numberToHex(maxUint256),
      initialAmount: "0x0",
      amountPerSecond: "0x2",
      startTime: NOW,
    });
  });

  it("never says more than the session allows, where only the limit per payment was lowered", () => {
    const [asked] = tokenPermissions.slice(4);
    if (!asked) throw new Error("no permission");
    const granted = lowered(sessionOf(asked), { perTransaction: 10n });
    expect(permissionResponse(asked, grantOf(granted)).permission.data.periodAmount).to.equal("0xa");
  });

  it("has the budget of its own token, when several permissions became one session", () => {
    const [one, other] = [
      permission("erc20-token-allowance", { tokenAddress: weth, allowanceAmount: "0x7" }, payees),
      permission("native-token-allowance", { allowanceAmount: "0x9" }),
    ];
    const grant = grantOf(sessionOf(one, other));
    expect(permissionResponse(one, grant).permission.data.allowanceAmount).to.equal("0x7");
    const native = permissionResponse(other, grant);
    expect(native.permission.data.allowanceAmount).to.equal("0x9");
    expect(native.rules?.map(({ type }) => type)).to.deep.equal(["expiry"]);
    expect(native.context).to.equal(permissionResponse(one, grant).context);
  });

  it("keeps the rule of redeemers, and adds one of payees where an owner named some", () => {
    const redeemer = { type: "redeemer", data: { addresses: [agent] } };
    const asked = permission("native-token-allowance", { allowanceAmount: "0x9" }, [redeemer]);
    const requested = sessionOf(asked);
    expect(requested.budgets[0]?.recipients).to.deep.equal([ANYONE]);
    expect(
      permissionResponse(asked, grantOf(lowered(requested, { recipients: [shop] }))).rules,
    ).to.deep.equal([
      redeemer,
      { type: "expiry", data: { timestamp: END } },
      { type: "payee", data: { addresses: [shop] } },
    ]);
  });

  it("is refused for a grant of something else", () => {
    const asked = permission("native-token-allowance", { allowanceAmount: "0x9" });
    const grant = grantOf(sessionOf(asked));
    for (const foreign of [
      { ...asked, chainId: "0x1" as const },
      { ...asked, to: shop },
      { ...asked, from: shop },
      permission("erc20-token-allowance", { tokenAddress: usdc, allowanceAmount: "0x9" }),
    ])
      expect(() => permissionResponse(foreign, grant))
        .to.throw()
        .with.property("code", "INVALID_GRANT");
    for (const type of ["erc20-token-revocation", "toString", "__proto__"])
      expect(() => permissionResponse(permission(type, { tokenAddress: zeroAddress }), grant))
        .to.throw()
        .with.property("code", "INVALID_REQUEST");
  });
});
