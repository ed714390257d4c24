import { existsSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import express from "express";
import { PageError } from "./PageError.ts";

/** The page, being served. */
export type ServedPage = {
  /** `http://localhost:<port>/`: passkeys need the name, an address will not do. */
  url: string;
  close(): Promise<void>;
};

const built = resolve(import.meta.dirname, "../../packages/page/dist");

/**
 * Serves the built page to browsers of this machine.
 *
 * @param parameters.port 0: a free one.
 * @param parameters.config What `config.json` beside the page says.
 * @param parameters.folder Of the built page.
 * @throws {PageError} The port is taken, or the page is not built.
 */
export async function servePage(parameters: {
  port: number;
  config: unknown;
  folder?: string;
}): Promise<ServedPage> {
  const { port, config, folder = built } = parameters;
  if (!existsSync(join(folder, "index.html")))
    throw new PageError("The page is not built: run npm run build --workspace @latchkey/page");
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
          ? new PageError(`Port ${port} is taken by another program: say --port 0 for a free one.`)
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
