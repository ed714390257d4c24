import { type Address, getAddress, isAddress } from "viem";
import * as z from "zod";

const address = z
  .string()
  .refine((text) => isAddress(text), "no address, or a wrong checksum")
  .transform((text): Address => getAddress(text));

/** Where a chain is asked: encrypted, or on this machine. */
export const rpcUrl = z
  .string()
  .max(2000)
  .refine(isRpcUrl, "an address that begins with https://, or http:// on this machine");

const localChain = z.strictObject({
  id: z.number().int().positive(),
  name: z.string().min(1).max(40),
  rpc: rpcUrl,
  /** The chain's USDC, where it is not one of those that the SDK knows. */
  usdc: address.optional(),
  /** A block explorer: `<explorer>/tx/<hash>` and `<explorer>/address/<address>`. */
  explorer: z
    .string()
    .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "no address of a site")
    .optional(),
  /** Safe's shared signer for passkeys, where it is not at its canonical address. */
  sharedSigner: address.optional(),
});

/** What `config.json` beside the page may say: chains that the page does not know by itself, such as a local one. */
export const pageConfig = z.object({ chains: z.array(localChain).max(32).default([]) });

/** See {@link pageConfig}. */
export type PageConfig = z.output<typeof pageConfig>;

/** Whether the page's policy lets it connect there. */
export function isRpcUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1"].includes(hostname));
}

/**
 * Reads `config.json` beside the page. A page without one, or with one that cannot be read, knows the public chains only.
 *
 * @throws {z.ZodError} The file is there and says something else: better no page than one that talks to the wrong chain.
 */
export async function loadConfig(): Promise<PageConfig> {
  const answer = await fetch("./config.json", { cache: "no-store" }).catch(() => undefined);
  if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return { chains: [] };
  return pageConfig.parse(await answer.json());
}
