import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";

const root = resolve(import.meta.dirname, "../..");

/** What is read, as globs from the root. Generated files follow from what they are made of. */
const FOLDERS: readonly string[] = [
  "packages/sdk/src/**/*.ts",
  "test/sdk/**/*.ts",
  "scripts/**/*.ts",
  "packages/{accounts,agent-tools,cli,devchain}/**/*.{ts,md}",
  "packages/page/src/**/*.{ts,tsx,css}",
  "packages/sdk/README.md",
  "contracts/**/*.sol",
  "bench/*.ts",
  "{README,CONTRIBUTING,SECURITY}.md",
  "{llms.txt,skills/**/*.md}",
  "docs/!(errors).md",
  "docs/{accounts,recipes}/*.md",
  ".github/**/*.{md,yml}",
  "test/{accounts,agent-tools,bench,bundler,cli,clientBench,contracts,docs,environment,erc7562,fork,mocks,model,package,page,properties,scripts,solidity}/**/*.{ts,sol,md}",
];
/** Nor this list itself. */
const GENERATED = /\/generated\/|\/dist\/|\/node_modules\/|plainWords\.test/;

/** Phrases that are not used, each with what is said instead. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bfor ever\b/, "permanently"],
  [/\b(?:say|says|said|saying) (?:yes|no)\b/, "accept, approve, reject"],
  [/\bwh(?:o|om|at|ose)soever\b|\bwho(?:m)?ever\b/, "anyone who, the one who"],
  [/(?<!\bthere )\b(?:is|are|was|were) none\b/, "is not valid, there is none"],
  [/(?<!\bthere )\b(?:is|are|was) no (?!longer|more|less|\w*er\b)\w+/, "is not a"],
  [/\bof old\b/, "pre-existing"],
  [/\b(?:every sign|\d+ signs)\b/, "character"],
  [/\b(?:stand|stands|stood) by\b/, "approve, has approved"],
  [/\b(?:in|of) no form\b/, "malformed, cannot be parsed"],
  [/\bfor certain\b/, "certainly, available"],
  [/\b(?:taken|takes?|took|taking) (?:\w+ (?:\w+ )?)?back\b/, "revoke"],
  [/\b(?:could|can|cannot) (?:not )?be asked\b/, "cannot be reached"],
  [/\b[Ww]ho (?:is|was) asked\b/, "the signer, the wallet, the node"],
  [/\b(?:the|a) doors?\b/, "entry point"],
  [/\banew\b/, "again"],
  [/\bunbidden\b/, "unless asked"],
];

/** The text without the marks that begin a comment's lines, on one line: a phrase may go on in the next. */
const flow = (text: string) => text.replaceAll(/\n\s*(?:\*\/?|\/\/\/?|>|#+)?\s*/g, " ");

describe("the words of this project", () => {
  for (const folder of FOLDERS)
    it(`are plain in ${folder}`, () => {
      const paths = globSync(folder, { cwd: root }).filter((path) => !GENERATED.test(`/${path}`));
      expect(paths).not.to.have.lengthOf(0);
      const found = paths.flatMap((path) => {
        const text = flow(readFileSync(join(root, path), "utf8"));
        return PHRASES.flatMap(([phrase, instead]) =>
          [...text.matchAll(new RegExp(phrase, "gi"))].map(
            ({ 0: said, index }) =>
              `${path}: "${said}" in "${text.slice(Math.max(0, index - 40), index + 60)}", say ${instead}`,
          ),
        );
      });
      expect(found, found.join("\n")).to.deep.equal([]);
    });

  it("are looked for where a phrase goes on in the next line, and whatever its case", () => {
    const said = flow("/**\n * For\n * ever.\n */");
    expect(PHRASES.some(([phrase]) => new RegExp(phrase, "gi").test(said))).to.equal(true);
  });
});
