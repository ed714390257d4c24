import { ANYONE, GRANT_VERSION, type Grant, hashSession, InvalidInput } from "@latchkey/sdk";
import {
  decodePermissionContext,
  encodePermissionContext,
  encodeSession,
  type SignedExecution,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import { concat, type Hex, isHex, size, slice } from "viem";
import { contextAround } from "../environment/redemption.ts";
import { arbitrarySession } from "./arbitrarySession.ts";
import { address, richSession as session } from "./session/richSession.ts";

const signature: Hex = `0x${"ab".repeat(65)}`;
const grant: Grant = {
  version: GRANT_VERSION,
  chainId: 8453,
  module: address(0x30d),
  accountKind: "safe",
  session,
  signature,
};
/** A payment from the first budget. */
const payment = {
  target: session.budgets[0]?.token as Hex,
  value: 0n,
  data: concat(["0xa9059cbb", `0x${"11".repeat(64)}`]),
};
const signed: SignedExecution = {
  calls: [payment],
  caller: ANYONE,
  nonce: 2n ** 256n - 1n,
  deadline: 2 ** 48 - 1,
  keySignature: `0x${"12".repeat(64)}1b`,
};
const { calls: _, ...terms } = signed;

/** Why it is not a context; undefined where it is one. */
const refusalOf = (context: unknown) => {
  try {
    decodePermissionContext(context as Hex);
  } catch (error) {
    if (error instanceof InvalidInput) return error.code;
    throw error;
  }
  return undefined;
};

describe("a permission context", () => {
  it("carries the session, and the owner's signature unless the session is enabled", () => {
    expect(encodePermissionContext({ grant })).to.equal(
      contextAround(encodeSession(session), { grant: signature }),
    );
    expect(encodePermissionContext({ grant, isEnabled: true })).to.equal(
      contextAround(encodeSession(session)),
    );
    expect(decodePermissionContext(encodePermissionContext({ grant }))).to.deep.equal({
      session,
      id: hashSession(session),
      signature,
      signed: undefined,
    });
  });
  it("carries what the key has signed, and no part of an enabled session that it does not need", () => {
    const whole = encodePermissionContext({ grant, signed });
    expect(whole).to.equal(contextAround(encodeSession(session), { grant: signature, ...terms }));
    expect(decodePermissionContext(whole).signed).to.deep.equal(terms);
    const lean = encodePermissionContext({ grant, signed, isEnabled: true });
    const bytes = encodeSession(session, { budgets: [0], actions: false });
    expect(lean).to.equal(contextAround(bytes, terms));
    expect(decodePermissionContext(lean)).to.deep.include({ id: hashSession(session), signature: "0x" });
  });
  it("is read back, whatever the session", () => {
    fc.assert(
      fc.property(arbitrarySession(), (of) => {
        const context = encodePermissionContext({ grant: { ...grant, session: of } });
        expect(decodePermissionContext(context)).to.deep.equal({
          session: of,
          id: hashSession(of),
          signature,
          signed: undefined,
        });
      }),
      { numRuns: process.env.LATCHKEY_DEEP ? 2000 : 60 },
    );
  });
  it("is refused where it is cut, grown or changed in what the module requires", () => {
    for (const context of [encodePermissionContext({ grant }), encodePermissionContext({ grant, signed })]) {
      expect(refusalOf(context)).to.equal(undefined);
      expect(refusalOf(context.toUpperCase().replace("0X", "0x"))).to.equal(undefined);
      for (let length = size(context) - 1; length > 0; length -= 31)
        expect(refusalOf(slice(context, 0, length)), `${length} bytes`).to.equal("INVALID_CONTEXT");
      for (const more of ["0x00", `0x${"00".repeat(32)}`, context] as Hex[])
        expect(refusalOf(concat([context, more]))).to.equal("INVALID_CONTEXT");
      // The first byte of each word of the head: offsets, caller, nonce and deadline.
      for (const word of [0, 1, 2, 4, 5]) {
        const at = 2 + 64 * word;
        const changed = `${context.slice(0, at)}80${context.slice(at + 2)}`;
        expect(isHex(changed) && refusalOf(changed), `word ${word}`).to.equal("INVALID_CONTEXT");
      }
    }
  });
  it("is refused where it has a caller, a nonce or a deadline, and no key's signature", () => {
    const bytes = encodeSession(session);
    expect(refusalOf(contextAround(bytes))).to.equal(undefined);
    for (const odd of [{ caller: ANYONE }, { nonce: 1n }, { deadline: 1 }])
      expect(refusalOf(contextAround(bytes, odd))).to.equal("INVALID_CONTEXT");
  });
  it("is refused where there is no session in it", () => {
    for (const bytes of ["0x", encodeSession(session).slice(0, -2), `${encodeSession(session)}00`] as Hex[])
      expect(refusalOf(contextAround(bytes))).to.equal("INVALID_CONTEXT");
    for (const context of ["0x", "0x00", `0x${"00".repeat(192)}`, `0x${"ff".repeat(640)}`])
      expect(refusalOf(context)).to.equal("INVALID_CONTEXT");
    for (const none of [undefined, null, 1, "context", "0x1"])
      expect(refusalOf(none)).to.equal("INVALID_INPUT");
  });
});
