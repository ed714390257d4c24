import { isRefusal, safeSessionModuleAddress } from "@latchkey/sdk";
import { encodeSession } from "@latchkey/sdk/encoding";
import { type HandoffRequest, handoffCode, parseHandoffRequest, replacedGrant } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { zeroAddress } from "viem";
import { account, addressOf, changed, fullAnswer, fullRequest, shop } from "./requests.ts";

const old = fullAnswer().grant.session;
const module = safeSessionModuleAddress();

/** A request that replaces a session, with whatever a test makes of it. */
const replacing = (part: Partial<HandoffRequest["replaces"]> = {}): HandoffRequest =>
  changed(fullRequest, (request) => {
    Object.assign(request, { replaces: { module, session: encodeSession(old), signature: "0x", ...part } });
    for (const permission of request.permissions) permission.from = account;
  });

const parse = (request: unknown) => parseHandoffRequest(JSON.stringify(request));

function faultOf(request: unknown): string {
  try {
    parse(request);
  } catch (error) {
    if (isRefusal(error, "INVALID_REQUEST")) return error.shortMessage;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a request that replaces a session", () => {
  it("carries that session, of the same key, account and chain", () => {
    const request = parse(replacing());
    expect(request).to.deep.equal(replacing());
    expect(replacedGrant(request)).to.deep.equal({
      version: 1,
      chainId: 8453,
      module,
      session: old,
      signature: "0x",
    });
    expect(replacedGrant(fullRequest)).to.equal(undefined);
    expect(parse(replacing({ signature: "0x1234" })).replaces?.signature).to.equal("0x1234");
  });

  it("has another code than one that replaces nothing, or another session", () => {
    const others = [
      changed(replacing(), (request) => {
        delete request.replaces;
      }),
      replacing({ session: encodeSession({ ...old, salt: old.salt + 1n }) }),
      replacing({ signature: "0x12" }),
      replacing({ module: shop }),
    ];
    expect(new Set([replacing(), ...others].map(handoffCode))).to.have.length(5);
  });

  const hostile: Record<string, [unknown, RegExp]> = {
    "of another key": [
      replacing({ session: encodeSession({ ...old, key: addressOf("another agent") }) }),
      /another key/,
    ],
    "of another account": [
      replacing({ session: encodeSession({ ...old, account: shop }) }),
      /another account/,
    ],
    "of an account that it does not name": [
      changed(replacing(), (request) => {
        for (const permission of request.permissions) delete permission.from;
      }),
      /names no account/,
    ],
    "of no bytes": [replacing({ session: "0x" }), /cannot be read/],
    "of too few bytes": [replacing({ session: encodeSession(old).slice(0, -2) as "0x" }), /cannot be read/],
    "of too many bytes": [replacing({ session: `${encodeSession(old)}00` }), /cannot be read/],
    "with a part left out": [
      replacing({ session: encodeSession(old, { budgets: [], actions: true }) }),
      /cannot be read/,
    ],
    "that no module would accept": [
      replacing({ session: encodeSession({ ...old, validUntil: old.validAfter }) }),
      /cannot be read/,
    ],
    "that names its module": [replacing({ module: old.budgets[0]?.token ?? zeroAddress }), /cannot be read/],
    "of no module": [replacing({ module: "0x12" }), /malformed/],
    "with a member that no session has": [
      changed(replacing(), ({ replaces }) => Object.assign(replaces ?? {}, { chainId: 1 })),
      /malformed/,
    ],
    "without a signature": [replacing({ signature: undefined as never }), /malformed/],
    "by ERC-7715, whose answers name no transaction": [{ ...replacing(), answer: "erc7715" }, /ERC-7715/],
    "of two": [{ ...replacing(), replaces: [replacing().replaces] }, /malformed/],
  };
  for (const [what, [request, reason]] of Object.entries(hostile))
    it(`is rejected if the session is one ${what}`, () => {
      expect(faultOf(request)).to.match(reason);
    });
});
