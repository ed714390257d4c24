import { expect } from "chai";
import { addressGroups } from "#page/ui/addressGroups.ts";
import { amountText } from "#page/ui/amountText.ts";
import { momentText } from "#page/ui/momentText.ts";
import { plainText } from "#page/ui/plainText.ts";
import { timeLeftText } from "#page/ui/timeLeftText.ts";

describe("untrusted text", () => {
  it("is unchanged without hidden characters", () => {
    for (const text of ["Research Bot", "Büro-Agent 2", "研究员", "مساعد", "नमस्ते"])
      expect(plainText(text), text).to.deep.equal({ text, changed: false });
  });

  for (const [what, sign] of [
    ["turns text around", "\u202e"],
    ["isolates text", "\u2066"],
    ["has no width", "\u200b"],
    ["begins a line", "\n"],
    ["is a control", "\u0007"],
    ["is half of a pair", "\ud800"],
    ["is a tag", "\u{e0041}"],
    ["fills a place with nothing", "\u3164"],
    ["belongs to nobody", "\ue000"],
  ] as const)
    it(`loses a character that ${what}, and says so`, () => {
      expect(plainText(`pay${sign}pal`)).to.deep.equal({ text: "pay pal", changed: true });
    });

  it("loses marks that pile up over other lines", () => {
    expect([...plainText(`a${"\u0301".repeat(40)}`).text].length).to.equal(3);
  });

  it("cannot escape its quotation marks", () => {
    expect(plainText("Bot” – verified. Let “it")).to.deep.equal({
      text: "Bot' – verified. Let 'it",
      changed: false,
    });
    for (const mark of '"“”„‟«»‹›‘’‚‛＂〝〞〟″‶❝❞ʺ״') expect(plainText(mark).text, mark).to.equal("'");
    expect(plainText("“Bot\u200b”")).to.deep.equal({ text: "'Bot '", changed: true });
  });

  it("is truncated at the maximum, without splitting a character", () => {
    expect(plainText("x".repeat(65)).text).to.equal(`${"x".repeat(64)}…`);
    const huge = plainText("😀".repeat(1_000_000), 10);
    expect(huge).to.deep.equal({ text: `${"😀".repeat(10)}…`, changed: true });
  });
});

describe("an address", () => {
  it("is split into groups that join to the address", () => {
    const address = "0x00112233445566778899aAbBcCdDeEfF00112233";
    const groups = addressGroups(address);
    expect(groups.map(({ signs }) => signs).join("")).to.equal(address);
    expect(groups.map(({ signs }) => signs.length)).to.deep.equal([2, ...Array(10).fill(4)]);
  });
});

describe("an amount", () => {
  const usdc = { symbol: "USDC", decimals: 6, known: true };

  it("is never rounded", () => {
    expect(amountText(1n, usdc)).to.equal("0.000001 USDC");
    expect(amountText(123_456_789_012_345n, usdc)).to.equal("123,456,789.012345 USDC");
    expect(amountText(2n ** 128n, { ...usdc, decimals: 18 })).to.match(
      /^340,282,366,920,938,463,463\.374607431768211456 /,
    );
  });

  it("has whole cents only for a known dollar stablecoin", () => {
    expect(amountText(3_400_000n, usdc)).to.equal("3.40 USDC");
    expect(amountText(20_000_000n, usdc)).to.equal("20 USDC");
    expect(amountText(3_400_000n, { ...usdc, known: false })).to.equal("3.4 USDC");
  });

  it("is in base units if the token's facts are unknown", () => {
    expect(amountText(3_400_000n, undefined)).to.equal("3,400,000 base units");
  });
});

describe("the remaining time", () => {
  it("has its two largest units, rounded down", () => {
    expect(timeLeftText(7 * 86_400 - 1)).to.equal("6 days 23 hours");
    expect(timeLeftText(86_400)).to.equal("1 day");
    expect(timeLeftText(3_660)).to.equal("1 hour 1 minute");
    expect(timeLeftText(1_628_885_335 * 86_400)).to.equal("1,628,885,335 days");
    expect(timeLeftText(119.9)).to.equal("1 minute");
    expect(timeLeftText(1)).to.equal("1 second");
    for (const none of [0.9, 0, -5]) expect(timeLeftText(none)).to.equal("no time");
  });
});

describe("a moment", () => {
  it("is shown in the user's time zone, with its name", () => {
    const at = Date.parse("2026-11-29T09:00:00Z") / 1000;
    expect(momentText(at, { timeZone: "Europe/Berlin" })).to.match(/29.*2026.*10:00.*(CET|GMT\+1)/);
    expect(momentText(at, { timeZone: "UTC" })).to.match(/0?9:00.*UTC/);
    expect(momentText(at, { timeZone: "Asia/Tokyo", short: true })).to.match(/29 Nov.*18:00|Nov 29.*0?6:00/);
  });
});
