/** A URL without user, password, query and fragment, which may hold secrets. */
export function plainUrl(url: string): string {
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  plain.search = "";
  plain.hash = "";
  return plain.href;
}
