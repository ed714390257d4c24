import { Command } from "commander";
import metadata from "../package.json" with { type: "json" };
import { COMMANDS } from "./commands/index.ts";
import { SIGNAL } from "./invocation.ts";

/** What the help says at its end. */
const NOTES = `
Environment:
  LATCHKEY_HOME  where sessions are kept; default: latchkey in your folder for settings
  NO_COLOR       prints without colour

Exit codes:
  0    done
  1    unexpected error
  2    wrong usage
  3    refused by the session's limits or rules
  4    no session, or it is over: the owner must act
  5    node or network failure
  6    outcome unknown: it may have been paid
  7    the folder, the store or the disk
  130  interrupted

First steps:
  $ latchkey request --allow usdc:1:20/day@0xShop --until 7d
  $ latchkey pay https://shop.example/report`;

/**
 * The command line. A command's file is loaded when the command is typed, so that help comes at once.
 *
 * @param parameters.signal Aborted by Ctrl-C.
 */
export function createProgram({ signal }: { signal: AbortSignal }): Command {
  const program = new Command("latchkey")
    .description("Lets an agent pay from its owner's account, inside the limits that the owner has set.")
    .version(metadata.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .option("--session <name>", "which of several sessions", "default")
    .option("--json", "print JSON: the result to stdout, an error to stderr")
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({ outputError: () => {} })
    .allowExcessArguments(false)
    .exitOverride()
    .addHelpText("after", NOTES);
  for (const { name, summary, load } of COMMANDS) {
    const command = program
      .command(name)
      .description(summary)
      .allowExcessArguments(false)
      .helpOption("-h, --help", "print help");
    program.hook("preSubcommand", async (_, typed) => {
      if (typed === command) (await load())(command);
    });
  }
  program.setOptionValue(SIGNAL, signal);
  return program;
}
