import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DevChainError, type ServePageParameters, servePage } from "@latchkey/devchain";
import { expect } from "chai";

/** What serving fails with. */
const failureOf = (parameters: ServePageParameters) =>
  servePage(parameters).then(
    () => expect.fail("it is served"),
    (error: unknown) => error as DevChainError,
  );

describe("servePage", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-page-"));
    await writeFile(join(folder, "index.html"), "<!doctype html><title>Page</title>");
    await writeFile(join(folder, ".secret"), "hidden");
    await writeFile(join(folder, "config.json"), '{"chains":[]}');
  });
  after(() => rm(folder, { recursive: true }));

  it("names the port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const error = await failureOf({ port, config: {}, folder });
    other.close();
    expect(error).to.be.instanceOf(DevChainError);
    expect(error.code).to.equal("PORT_TAKEN");
    expect(error.message).to.match(new RegExp(`^Port ${port} is taken`));
  });

  it("names the folder in which no page is built", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    const error = await failureOf({ port: 0, config: {}, folder: empty });
    expect(error.code).to.equal("NO_PAGE");
    expect(error.message)
      .to.match(/^The page is not built/)
      .and.to.include(empty);
  });

  it("serves its folder only, with what it is told for config.json", async () => {
    const chains = [{ id: 31_337, name: "Local chain", rpc: "http://127.0.0.1:8545" }];
    const page = await servePage({ config: { chains }, folder });
    try {
      expect(page.url).to.match(/^http:\/\/localhost:\d+\/$/);
      expect(await (await fetch(page.url)).text()).to.include("<title>Page</title>");
      expect(await (await fetch(`${page.url}config.json`)).json()).to.deep.equal({ chains });
      expect((await fetch(`${page.url}..%2f..%2fetc%2fpasswd`)).status).to.be.within(400, 404);
      expect((await fetch(`${page.url}package.json`)).status).to.equal(404);
      expect((await fetch(`${page.url}.secret`)).status).to.equal(404);
    } finally {
      await page.close();
    }
  });

  it("sends the headers that every host of the page should send, with each answer", async () => {
    const page = await servePage({ config: {}, folder });
    try {
      for (const path of ["", "config.json", "missing"]) {
        const { headers } = await fetch(page.url + path);
        expect(headers.get("content-security-policy"), path).to.match(
          /^(frame-ancestors|default-src) 'none'$/,
        );
        expect(headers.get("cross-origin-opener-policy"), path).to.equal("same-origin");
        expect(headers.get("referrer-policy"), path).to.equal("no-referrer");
        expect(headers.get("x-content-type-options"), path).to.equal("nosniff");
        expect(headers.get("cache-control"), path).to.equal("no-store");
        expect(headers.get("x-powered-by"), path).to.equal(null);
      }
    } finally {
      await page.close();
    }
  });
});
