/**
 * Reads JSON of strangers. `JSON.parse` takes the last of two members with one name, other readers the first: whoever
 * shows a text and whoever signs it must not read two things in it, so such a text is refused.
 *
 * @returns What it says, or the reason why it is refused.
 */
export function parseStrictJson(text: string): { value: unknown } | { flaw: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { flaw: "it is no JSON, or was cut off" };
  }
  // Valid JSON has a colon behind a string only where the string names a member.
  const written = [...text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g)].filter(([, colon]) => colon).length;
  let read = 0;
  // By a list, not by recursion: a text can be nested deeper than the stack.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "string" && /\p{Surrogate}/u.test(one))
      return { flaw: "a text in it is not well-formed" };
    if (typeof one !== "object" || one === null) continue;
    if (Array.isArray(one)) {
      for (const element of one) open.push(element);
      continue;
    }
    for (const [name, member] of Object.entries(one)) {
      if (name === "__proto__") return { flaw: "a member of it is named __proto__" };
      read++;
      open.push(name, member);
    }
  }
  if (written !== read) return { flaw: "two members of it have one name" };
  return { value };
}
