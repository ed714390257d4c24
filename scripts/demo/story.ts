import { styleText } from "node:util";
import { type Address, formatUnits, type Hex } from "viem";

/** What the demo says, as it happens. One function a kind of line, so that a newcomer can tell them apart. */
export const story = {
  title: (text: string) => console.log(`\n${styleText("bold", text)}`),
  chapter: (number: number, text: string) => console.log(`\n${styleText("bold", `${number}. ${text}`)}`),
  line: (text: string) => console.log(`   ${text}`),
  paid: (text: string) => console.log(`   ${styleText("green", "paid   ")} ${text}`),
  refused: (text: string) => console.log(`   ${styleText("yellow", "refused")} ${text}`),
  wrong: (text: string) => console.log(`   ${styleText("red", "WRONG  ")} ${text}`),
  meter: (text: string) => console.log(styleText("dim", `           ${text}`)),
};

/** USDC base units as dollars, at least to the cent. */
export function dollars(amount: bigint): string {
  const [whole, fraction = ""] = formatUnits(amount, 6).split(".");
  return `$${whole}.${fraction.padEnd(2, "0")}`;
}

export const short = (hex: Hex | Address): string => `${hex.slice(0, 8)}…${hex.slice(-4)}`;

export const thousands = (n: bigint | number): string => n.toLocaleString("en-US");
