import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

/**
 * Has Hardhat ask for the keystore's password on the error output. Its own question would stand in front of a command's
 * JSON; and without a terminal it would wait forever; this refuses.
 */
export function askOnErrorOutput({ hooks }: Pick<HardhatRuntimeEnvironment, "hooks">): void {
  hooks.registerHandlers("userInterruptions", {
    async requestSecretInput(_, asker, what) {
      if (!process.stdin.isTTY) throw new Error(`${asker} needs input, but there is no terminal`);
      // What is typed is not shown.
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
      process.stderr.write(`[${asker}] ${what}: `);
      try {
        return await terminal.question("");
      } finally {
        terminal.close();
        process.stderr.write("\n");
      }
    },
  });
}
