/**
 * Waits for work until a signal aborts. The work itself goes on: what it does later must be safe.
 *
 * @throws The signal's reason.
 */
export async function unlessAborted<result>(
  signal: AbortSignal | undefined,
  work: Promise<result>,
): Promise<result> {
  if (!signal) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
    work.catch(() => {});
  }
}
