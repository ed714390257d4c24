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
    name: "keygen",
    summary: "create the session's key",
    load: async () => (await import("./keygen.ts")).keygen,
  },
];
