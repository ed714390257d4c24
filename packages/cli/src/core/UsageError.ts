/** What was typed cannot be done. One line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
