// The page imports the built SDK, and an error is known by its class: this has to be the same one.
import { decodeError, InvalidInput } from "@latchkey/sdk";
import { type HandoffRequest, handoffLink } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { getAddress, HttpRequestError, toHex } from "viem";
import { listChains } from "#page/chain/ChainSettings.ts";
import { clockFailure } from "#page/chain/clockFailure.ts";
import { isRpcUrl, pageConfig } from "#page/chain/PageConfig.ts";
import { readRequest, sessionOf } from "#page/request/readRequest.ts";
import { nothingSaved, type Saved } from "#page/store/Saved.ts";
import { exportedSaved, mergeSaved, parseSaved } from "#page/store/store.ts";
import { PageFailure } from "#page/wording/PageFailure.ts";
import { isLasting, wordsFor } from "#page/wording/wordsFor.ts";

const account = "0x00000000000000000000000000000000000000A1";
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof PageFailure ? error.code : String(error);
  }
};

describe("The clock of the device", () => {
  const block = 1_800_000_000;
  const at = (seconds: number) => (block + seconds) * 1000;
  it("may differ by five minutes from a public chain's, and not by more", () => {
    const chain = { isLocal: false };
    expect(clockFailure(block, at(300), chain)).to.equal(undefined);
    expect(clockFailure(block, at(-300), chain)).to.equal(undefined);
    expect(clockFailure(block, at(301), chain)?.code).to.equal("CLOCK_OFF");
    expect(clockFailure(block, at(-301), chain)?.code).to.equal("CLOCK_OFF");
  });
  it("may be ahead of an idle local chain by any time, but not behind", () => {
    const chain = { isLocal: true };
    expect(clockFailure(block, at(86_400), chain)).to.equal(undefined);
    expect(clockFailure(block, at(-3600), chain)?.details.minutes).to.equal("60");
  });
});

describe("An RPC URL", () => {
  it("is encrypted, or on this machine", () => {
    for (const url of ["https://example.com/rpc", "http://localhost:8545", "http://127.0.0.1:8545/x"])
      expect(isRpcUrl(url), url).to.equal(true);
    for (const url of [
      "http://example.com",
      "http://127.0.0.1.example.com",
      "https://user:word@example.com",
      "http://localhost@example.com",
      "javascript:alert(1)",
      "ws://localhost:1",
      "file:///etc/passwd",
      "",
    ])
      expect(isRpcUrl(url), url).to.equal(false);
  });
  it("is set by the configuration, also for further chains", () => {
    const config = pageConfig.parse({
      chains: [{ id: 31337, name: "Local chain", rpc: "http://127.0.0.1:8545" }],
    });
    const chains = listChains(config);
    expect(chains[0]).to.include({ id: 31337, name: "Local chain", isLocal: true, usdc: undefined });
    expect(chains.filter(({ isLocal }) => !isLocal).map(({ id }) => id)).to.have.members([
      1, 8453, 84532, 11155111,
    ]);
  });
  it("is not read from an invalid configuration", () => {
    const chain = { id: 31337, name: "Local chain", rpc: "http://example.com" };
    expect(pageConfig.safeParse({ chains: [chain] }).success).to.equal(false);
    expect(
      pageConfig.safeParse({ chains: [{ ...chain, rpc: "http://localhost:1", more: 1 }] }).success,
    ).to.equal(false);
  });
});

describe("Saved data", () => {
  const passkey = { id: "0x01", x: "0x02", y: "0x03", rpId: "localhost", createdAt: 1 } as const;
  const saved: Saved = {
    ...nothingSaved,
    passkeys: [passkey],
    settings: { rpcs: { "1": "https://own.example" } },
  };
  it("is read back as it was written", () => {
    expect(parseSaved(JSON.stringify(saved))).to.deep.equal(saved);
  });
  it("is read as empty if it has another version, is corrupted, or has extra fields", () => {
    for (const text of [
      null,
      "",
      "{",
      "null",
      JSON.stringify({ ...saved, version: 2 }),
      JSON.stringify({ ...saved, more: 1 }),
      JSON.stringify({ ...saved, settings: { rpcs: { "1": "http://evil.example" } } }),
      JSON.stringify({
        ...saved,
        grants: [{ name: "x", nonce: "0x01", grant: {}, grantedAt: 1, fromBlock: "0", transactions: [] }],
      }),
    ])
      expect(parseSaved(text), String(text)).to.equal(undefined);
  });
  it("is exported without RPC URLs, which may contain an API key", () => {
    expect(exportedSaved(saved)).to.deep.equal({ ...saved, settings: { rpcs: {} } });
  });
  it("is merged with an imported file, which cannot set RPC URLs", () => {
    const imported: Saved = {
      ...nothingSaved,
      passkeys: [passkey, { ...passkey, id: "0x04" }],
      settings: { rpcs: { "1": "https://evil.example", "8453": "https://evil.example" } },
    };
    const merged = mergeSaved(saved, imported);
    expect(merged.passkeys.map(({ id }) => id)).to.deep.equal(["0x01", "0x04"]);
    expect(merged.settings).to.deep.equal(saved.settings);
  });
});

describe("A request", () => {
  const NOW = 1_800_000_000;
  const request = (isAdjustmentAllowed = true): HandoffRequest => ({
    version: 1,
    name: "Research Bot",
    nonce: toHex(7, { size: 16 }),
    permissions: [
      {
        chainId: "0x7a69",
        to: "0x00000000000000000000000000000000000000b2",
        permission: {
          type: "erc20-token-periodic",
          isAdjustmentAllowed,
          data: {
            tokenAddress: "0x0000000000000000000000000000000000000070",
            periodAmount: "0xf4240",
            periodDuration: 86_400,
            justification: "To read the news.",
          },
        },
        rules: [{ type: "expiry", data: { timestamp: NOW + 86_400 } }],
      },
    ],
  });
  const link = (one: HandoffRequest) => handoffLink("https://page.example/", one);

  it("is read from its link, with its reason", () => {
    const read = readRequest(link(request()));
    expect(read).to.deep.include({
      chainId: 31337,
      justifications: ["To read the news."],
      isAdjustable: true,
    });
    expect(read.key).to.equal(getAddress("0x00000000000000000000000000000000000000b2"));
    expect(sessionOf(read.request, { account, now: NOW }).budgets[0]?.perPeriod).to.equal(1_000_000n);
  });
  it("says whether its limits may be lowered", () => {
    expect(readRequest(link(request(false))).isAdjustable).to.equal(false);
  });
  it("is rejected as expired, not before its last second", () => {
    const { request: read } = readRequest(link(request()));
    expect(codeOf(() => sessionOf(read, { account, now: NOW + 86_399 }))).to.equal(undefined);
    expect(codeOf(() => sessionOf(read, { account, now: NOW + 86_400 }))).to.equal("EXPIRED_REQUEST");
  });
  it("is rejected with the reason if malformed", () => {
    expect(codeOf(() => readRequest("#request=AAAA"))).to.equal("MALFORMED_REQUEST");
    expect(codeOf(() => readRequest(""))).to.equal("MALFORMED_REQUEST");
  });
});

describe("The message for a failure", () => {
  it("is the page's own for its codes, and says what to do", () => {
    const words = wordsFor(new PageFailure("THRESHOLD_ABOVE_ONE", { threshold: "2" }));
    expect(words.code).to.equal("THRESHOLD_ABOVE_ONE");
    expect(words.title).to.match(/requires 2 owners/);
    expect(words.whatToDo).not.to.equal("");
  });
  it("does not mention codes if a chain is unreachable", () => {
    const error = new HttpRequestError({ url: "http://127.0.0.1:1", details: "fetch failed" });
    expect(decodeError(error).code).to.equal("NETWORK");
    const words = wordsFor(error);
    expect(words.title).to.match(/could not connect/i);
    expect(words.whatToDo).to.match(/try again/);
  });
  it("keeps technical details and advice for developers out of the user's instructions", () => {
    const refusal = new InvalidInput({
      code: "INVALID_OWNERS",
      shortMessage: "budgets[0].period is wrong.",
      metaMessages: ["Name its decimals in tokens."],
    });
    const words = wordsFor(refusal);
    expect(words).to.include({ code: "INVALID_OWNERS", detail: "budgets[0].period is wrong." });
    expect(`${words.title} ${words.whatToDo}`).not.to.match(/budgets|tokens/);
    expect(words.whatToDo).to.match(/Reload the page/);
  });
  it("shows no hidden characters and only one line of an untrusted reason", () => {
    const reason = `no\u202e${"x".repeat(500)}`;
    const { title, whatToDo, detail = "" } = wordsFor(new PageFailure("ANSWER_REFUSED", { reason }));
    expect(`${title} ${whatToDo}`).not.to.include("xxx");
    expect(detail).not.to.include("\u202e");
    expect(detail.length).to.be.at.most(201);
  });
  it("offers a retry only if it can help", () => {
    for (const code of ["EXPIRED_REQUEST", "MALFORMED_REQUEST"] as const)
      expect(isLasting(new PageFailure(code)), code).to.equal(true);
    for (const code of ["CHAIN_UNREACHABLE", "CLOCK_OFF", "CHAIN_MISMATCH"] as const)
      expect(isLasting(new PageFailure(code)), code).to.equal(false);
  });
});

describe("Large saved data", () => {
  it("can be read again after importing a file that exceeds the maximum", () => {
    const many = (from: number): Saved => ({
      ...nothingSaved,
      passkeys: Array.from({ length: 150 }, (_, index) => ({
        id: toHex(from + index),
        x: "0x02" as const,
        y: "0x03" as const,
        rpId: "localhost",
        createdAt: 1,
      })),
    });
    const merged = mergeSaved(many(0), many(1000));
    expect(merged.passkeys).to.have.length(200);
    expect(merged.passkeys[0]?.id).to.equal("0x0");
    expect(parseSaved(JSON.stringify(merged))).to.deep.equal(merged);
  });
});
