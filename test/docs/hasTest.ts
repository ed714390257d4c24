/**
 * Whether a test file has a test, or a group of tests, of this very title; of a Solidity test, a function of this name.
 *
 * @param title As it stands in the file: what is computed stands there as `${…}`.
 */
export function hasTest(source: string, title: string): boolean {
  const text = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^\\s*(?:(?:it|describe)\\(\\s*(["'\`])${text}\\1|function ${text}\\()`, "m").test(
    source,
  );
}
