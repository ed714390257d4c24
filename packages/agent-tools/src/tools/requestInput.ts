import * as z from "zod";

/** Headers that only the paying function may set, or none. */
const RESERVED = /^(payment-signature|x-payment|host|content-length|connection|transfer-encoding)$/i;

/** A request to a shop, as a model writes it. */
export const requestInput = {
  url: z
    .string()
    .max(8000)
    .refine(isPlainUrl, "an http: or https: URL without user and password")
    .describe("The resource to fetch."),
  method: z
    .string()
    .regex(/^[A-Za-z]{1,16}$/)
    .optional()
    .describe('Default: "GET", with a body "POST".'),
  headers: z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/)
        .refine((name) => !RESERVED.test(name), "a header that is set for you"),
      z
        .string()
        .max(8000)
        .regex(/^[\t\x20-\x7e]*$/),
    )
    .optional(),
  body: z.string().max(1_000_000).optional().describe("As text. Give its type in the header content-type."),
};

function isPlainUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

/** What `fetch` takes for it. */
export function requestOf({
  method,
  headers,
  body,
}: {
  method?: string | undefined;
  headers?: { [name: string]: string } | undefined;
  body?: string | undefined;
}): RequestInit {
  return {
    method: (method ?? (body === undefined ? "GET" : "POST")).toUpperCase(),
    ...(headers && { headers }),
    ...(body !== undefined && { body }),
  };
}
