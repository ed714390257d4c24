import { bytesToHex, keccak256, toBytes } from "viem";

/**
 * What tells one purchase from another: a request's method, address and body. Headers do not count, as they may carry a
 * time or a trace. Nor does what differs each time equal content is sent: the boundary between the parts of a form, and
 * the address's fragment, which no server ever sees.
 *
 * The body is read from a copy, by a method that every browser has: Firefox has no `Request.body`.
 */
export async function requestIdentity(request: Request): Promise<string> {
  const address = new URL(request.url);
  address.hash = "";
  const body = new Uint8Array(await request.clone().arrayBuffer());
  const content = withoutBoundary(body, request.headers.get("content-type") ?? "");
  return `${request.method} ${address.href} ${keccak256(content)}`;
}

/** The parts of a multipart body, whatever stood between them; any other body as it is. */
function withoutBoundary(body: Uint8Array, contentType: string): Uint8Array {
  const [, quoted, bare] = /^multipart\/.*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (!boundary) return body;
  // In hex, where a delimiter can only begin at an even place: bytes of a file need not be text.
  const delimiter = bytesToHex(toBytes(`--${boundary}`)).slice(2);
  const hex = bytesToHex(body).slice(2);
  const parts: string[] = [];
  let from = 0;
  for (let at = hex.indexOf(delimiter); at >= 0; at = hex.indexOf(delimiter, at + 1)) {
    if (at % 2 !== 0 || at < from) continue;
    parts.push(hex.slice(from, at));
    from = at + delimiter.length;
  }
  parts.push(hex.slice(from));
  // No digit, so that nothing in a part can pass for the end of it.
  return toBytes(`multipart|${parts.join("|")}`);
}
