import { type Address, getAddress, isAddress } from "viem";
import * as z from "zod/mini";

const address = z.pipe(
  z.string().check(z.refine((text) => isAddress(text), "must be a valid address with a correct checksum")),
  z.transform((text): Address => getAddress(text)),
);

/** An RPC URL: encrypted, or on this machine. */
export const rpcUrl = z
  .string()
  .check(
    z.maxLength(2000),
    z.refine(isRpcUrl, "must be a URL that starts with https://, or http:// on this machine"),
  );

const localChain = z.strictObject({
  id: z.int().check(z.positive()),
  name: z.string().check(z.minLength(1), z.maxLength(40)),
  rpc: rpcUrl,
  /** The chain's USDC, if the SDK does not know it. */
  usdc: z.optional(address),
  /** A block explorer: `<explorer>/tx/<hash>` and `<explorer>/address/<address>`. */
  explorer: z.optional(
    z
      .string()
      .check(z.refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "must be a website's URL")),
  ),
  /** Safe's shared signer for passkeys, if not at its canonical address. */
  sharedSigner: z.optional(address),
});

/** `config.json` next to the page: further chains, such as a local one. */
export const pageConfig = z.object({ chains: z._default(z.array(localChain).check(z.maxLength(32)), []) });

/** See {@link pageConfig}. */
export type PageConfig = z.output<typeof pageConfig>;

/** Whether the page's Content-Security-Policy allows connecting to it. */
export function isRpcUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}

/**
 * Reads `config.json` next to the page. Without one, or if it cannot be loaded, only the public chains are supported.
 *
 * @throws {z.core.$ZodError} The file exists but is invalid: better no page than one that talks to the wrong chain.
 */
export async function loadConfig(): Promise<PageConfig> {
  const answer = await fetch("./config.json", { cache: "no-store" }).catch(() => undefined);
  if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return { chains: [] };
  return pageConfig.parse(await answer.json());
}
