/** Every error in a chain of causes, the outermost first. */
export function* causes(error: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  for (let one = error; one !== undefined && one !== null && !seen.has(one); ) {
    seen.add(one);
    yield one;
    one = typeof one === "object" && "cause" in one ? one.cause : undefined;
  }
}

/** The first error in a chain of causes that matches. */
export function findCause(error: unknown, wanted: (one: unknown) => boolean): unknown {
  for (const one of causes(error)) if (wanted(one)) return one;
  return undefined;
}

/** Whether an error in a chain of causes matches. */
export const hasCause = (error: unknown, wanted: (one: unknown) => boolean): boolean =>
  findCause(error, wanted) !== undefined;
