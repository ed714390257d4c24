import { concatBytes } from "viem";
import { within } from "../../internal/within.ts";

/** Most bytes of a response that are read for an offer. */
const LARGEST_OFFER = 1_000_000;

/**
 * The JSON in the body of a 402 response, if it is an x402 offer. The body is read from a copy, up to a megabyte and for some
 * time: an endless body is not an offer.
 *
 * @param patience In milliseconds.
 */
export async function offerBody(response: Response, patience: number): Promise<object | undefined> {
  const copy = response.clone();
  // node-fetch has a stream of Node as the body.
  const reader = copy.body?.getReader?.();
  try {
    const reading = reader ? readText(reader) : copy.text();
    const text = await within(patience, reading, () => new Error("too slow"));
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && "x402Version" in body ? body : undefined;
  } catch {
    return undefined;
  } finally {
    reader?.cancel().catch(() => {});
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new TextDecoder().decode(concatBytes(chunks));
    size += value.length;
    if (size > LARGEST_OFFER) throw new Error("too large");
    chunks.push(value);
  }
}
