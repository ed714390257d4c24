import type { Command } from "commander";

/** A command: what the list of all commands says of it, and how it is loaded. */
export type ListedCommand = {
  name: string;
  summary: string;
  /** @returns What adds arguments, options and the action to the command. */
  load(): Promise<(command: Command) => void>;
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: "dev",
    summary: "serve a chain, a shop and the page, to try it on",
    load: async () => (await import("./dev.ts")).dev,
  },
  {
    name: "keygen",
    summary: "create the session's key",
    load: async () => (await import("./keygen.ts")).keygen,
  },
  {
    name: "crash-test",
    summary: "measure what a limit lets through when things go wrong",
    load: async () => (await import("./crashTest.ts")).crashTest,
  },
];
