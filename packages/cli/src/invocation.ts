import type { Command } from "commander";
import { homeFolder, sessionFolder } from "./core/home.ts";
import { type Output, openOutput } from "./core/output.ts";

/** Where the program keeps the signal that Ctrl-C aborts, beside its options. */
export const SIGNAL = "signal";

/** What every command is given. */
export type Invocation<options> = {
  options: options;
  output: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** The folder of everything that latchkey keeps. */
  home: string;
  /** The session's name. */
  session: string;
  /** The session's folder. It may not exist yet. */
  folder: string;
};

/**
 * Makes a function the action of a command.
 *
 * @param act Gets what every command is given, then the command's arguments. What it throws is reported by the process.
 */
export function action<options extends object, words extends unknown[] = []>(
  act: (invocation: Invocation<options>, ...words: words) => Promise<void>,
): (...received: unknown[]) => Promise<void> {
  return async (...received) => {
    const command = received.at(-1) as Command;
    const options = command.optsWithGlobals<
      options & { json?: boolean; session: string; signal: AbortSignal }
    >();
    const { json = false, session, signal } = options;
    const home = homeFolder();
    await act(
      { options, output: openOutput({ json }), signal, home, session, folder: sessionFolder(home, session) },
      ...(received.slice(0, -2) as words),
    );
  };
}

/** What every command that asks the chain can be told. */
export type NodeOptions = { rpc?: string };

/** Adds the option for the node. */
export const withRpc = (command: Command): Command =>
  command.option("--rpc <url>", "a node of the chain; default: the session's, or that of latchkey dev");

/** The end of a command's help: some words, then examples. */
export const notes = (words: string, examples: readonly string[]): string =>
  `\n${words}\n\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}`;
