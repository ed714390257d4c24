/** What a request has where its sender chose nothing. */
const DEFAULTS = {
  cache: "default",
  credentials: "same-origin",
  integrity: "",
  keepalive: false,
  mode: "cors",
  redirect: "follow",
  referrer: "about:client",
  referrerPolicy: "",
} as const;

/**
 * Sends a request as a URL and options. A `Request` of the runtime is rejected by other `fetch` functions, such as those of
 * undici and node-fetch. Only options that differ from the defaults are passed: some runtimes reject those that they do
 * not know, whatever their value.
 *
 * @param send The `fetch` to use.
 * @param request Stays unread, so that it can be sent again.
 * @param options.headers Added to the request's own.
 * @param options.signal Default: the request's own.
 */
export async function sendRequest(
  send: typeof globalThis.fetch,
  request: Request,
  {
    headers: added = {},
    signal = request.signal,
  }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    headers[name] = value;
  });
  const chosen: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const own = request[name as keyof typeof DEFAULTS] as unknown;
    if (own !== undefined && own !== value) chosen[name] = own;
  }
  const body = await request.clone().arrayBuffer();
  return send(request.url, {
    ...chosen,
    method: request.method,
    headers: { ...headers, ...added },
    signal,
    ...(body.byteLength > 0 ? { body } : {}),
  });
}
