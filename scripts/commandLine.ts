import { Command } from "commander";

/**
 * A command of package.json as its user types it. `--help` prints what it does and takes, and ends it with 0; what it does
 * not take is named in one line, and ends it with 2.
 *
 * @param name As it is typed, for example `npm run bench --`.
 */
export const commandLine = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .allowExcessArguments(false)
    .configureOutput({
      outputError: (message, write) => write(`${message.trim().replaceAll("\n", " ")} (see --help)\n`),
    })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

/**
 * Reads what was typed behind a command. Where `scripts/built.ts` only wants to know whether it can be read, before it
 * builds anything, the process ends here.
 *
 * @returns The options; the arguments are the command's `args`.
 */
export function readCommandLine<options extends object>(command: Command): options {
  command.parse();
  if (process.env[ONLY_READ]) process.exit(0);
  return command.opts<options>();
}

/** Set: a command reads its command line, and does nothing. */
export const ONLY_READ = "LATCHKEY_ONLY_READ_COMMAND_LINE";
