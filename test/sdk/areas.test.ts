import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as main from "@latchkey/sdk";
import { expect } from "chai";
import { ACCOUNT_KINDS } from "#sdk/accounts/accountAdapterOf.ts";

const sources = resolve(import.meta.dirname, "../../packages/sdk/src");
const all = globSync("**/*.ts", { cwd: sources }).map((path) => path.replaceAll("\\", "/"));
const code = (path: string) =>
  readFileSync(join(sources, path), "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\/\/.*/g, "");

describe("the areas of the SDK's sources", () => {
  it("have nothing beside them but the entries", () => {
    expect(all.filter((path) => !path.includes("/")).sort()).to.deep.equal([
      "erc7579.ts",
      "index.ts",
      "node.ts",
      "redis.ts",
    ]);
  });

  it("put no more before a reader than can be read: 60 functions and classes at most in the main entry", () => {
    const functions = Object.values(main).filter((value) => typeof value === "function");
    expect(functions.length).to.be.within(40, 60);
  });

  it("know the kinds of accounts in accounts/ alone", () => {
    const literal = new RegExp(`"(${ACCOUNT_KINDS.join("|")})"`);
    const elsewhere = all
      .filter((path) => !/^(accounts|generated)\//.test(path) && literal.test(code(path)))
      .sort();
    // What a request or an answer leaves out: the kind that is taken then, and the name of a parameter.
    expect(elsewhere).to.deep.equal([
      "handoff/parseHandoffAnswer.ts",
      "owner/executeAsSafe.ts",
      "propose/proposeSession.ts",
    ]);
    for (const path of elsewhere) expect(code(path), path).not.to.match(/[!=]== "safe"/);
    // The search finds what it is for.
    expect(all.filter((path) => literal.test(code(path))).length).to.be.greaterThan(5);
  });
});
