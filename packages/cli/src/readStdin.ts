import { createInterface } from "node:readline";

/**
 * Everything on stdin; of a terminal, one line. A terminal's own lines end after 4,096 characters, so it is read by
 * character.
 */
export async function readStdin(): Promise<Buffer> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    const chunks: Buffer[] = [];
    for await (const chunk of stdin as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  const lines = createInterface({ input: stdin, output: stderr, terminal: true });
  try {
    for await (const line of lines) return Buffer.from(line);
    return Buffer.alloc(0);
  } finally {
    lines.close();
  }
}
