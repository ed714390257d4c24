/**
 * An agent in a process of its own, for paymentStore.test.ts: takes slots from a file store and writes one line for each.
 *
 * Arguments: path, how many slots, and "hang" to die half-way while it holds the lock.
 */
import { filePaymentStore } from "#sdk/agent/x402/filePaymentStore.ts";

const [path = "", count = "0", mode] = process.argv.slice(2);
const store = filePaymentStore(path);
for (let taken = 0; taken < Number(count); taken++) {
  const slot = await store.take({
    account: "eip155:1:0x5afe",
    budget: "0x5e/0",
    now: 0,
    choose: (held) => {
      if (mode === "hang") {
        process.stdout.write("holding\n");
        // Blocks inside the critical section, until it is killed.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      const lot = BigInt(held.length);
      return { lot, size: 0, index: 0n, period: 0n, payee: `0x${"a1".repeat(20)}`, heldUntil: 1000 };
    },
  });
  process.stdout.write(`${slot?.lot}\n`);
}
