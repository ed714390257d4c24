import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import express from "express";
import { DevChainError } from "./DevChainError.ts";

/** The page, being served. */
export type ServedPage = {
  /** `http://localhost:<port>/`: passkeys need the name, an address will not do. */
  url: string;
  /** Stops serving it. */
  close(): Promise<void>;
};

/** A chain that the page is told of. */
export type PageChain = {
  id: number;
  /** As the page shows it. */
  name: string;
  /** JSON-RPC: by https, or on this machine. */
  rpc: string;
  /** The chain's USDC, if the SDK does not know it. */
  usdc?: string;
  /** A block explorer's URL. */
  explorer?: string;
  /** Safe's shared signer for passkeys, if it is not at its canonical address. */
  sharedSigner?: string;
};

/** How the page is served. */
export type ServePageParameters = {
  /** Of this machine. Default: a free one. */
  port?: number;
  /** What `config.json` beside the page says. */
  config: { chains?: readonly PageChain[] };
  /** Of a built page. Default: the one in `@latchkey/page`. */
  folder?: string;
};

/** @throws {DevChainError} NO_PAGE. */
function installedPage(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("@latchkey/page/package.json")), "dist");
  } catch (cause) {
    throw new DevChainError("NO_PAGE", "@latchkey/page is not installed. Install @latchkey/devchain again.", {
      cause,
    });
  }
}

/**
 * Serves the page where an owner reviews, allows, monitors and stops agents, to browsers of this machine, with the headers
 * that every host of the page should send.
 *
 * @throws {DevChainError} PORT_TAKEN or NO_PAGE.
 *
 * @example
 * const page = await servePage({
 *   port: 4173,
 *   config: { chains: [{ id: 31_337, name: "Local chain", rpc: "http://127.0.0.1:8545" }] },
 * });
 */
export async function servePage(parameters: ServePageParameters): Promise<ServedPage> {
  const { port = 0, config, folder = installedPage() } = parameters;
  if (!existsSync(join(folder, "index.html")))
    throw new DevChainError("NO_PAGE", `The page is not built: ${folder} has no index.html.`);
  const app = express();
  app.disable("x-powered-by");
  app.use((_request, response, next) => {
    response.set({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      // A script that opened the page cannot control it, and cannot change its address under the reader.
      "cross-origin-opener-policy": "same-origin",
    });
    next();
  });
  app.get("/config.json", (_request, response) => void response.json(config));
  app.use(express.static(folder, { dotfiles: "ignore" }));
  const server = await new Promise<Server>((done, fail) => {
    const opened = app.listen(port, "127.0.0.1", (error?: Error) => {
      if (!error) return done(opened);
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      fail(
        isTaken
          ? new DevChainError("PORT_TAKEN", `Port ${port} is taken by another program: 0 takes a free one.`)
          : error,
      );
    });
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
