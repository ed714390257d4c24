/** Bytes of a response that are read, for each character that is wanted of it. */
const BYTES = 4;

/** A body as a model can read it. */
export type ReadBody = { text: string; encoding: "text" | "base64"; isCut: boolean };

/** Reads the beginning of a body; an endless one ends there. What is not text is base64. */
export async function readBody(response: Response, most: number, signal: AbortSignal): Promise<ReadBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isCut = false;
  const reader = response.body?.getReader();
  const stop = () => void reader?.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.length;
      if (size > most * BYTES) {
        isCut = true;
        break;
      }
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  const bytes = Buffer.concat(chunks);
  const type = response.headers.get("content-type") ?? "text/plain";
  if (
    /^(image|audio|video|font)\/|octet-stream|pdf|zip|gzip|protobuf/i.test(type) &&
    !/svg|xml/i.test(type)
  ) {
    const text = bytes.toString("base64");
    // Whole groups of four, so that what is there can be decoded.
    const kept = text.slice(0, most - (most % 4));
    return { text: kept, encoding: "base64", isCut: isCut || kept.length < text.length };
  }
  const text = new TextDecoder().decode(bytes);
  return { text: text.slice(0, most), encoding: "text", isCut: isCut || text.length > most };
}
