/**
 * A process that uses a file store and is killed before one of its writes, for paymentStore.test.ts. It says what was
 * confirmed: a slot taken, a payment stored, the slot released, the purchase finished.
 *
 * Arguments: path, before which write it dies (nothing: it does not die, and names its writes at last).
 */
import { writeSync } from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { filePaymentStore } from "#sdk/agent/x402/filePaymentStore.ts";
import type { Purchase } from "#sdk/agent/x402/PaymentStore.ts";

const [path = "", diesAt] = process.argv.slice(2);
const points: string[] = [];

type Work = (...parameters: never[]) => Promise<unknown>;
/** Counts what a function writes, and dies before it. */
const mortal =
  (name: string, work: Work): Work =>
  async (...parameters) => {
    if (points.push(name) - 1 === Number(diesAt ?? -1)) process.kill(process.pid, "SIGKILL");
    return work(...parameters);
  };
const replace = (owner: object, names: readonly string[]) => {
  for (const name of names) {
    const work = (owner as Record<string, Work>)[name] as Work;
    Object.defineProperty(owner, name, { value: mortal(name, work.bind(owner)), configurable: true });
  }
};
const { open } = fs;
fs.open = async (...parameters) => {
  const file: FileHandle = await open(...parameters);
  if (parameters[1] !== "r")
    replace(file, ["appendFile", "writeFile", "write", "datasync", "sync", "truncate"]);
  return file;
};
replace(fs, ["appendFile", "copyFile", "link", "mkdir", "rename", "rm", "truncate", "unlink", "writeFile"]);
syncBuiltinESMExports();

const say = (what: string) => writeSync(1, `${what}\n`);
const store = filePaymentStore(path);
const budget = { account: "eip155:1:0x5afe", budget: "0x5e/0" };
const slot = {
  lot: 7n,
  size: 2,
  index: 5n,
  period: 3n,
  payee: `0x${"a1".repeat(20)}`,
  heldUntil: 1000,
} as const;
const purchase: Purchase = { id: "one", request: "0xa1", payment: "signed", done: false, until: 1000 };
const change = (after: readonly Purchase[]) =>
  store.change({ account: budget.account, name: "0x0a", change: () => after });

await store.take({ ...budget, now: 0, choose: () => slot });
say("taken");
await change([purchase]);
say("paid");
await store.release(budget, slot);
say("released");
await change([{ ...purchase, done: true }]);
say("done");
if (diesAt === undefined) say(points.join(" "));
