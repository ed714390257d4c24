import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** In UTF-16 code units: longer than any answer is. */
const MOST = 256 * 1024;

/** What a person types or pastes. */
export type Typed = { answer: string } | "again";

/**
 * Listens to the terminal: an answer that is pasted, in one line or several, or the name of a file that holds one; an
 * empty line asks for another request.
 *
 * @returns What stops it.
 */
export function listenToTerminal(heard: (typed: Typed) => void): () => void {
  // With a terminal the lines are read sign by sign: a terminal's own lines end after 4,095.
  const lines = createInterface({ input: process.stdin, terminal: process.stdin.isTTY === true });
  let pasted = "";
  lines.on("line", (line) => {
    if (pasted === "" && line.trim() === "") return heard("again");
    if (pasted === "" && !line.trimStart().startsWith("{")) {
      readFile(line.trim(), "utf8").then(
        (answer) => heard({ answer }),
        // What is not a file is not an answer either; the receiver rejects it.
        () => heard({ answer: line }),
      );
      return;
    }
    pasted += `${line}\n`;
    if (!isJson(pasted) && pasted.length < MOST) return;
    heard({ answer: pasted });
    pasted = "";
  });
  lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  return () => lines.close();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
