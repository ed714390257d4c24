/** What a person at the terminal can put right: printed without a stack. */
export class PageError extends Error {
  override readonly name = "PageError";
}
