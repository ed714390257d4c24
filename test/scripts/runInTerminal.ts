import { spawn } from "node:child_process";

/** A question that a command may ask, and what the person at the terminal answers. */
export type Answer = { question: RegExp; answer: string };

/**
 * Runs a command line of a shell in a terminal of its own, as a person does, and answers what it asks. By `script`,
 * which every Debian and Ubuntu has (util-linux).
 *
 * @param answers Each may be given again and again.
 * @returns What the terminal showed, without colours and cursor movements, and how the command ended.
 */
export function runInTerminal(
  line: string,
  { answers = [], env, folder }: { answers?: readonly Answer[]; env: NodeJS.ProcessEnv; folder: string },
): Promise<{ code: number | null; shown: string }> {
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
    cwd: folder,
    env: { ...env, NO_COLOR: "1", SHELL: "/bin/sh", TERM: "dumb" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // A command that has ended reads nothing more.
  child.stdin.on("error", () => {});
  let shown = "";
  /** Where what is not answered yet begins. */
  let read = 0;
  child.stdout.on("data", (chunk) => {
    shown = plain(shown + chunk);
    const question = shown.slice(read);
    const found = answers.find((one) => one.question.test(question));
    if (!found) return;
    read = shown.length;
    child.stdin.write(`${found.answer}\r`);
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done({ code, shown }));
  });
}

/** Without what moves the cursor or changes colours. */
const plain = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with.
  text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
