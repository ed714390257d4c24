/**
 * Waits for work for a limited time. The work itself goes on: what it does later must be safe.
 *
 * @param late Creates the error for work that takes longer.
 */
export async function within<result>(
  milliseconds: number,
  work: Promise<result>,
  late: () => unknown,
): Promise<result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(milliseconds, 2 ** 31 - 1));
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
