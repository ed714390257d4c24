/**
 * Shows where the gas of one row goes: by call, by contract, and in Latchkey's own contracts by function.
 *
 *     npm run bench:trace -- safe-1.5.0/execute/next     without a row: names the rows there are
 */
import { commandLine, readCommandLine } from "../scripts/commandLine.ts";
import { gasByFunction } from "./gasByFunction.ts";
import { type Frame, KINDS, type Kind } from "./gasFrames.ts";
import { type Measured, measureGas } from "./measureGas.ts";
import { rows } from "./rows.ts";
import { traceTransaction } from "./traceTransaction.ts";

const WIDTH = 9;
const figure = (gas: number): string => gas.toLocaleString("en-US").padStart(WIDTH);

const heading = (title: string, first: string): string =>
  title.padEnd(44) + [first, "own", ...KINDS].map((column) => column.padStart(WIDTH)).join("");
const line = (title: string, first: number, own: Record<Kind, number>): string =>
  title.padEnd(44) + [first, sum(Object.values(own)), ...KINDS.map((kind) => own[kind])].map(figure).join("");

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const sumOwn = (frames: readonly Frame[]): Record<Kind, number> =>
  Object.fromEntries(KINDS.map((kind) => [kind, sum(frames.map(({ own }) => own[kind]))])) as Record<
    Kind,
    number
  >;

/** All calls, outer ones first. */
const flat = (frame: Frame, depth = 0): { frame: Frame; depth: number }[] => [
  { frame, depth },
  ...frame.calls.flatMap((call) => flat(call, depth + 1)),
];

async function show(measured: Measured): Promise<void> {
  const { base, calldata, root, rest, nameOf } = await traceTransaction(measured);
  const calls = flat(root);

  console.log(`${measured.row.name}: ${measured.row.says}\n`);
  console.log(`gasUsed  ${figure(measured.gas)}`);
  console.log(`base     ${figure(base)}`);
  console.log(`calldata ${figure(calldata.gas)}   ${calldata.bytes} bytes, ${calldata.zeros} of them 0`);
  console.log(`executed ${figure(root.total)}`);
  if (rest !== 0) console.log(`rest     ${figure(rest)}   ${rest < 0 ? "refunds" : "the floor of calldata"}`);

  console.log(`\n${heading("call", "all")}`);
  for (const { frame, depth } of calls) {
    const how = frame.op === "DELEGATECALL" ? " (delegated)" : "";
    console.log(line(`${"  ".repeat(depth)}${nameOf(frame.code)}${how}`, frame.total, frame.own));
  }

  console.log(`\n${heading("contract", "calls")}`);
  const byContract = new Map<string, Frame[]>();
  for (const { frame } of calls) {
    const name = nameOf(frame.code);
    byContract.set(name, [...(byContract.get(name) ?? []), frame]);
  }
  const contracts = [...byContract].map(([name, frames]) => ({ name, frames, own: sumOwn(frames) }));
  contracts.sort((a, b) => sum(Object.values(b.own)) - sum(Object.values(a.own)));
  for (const { name, frames, own } of contracts) console.log(line(name, frames.length, own));
  console.log(line("sum", calls.length, sumOwn(calls.map(({ frame }) => frame))));

  for (const name of ["SafeSessionModule", "SafeSessionHandler", "ERC7579SessionModule"]) {
    const frames = byContract.get(name) ?? [];
    for (const [i, { steps, own }] of frames.entries()) {
      const which = frames.length > 1 ? `, call ${i + 1}` : "";
      console.log(`\n${`${name}${which}, by function of the source`.padEnd(56)}generated`);
      for (const { name: of, gas, generated } of await gasByFunction(name, [steps])) {
        console.log(`${figure(gas)}  ${of.padEnd(44)}${figure(generated)}`);
      }
      console.log(`${figure(sum(Object.values(own)))}  sum`);
    }
  }
}

const command = commandLine(
  "npm run bench:trace --",
  "Shows where the gas of one row goes: by call, by contract, by function.",
).argument("[row]", "for example safe-1.5.0/execute/next; without one the rows are named");
readCommandLine(command);
const [wanted] = command.args;
if (wanted === undefined || !rows.some(({ name }) => name === wanted)) {
  console.error(`Name one of the rows:\n${rows.map(({ name }) => `  ${name}`).join("\n")}`);
  process.exit(1);
}
await measureGas({ names: [wanted], onMeasured: show });
