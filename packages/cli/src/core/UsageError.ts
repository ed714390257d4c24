/** What was typed cannot be done. One line. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(message: string) {
    // It may quote what was typed.
    super(message.replaceAll(/\s+/g, " ").trim());
  }
}
