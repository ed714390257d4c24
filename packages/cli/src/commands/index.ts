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
    name: "request",
    summary: "ask the owner for a session",
    load: async () => (await import("./request.ts")).request,
  },
  {
    name: "status",
    summary: "what can be spent, and what was",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "grant",
    summary: "show or check what the owner has signed",
    load: async () => (await import("./grant.ts")).grant,
  },
  {
    name: "pay",
    summary: "make a request, and pay for it",
    load: async () => (await import("./pay.ts")).pay,
  },
  {
    name: "send",
    summary: "pay an address by a transaction",
    load: async () => (await import("./send.ts")).send,
  },
  {
    name: "more",
    summary: "ask the owner for what the session has refused",
    load: async () => (await import("./more.ts")).more,
  },
  {
    name: "history",
    summary: "what happened to the session on the chain",
    load: async () => (await import("./history.ts")).history,
  },
  {
    name: "ledger",
    summary: "what this agent has written down of its payments",
    load: async () => (await import("./ledger.ts")).ledger,
  },
  {
    name: "renounce",
    summary: "end the session for good",
    load: async () => (await import("./renounce.ts")).renounce,
  },
  {
    name: "decode",
    summary: "read calldata of Latchkey's contracts",
    load: async () => (await import("./decode.ts")).decode,
  },
  {
    name: "doctor",
    summary: "find out what is wrong, and what to do",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "mcp",
    summary: "serve the agent's tools to a model, or install that in a host",
    load: async () => (await import("./mcp.ts")).mcp,
  },
  {
    name: "crash-test",
    summary: "measure what a limit lets through when things go wrong",
    load: async () => (await import("./crashTest.ts")).crashTest,
  },
];
