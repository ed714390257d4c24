import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  pad,
  size,
  slice,
  toHex,
  zeroAddress,
} from "viem";
import { hashSession } from "#sdk/session/hashSession.ts";
import type { Call } from "#sdk/session/Session.ts";
import type { LeftOut } from "../sessionBytes.ts";
import {
  ACCOUNT,
  budgetOf,
  call,
  enable,
  executeOf,
  install,
  installData,
  isFallbackHandlerData,
  key,
  MODULE,
  OTHER_ACCOUNT,
  pause,
  payee,
  payment,
  refused,
  resume,
  send,
  session,
  stranger,
  teach,
  topicsOf,
  useAccounts,
  YES,
} from "./erc7579Fixture.ts";

const EXECUTE_FROM_EXECUTOR = "0xd691c964";
const results = (...each: Hex[]): Hex => encodeAbiParameters([{ type: "bytes[]" }], [each]);

/** Calldata of `execute` with a word of its arguments, counted from 0, replaced. */
const withWord = (data: Hex, index: number, word: bigint): Hex =>
  concat([
    slice(data, 0, 4 + 32 * index),
    toHex(word, { size: 32 }),
    size(data) > 36 + 32 * index ? slice(data, 36 + 32 * index) : "0x",
  ]);

describe("ERC7579SessionModule.execute by the account itself", () => {
  useAccounts();
  beforeEach(async () => {
    await enable(session());
    await teach(EXECUTE_FROM_EXECUTOR, results("0x"));
  });

  const by = (from: Address, data: Hex) => ({ from, to: MODULE, data });
  const execute = () => executeOf(session());
  const notKey = (data: Hex, from: Address = ACCOUNT) =>
    refused(call(by(from, data)), "NotKey", from, key.address);

  it("is accepted in canonical encoding, and charged", async () => {
    const logs = await send(by(ACCOUNT, execute()));
    expect(topicsOf(logs), "Spent, and nothing else").to.have.length(1);
    expect(BigInt(logs[0]?.data.slice(0, 66) as Hex), "period").to.equal(0n);
    expect(BigInt(`0x${logs[0]?.data.slice(66)}`), "amount").to.equal(payment.value);
  });
  it("is accepted with a grant and several calls", async () => {
    const calls = [payment, { ...payment, value: 0n }];
    await call(by(ACCOUNT, executeOf(session({ budgets: session().budgets }), "0x1234567890", calls)));
  });
  it("is rejected with trailing calldata, as a fallback handler gets", async () => {
    for (const behind of [stranger.address, ACCOUNT, key.address, "0x00", pad("0x"), pad(ACCOUNT)] as Hex[]) {
      await notKey(concat([execute(), behind]));
    }
  });
  /** The same arguments in three other layouts. */
  const layoutsOf = (data: Hex): { swapped: Hex; gap: Hex; shared: Hex } => {
    const grantAt = Number(BigInt(slice(data, 36, 68))) / 32;
    const words = (size(data) - 4) / 32;
    const head = [96n, 96n + 32n * BigInt(words - 4), 32n * BigInt(grantAt)];
    const zeroAt = Array.from({ length: words }, (_, i) => i)
      .slice(grantAt + 2)
      .find((i) => slice(data, 4 + 32 * i, 36 + 32 * i) === pad("0x"));
    if (!zeroAt) throw new Error("no word of the calls is zero");
    return {
      // The calls before the grant, all offsets right.
      swapped: concat([
        slice(data, 0, 4),
        ...head.map((word) => toHex(word, { size: 32 })),
        slice(data, 4 + 96, 4 + 32 * grantAt),
        slice(data, 4 + 32 * (grantAt + 1)),
        pad("0x"),
      ]),
      gap: concat([
        withWord(
          withWord(slice(data, 0, 4 + 32 * grantAt), 1, 32n * BigInt(grantAt + 1)),
          2,
          32n * BigInt(grantAt + 2),
        ),
        pad(stranger.address),
        slice(data, 4 + 32 * grantAt),
      ]),
      // The grant's empty length is read from inside the calls.
      shared: concat([
        withWord(
          withWord(slice(data, 0, 4 + 32 * grantAt), 1, 32n * BigInt(zeroAt - 1)),
          2,
          32n * BigInt(grantAt),
        ),
        slice(data, 4 + 32 * (grantAt + 1)),
      ]),
    };
  };
  const asLaidOutByKey = (layout: Hex) =>
    call(by(key.address, layout)).catch((error) => {
      throw new Error("the key may lay it out as it likes", { cause: error });
    });
  const isFallbackHandler = () => teach(isFallbackHandlerData(execute()), pad("0x01"));
  const acting = () => session({ actions: [{ target: OTHER_ACCOUNT, selector: "0x12345678", rules: [] }] });
  /** One action, whose bytes end the calldata. */
  const actingBy = (callData: Hex) =>
    executeOf(acting(), "0x", [{ target: OTHER_ACCOUNT, value: 0n, data: callData }]);
  it("is accepted in another layout that ends in the last call, and asks the account if it may end in an address", async () => {
    await enable(acting());
    const data = actingBy(concat(["0x12345678", `0x${"00".repeat(8)}`, stranger.address]));
    const { gap, shared } = layoutsOf(data);
    const all = [data, gap, shared];
    for (const layout of all) await call(by(ACCOUNT, layout));
    await isFallbackHandler();
    for (const layout of all) {
      await notKey(layout);
      await asLaidOutByKey(layout);
    }
  });
  it("is accepted in another layout that ends in the last call and in zeros: no address was appended", async () => {
    const { gap, shared } = layoutsOf(execute());
    await isFallbackHandler();
    for (const layout of [gap, shared]) await call(by(ACCOUNT, layout));
  });
  it("is rejected in a layout with anything after the last call, even the grant or zeros", async () => {
    const { swapped } = layoutsOf(execute());
    await notKey(swapped);
    await asLaidOutByKey(swapped);
  });
  it("is rejected without any call, as for the key", async () => {
    const empty = executeOf(session(), "0x", []);
    await notKey(empty);
    await refused(call(by(key.address, empty)), "EmptyBatch");
  });
  it("is rejected through a fallback handler if the session is read from a copy in a call, followed by an address", async () => {
    await enable(acting());
    const data = executeOf(acting());
    const copy = slice(data, 4 + 96, 4 + Number(BigInt(slice(data, 36, 68))));
    const holding = actingBy(concat(["0x12345678", `0x${"00".repeat(28)}`, copy, pad(stranger.address)]));
    const fromCopy = withWord(holding, 0, BigInt(size(holding) - 4 - 32 - size(copy)));
    for (const layout of [holding, fromCopy]) await call(by(ACCOUNT, layout));
    await isFallbackHandler();
    for (const layout of [holding, fromCopy]) {
      await asLaidOutByKey(layout);
      await notKey(layout);
    }
  });
  it("is rejected for another account's session, and for any other caller", async () => {
    await notKey(execute(), OTHER_ACCOUNT);
    await notKey(execute(), stranger.address);
    await notKey(execute(), MODULE);
  });
  it("is limited by the budget, like the key", async () => {
    const tooMuch = executeOf(session(), "0x", [payment, { ...payment, value: 1n }]);
    const token = "0x0000000000000000000000000000000000000000";
    await refused(call(by(ACCOUNT, tooMuch)), "PerTransactionExceeded", token, 1001, 1000);
  });

  describe("accepts a session with omitted parts", () => {
    const token = OTHER_ACCOUNT;
    const target = stranger.address;
    const of = () => {
      const [native] = session().budgets;
      if (!native) throw new Error("no budget");
      return session({
        budgets: [
          { ...native, recipients: [payee, token] },
          { ...native, token },
        ],
        actions: [{ target, selector: "0x12345678", rules: [] }],
      });
    };
    const tokenCall = (selector: Hex): Call => ({
      target: token,
      value: 0n,
      data: concat([selector, pad(payee), pad("0x01")]),
    });
    const action: Call = { target, value: 0n, data: "0x12345678" };
    const calls = {
      "a payment of native coin": payment,
      "a payment of a token": tokenCall("0xa9059cbb"),
      "an approval": tokenCall("0x095ea7b3"),
      "native coin for a contract": { ...payment, target: token },
      "an action": action,
      "an action with value": { ...action, value: 1n },
    } satisfies Record<string, Call>;
    /** For each call what is left out, and whether it is missed. */
    const cases: Record<keyof typeof calls, [leftOut: LeftOut, parts: number | undefined][]> = {
      "a payment of native coin": [
        [{ budgets: [1], actions: true }, undefined],
        [{ budgets: [0] }, 1],
        [{ budgets: [0, 1], actions: true }, 259],
      ],
      "a payment of a token": [
        [{ budgets: [0], actions: true }, undefined],
        [{ budgets: [1] }, 2],
      ],
      "an approval": [
        [{ actions: true }, undefined],
        [{ budgets: [0] }, 1],
        [{ budgets: [1] }, 2],
      ],
      "native coin for a contract": [
        [{ actions: true }, undefined],
        [{ budgets: [1] }, 2],
        [{ budgets: [0] }, 1],
      ],
      "an action": [
        [{}, undefined],
        [{ budgets: [0] }, 1],
        [{ budgets: [1] }, 2],
        [{ actions: true }, 256],
      ],
      "an action with value": [
        [{}, undefined],
        [{ budgets: [0] }, 1],
        [{ budgets: [1] }, 2],
      ],
    };
    beforeEach(async () => {
      await enable(of());
      // balanceOf and allowance
      for (const selector of ["0x70a08231", "0xdd62ed3e"] as const)
        await teach(selector, pad("0x"), { account: token });
    });
    for (const name of Object.keys(calls) as (keyof typeof calls)[]) {
      it(`for ${name}: by the key and by the account, or reports what is missing`, async () => {
        for (const from of [key.address, ACCOUNT]) {
          for (const [leftOut, parts] of cases[name]) {
            const attempt = call(by(from, executeOf(of(), "0x", [calls[name]], leftOut)));
            if (parts === undefined) await attempt;
            else await refused(attempt, "PartLeftOut", parts);
          }
        }
      });
    }
    it("but not for a batch in which one call needs an omitted part", async () => {
      const batch = (leftOut: LeftOut) =>
        call(by(ACCOUNT, executeOf(of(), "0x", [payment, action], leftOut)));
      await batch({});
      await refused(batch({ budgets: [1] }), "PartLeftOut", 2);
    });
    it("and charges the same as for the complete one", async () => {
      await send(by(ACCOUNT, executeOf(of(), "0x", [payment], { budgets: [1], actions: true })));
      expect((await budgetOf(of())).spent).to.equal(payment.value);
      await refused(
        call(by(ACCOUNT, executeOf(of(), "0x", [{ ...payment, value: 1001n }], { budgets: [1] }))),
        "PerTransactionExceeded",
        zeroAddress,
        1001,
        1000,
      );
    });
    it("but not with a grant, before it is enabled", async () => {
      const renewed = { ...of(), salt: 2n };
      await install(installData("0xaa"));
      await teach("0x1626ba7e", YES);
      await refused(
        call(by(ACCOUNT, executeOf(renewed, "0xaa", [payment], { budgets: [1] }))),
        "PartLeftOut",
        2,
      );
      await call(by(ACCOUNT, executeOf(renewed, "0xaa")));
    });
  });

  it("is rejected while the session is paused, enabled or granted, and accepted again afterwards", async () => {
    await install(installData("0xaa"));
    await teach("0x1626ba7e", YES);
    for (const one of [session(), session({ salt: 2n })]) {
      await pause(one);
      for (const from of [ACCOUNT, key.address])
        await refused(call(by(from, executeOf(one, "0xaa"))), "SessionIsPaused", hashSession(one));
      await resume(one);
      await call(by(ACCOUNT, executeOf(one, "0xaa")));
    }
  });

  describe("accepts one canonically encoded result from executeFromExecutor:", () => {
    it("returns the call's return data", async () => {
      for (const returned of ["0x", "0x12", pad("0x01"), `0x${"ab".repeat(100)}`] as Hex[]) {
        await teach(EXECUTE_FROM_EXECUTOR, results(returned));
        expect(await call(by(key.address, execute()))).to.equal(results(returned));
      }
    });
    const good = results("0x1234");
    for (const [name, answer] of [
      ["nothing", "0x"],
      ["no result", results()],
      ["two results", results("0x", "0x")],
      [
        "two results where only one is",
        concat([slice(good, 0, 32), toHex(2, { size: 32 }), slice(good, 64)]),
      ],
      ["a word", pad("0x01")],
      ["less than a result", slice(results("0x"), 0, 127)],
      ["another offset of the list", concat([toHex(64, { size: 32 }), slice(good, 32)])],
      [
        "another offset of the result",
        concat([slice(good, 0, 64), toHex(64, { size: 32 }), slice(good, 96)]),
      ],
      [
        "a result longer than what is there",
        concat([slice(good, 0, 96), toHex(33, { size: 32 }), slice(good, 128)]),
      ],
      ["a result of endless length", concat([slice(good, 0, 96), pad("0xff", { size: 32 }), "0x"])],
      ["the largest length", concat([slice(good, 0, 96), toHex(2n ** 256n - 1n, { size: 32 })])],
    ] as [string, Hex][]) {
      it(`refuses ${name}`, async () => {
        await teach(EXECUTE_FROM_EXECUTOR, answer);
        await refused(call(by(key.address, execute())), "UnsupportedAccount", ACCOUNT);
      });
    }
    it("reports the account's revert reason", async () => {
      await teach(EXECUTE_FROM_EXECUTOR, "0xdeadbeef", { fails: true });
      await refused(call(by(key.address, execute())), "CallFailed", 0, "0xdeadbeef");
    });
  });

  describe("rejects the fallback handler of the account's Safe as a target:", () => {
    const target = OTHER_ACCOUNT;
    const acting = () => session({ actions: [{ target, selector: "0x12345678", rules: [] }] });
    const act = () =>
      call(by(key.address, executeOf(acting(), "0x", [{ target, value: 0n, data: "0x12345678" }])));
    const word = concat([pad("0x20"), pad("0x20"), pad(target)]);
    beforeEach(() => enable(acting()));

    it("the handler reported by the Safe", async () => {
      await act();
      await teach("0x5624b25b", word);
      await refused(act(), "ForbiddenTarget", 0, target);
    });
    it("none, if the account returns more or less than one word, or reverts", async () => {
      await teach("0x5624b25b", concat([word, pad("0x")]));
      await act();
      await teach("0x5624b25b", pad(target));
      await act();
      await teach("0x5624b25b", word, { fails: true });
      await act();
    });
    it("none, if the account returns another offset, another length, or more than an address", async () => {
      for (const other of [
        concat([pad("0x40"), pad("0x20"), pad(target)]),
        concat([pad("0x20"), pad("0x14"), pad(target)]),
        concat([pad("0x20"), pad("0x20"), concat(["0x01", pad(target, { size: 31 })])]),
      ]) {
        await teach("0x5624b25b", other);
        await act();
      }
    });
  });
});
