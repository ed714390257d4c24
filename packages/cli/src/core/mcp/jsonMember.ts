/** Where a value stands in a text of JSON: from its first character to behind its last. */
type Span = { from: number; to: number };

/** The members of an object in valid JSON: their values' places, and where the object's own text begins. */
function membersOf(text: string, at: number): { members: Map<string, Span>; open: number } | undefined {
  const open = skipSpace(text, at);
  if (text[open] !== "{") return undefined;
  const members = new Map<string, Span>();
  let next = skipSpace(text, open + 1);
  while (text[next] !== "}") {
    const nameEnd = endOfValue(text, next);
    const from = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const to = endOfValue(text, from);
    members.set(JSON.parse(text.slice(next, nameEnd)), { from, to });
    next = skipSpace(text, to);
    if (text[next] === ",") next = skipSpace(text, next + 1);
  }
  return { members, open };
}

const skipSpace = (text: string, at: number): number => {
  let next = at;
  while (/[ \t\r\n]/.test(text[next] ?? "")) next++;
  return next;
};

function endOfValue(text: string, at: number): number {
  let depth = 0;
  let next = at;
  do {
    const character = text[next];
    if (character === undefined) return next;
    if (character === '"') {
      next++;
      while (text[next] !== '"') next += text[next] === "\\" ? 2 : 1;
    } else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (depth === 0) {
      while (/[^\s,{}[\]:]/.test(text[next] ?? "")) next++;
      return next;
    }
    next++;
  } while (depth > 0);
  return next;
}

/**
 * Puts a member of a member into a JSON object, and leaves every other character of the text as it is.
 *
 * @param text Valid JSON, an object.
 * @returns Undefined where the text is not one whose members can be changed so.
 */
export function putJsonMember(
  text: string,
  [outer, inner]: readonly [string, string],
  value: unknown,
): string | undefined {
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  const line = text.includes("\r\n") ? "\r\n" : "\n";
  const written = (what: unknown, depth: number) =>
    JSON.stringify(what, undefined, unit).replaceAll("\n", `${line}${unit.repeat(depth)}`);
  const root = membersOf(text, text.startsWith("\ufeff") ? 1 : 0);
  if (!root) return undefined;
  const put = (open: number, isEmpty: boolean, name: string, what: unknown, depth: number) => {
    const rest = text.slice(open + 1);
    const begin = `${line}${unit.repeat(depth)}${JSON.stringify(name)}: ${written(what, depth)}`;
    return isEmpty
      ? `${text.slice(0, open + 1)}${begin}${line}${unit.repeat(depth - 1)}${rest.trimStart()}`
      : `${text.slice(0, open + 1)}${begin},${rest}`;
  };
  const servers = root.members.get(outer);
  if (!servers) return put(root.open, root.members.size === 0, outer, { [inner]: value }, 1);
  const group = membersOf(text, servers.from);
  if (!group) return undefined;
  const old = group.members.get(inner);
  if (old) return text.slice(0, old.from) + written(value, 2) + text.slice(old.to);
  return put(group.open, group.members.size === 0, inner, value, 2);
}
