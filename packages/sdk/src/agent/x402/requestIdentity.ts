import { bytesToHex, keccak256, toBytes } from "viem";

/**
 * What distinguishes one purchase from another: a request's method, URL and body. Headers do not count, as they may contain a
 * time or a trace. Nor does what differs each time equal content is sent: the boundary between the parts of a form, and
 * the URL's fragment, which no server ever sees.
 *
 * The body is read from a copy, with a method that every browser has: Firefox has no `Request.body`.
 */
export async function requestIdentity(request: Request): Promise<string> {
  const address = new URL(request.url);
  address.hash = "";
  const body = new Uint8Array(await request.clone().arrayBuffer());
  const content = withoutBoundary(body, request.headers.get("content-type") ?? "");
  return `${request.method} ${address.href} ${keccak256(content)}`;
}

/** The parts of a multipart body, without its boundary; any other body as it is. */
function withoutBoundary(body: Uint8Array, contentType: string): Uint8Array {
  const [, quoted, bare] = /^multipart\/.*;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (!boundary) return body;
  // In hex, where a delimiter can only start at an even index: bytes of a file may not be text.
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
  // Not a hex digit, so that nothing in a part can look like its end.
  return toBytes(`multipart|${parts.join("|")}`);
}
