/**
 * Parses untrusted JSON. `JSON.parse` takes the last of two members with the same name, other parsers the first: the
 * reader who shows a text and the one who signs it must not read different things, so such a text is rejected.
 *
 * @returns The value, or the reason why it is rejected.
 */
export function parseStrictJson(text: string): { value: unknown } | { flaw: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { flaw: "it is not valid JSON, or was truncated" };
  }
  // Valid JSON has a colon after a string only if the string names a member.
  const written = [...text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g)].filter(([, colon]) => colon).length;
  let read = 0;
  // By a list, not by recursion: a text can be nested deeper than the stack.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string" && /\p{Surrogate}/u.test(one))
      return { flaw: "a string in it is not well-formed" };
    if (typeof one !== "object" || one === null) continue;
    if (Array.isArray(one)) {
      for (const element of one) open.push(element);
      continue;
    }
    for (const [name, member] of Object.entries(one)) {
      if (name === "__proto__") return { flaw: "a member is named __proto__" };
      read++;
      open.push(name, member);
    }
  }
  if (written !== read) return { flaw: "two members have the same name" };
  return { value };
}
