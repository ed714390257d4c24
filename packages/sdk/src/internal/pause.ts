import { unlessAborted } from "./unlessAborted.ts";

/** Lets some milliseconds pass, or fewer if a signal aborts: then its reason is thrown. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((done) => {
    timer = setTimeout(done, milliseconds);
  });
  await unlessAborted(signal, passed).finally(() => clearTimeout(timer));
}
