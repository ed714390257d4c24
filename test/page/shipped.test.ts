import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { BUILT_PAGE } from "./environment/PageWorld.ts";

const read = (file: string) => readFileSync(join(BUILT_PAGE, file));

describe("The built page", () => {
  it("is under 200 kB of compressed script (gzip), all of it together", () => {
    const scripts = globSync("**/*.js", { cwd: BUILT_PAGE });
    expect(scripts).not.to.be.empty;
    const sizes = scripts.map((file) => gzipSync(read(file), { level: 9 }).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // Less would mean that what was measured is not the page.
    expect(total).to.be.within(50_000, 200_000);
  });

  it("forbids everything it does not need in its policy", () => {
    const [, policy = ""] =
      /<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(`${read("index.html")}`) ?? [];
    const directives = Object.fromEntries(
      policy.split(";").map((directive) => {
        const [name = "", ...sources] = directive.trim().split(/\s+/);
        return [name, sources.join(" ")];
      }),
    );
    expect(directives).to.deep.include({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
    });
    expect(policy).not.to.match(/unsafe|\*(?!;|\s|$)|http:(?!\/\/(127\.0\.0\.1|localhost):\*)/);
  });

  it("has its policy before anything that is loaded", () => {
    const html = `${read("index.html")}`;
    const first = html.search(/<(script|link|img|iframe)\b/);
    expect(html.indexOf("Content-Security-Policy")).to.be.within(1, first);
  });

  it("loads nothing from elsewhere, and has no script or style in the HTML", () => {
    const html = `${read("index.html")}`;
    expect(html).not.to.match(/(?:src|href)="(?:https?:)?\/\//);
    expect(html).not.to.match(/<style|\sstyle=|\son\w+=/i);
    for (const [script] of html.matchAll(/<script\b[^>]*>/g)) expect(script).to.include("src=");
  });

  it("evaluates no text as code, and inserts no HTML from text", () => {
    for (const file of globSync("**/*.js", { cwd: BUILT_PAGE })) {
      const script = `${read(file)}`;
      expect(script, file).not.to.match(/\beval\(|\bnew Function\(/);
    }
    const sources = globSync("src/**/*.{ts,tsx}", { cwd: join(BUILT_PAGE, "..") });
    expect(sources).not.to.be.empty;
    for (const file of sources)
      expect(`${read(join("..", file))}`, file).not.to.match(
        /dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML|document\.write/,
      );
  });

  it("works under any path, as it names its own files relatively", () => {
    const html = `${read("index.html")}`;
    const named = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url = ""]) => url);
    expect(named.filter((url) => url.startsWith("/"))).to.be.empty;
  });
});
