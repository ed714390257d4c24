import type { Writable } from "node:stream";
import type { Failure } from "./failureOf.ts";

/** Where results, notes and failures go. */
export type Output = {
  json: boolean;
  /**
   * A result, on stdout: with `--json` one object on one line, otherwise the text. Commands with several results, such
   * as a request that waits for its answer, print one object a line.
   */
  print(value: object, text: string): void;
  /** Bytes of others, on stdout, as they are. */
  write(bytes: Uint8Array): void;
  /** What goes on, on stderr; nothing with `--json`. */
  note(text: string): void;
  /** A failure, on stderr: with `--json` one object on one line. */
  failure(failure: Failure): void;
  /** Bold on stdout, where it is a terminal. */
  bold(text: string): string;
  /** Of stdout; 80 where it is not a terminal. */
  columns: number;
};

type Stream = Writable & { isTTY?: boolean; columns?: number };

/** What {@link openOutput} takes. */
export type OutputParameters = {
  json: boolean;
  stdout?: Stream;
  stderr?: Stream;
  env?: NodeJS.ProcessEnv;
};

/** As JSON on one line; bigints as decimal strings. */
export const jsonLine = (value: object): string =>
  `${JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one))}\n`;

const ESCAPE = String.fromCharCode(27);
const STYLE = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`);
// Everything that a terminal could take for a command, and characters that turn the direction of writing.
const CONTROL = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * Text without control characters: what a page or a shop says must not move the cursor or rewrite what was printed.
 *
 * @param styled Whether bold and colours stay.
 */
export const printable = (text: string, styled = false): string =>
  text
    .split(STYLE)
    .map((part, at) => (at % 2 === 1 ? (styled ? part : "") : part.replaceAll(CONTROL, "")))
    .join("");

/** Opens where a command prints. Styles are for terminals only, and for those who want them: NO_COLOR, TERM=dumb. */
export function openOutput(parameters: OutputParameters): Output {
  const { json, stdout = process.stdout, stderr = process.stderr, env = process.env } = parameters;
  const isStyled = ({ isTTY = false }: Stream) => isTTY && !env.NO_COLOR && env.TERM !== "dumb";
  const style = (stream: Stream, code: number, text: string) =>
    isStyled(stream) ? `${ESCAPE}[${code}m${text}${ESCAPE}[0m` : text;
  const line = (stream: Stream, text: string) => stream.write(`${printable(text, isStyled(stream))}\n`);
  return {
    json,
    print(value, text) {
      if (json) stdout.write(jsonLine(value));
      else line(stdout, text);
    },
    write: (bytes) => void stdout.write(bytes),
    note(text) {
      if (!json) line(stderr, text);
    },
    failure(failure) {
      if (json) return void stderr.write(jsonLine(failure));
      const { code, message, whatToDo } = failure;
      if (code === "USAGE")
        return void line(stderr, `${style(stderr, 31, "error:")} ${message} (see --help)`);
      line(stderr, `${style(stderr, 31, "error:")} ${message} (${code})`);
      for (const advice of whatToDo) line(stderr, advice);
    },
    bold: (text) => style(stdout, 1, text),
    columns: stdout.columns ?? 80,
  };
}
