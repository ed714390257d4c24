import { expect } from "chai";
import { COMMANDS } from "#cli/commands/index.ts";
import { latchkey, scratchFolder } from "./latchkey.ts";

describe("the help of latchkey", function () {
  this.timeout(60_000);
  let home: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ path: home, remove } = await scratchFolder());
  });
  after(() => remove());

  it("lists every command, on at most 100 columns, and ends with 0", async () => {
    const { code, stdout, stderr } = await latchkey({ home }, "--help");
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    for (const { name, summary } of COMMANDS)
      expect(stdout).to.match(new RegExp(`^  ${name}\\b.*${summary}$`, "m"));
    for (const line of stdout.split("\n")) expect(line.length).to.be.at.most(100);
  });

  for (const { name, summary } of COMMANDS) {
    it(`of ${name} has examples`, async () => {
      const { code, stdout, stderr } = await latchkey({ home }, name, "--help");
      expect(stderr).to.equal("");
      expect(code).to.equal(0);
      expect(stdout).to.match(new RegExp(`^Usage: latchkey ${name}\\b`));
      expect(stdout).to.include(summary);
      expect(stdout).to.match(new RegExp(`\nExamples:\n  \\$ latchkey ${name}`));
      for (const line of stdout.split("\n")) expect(line.length, line).to.be.at.most(100);
      expect((await latchkey({ home }, "help", name)).stdout).to.equal(stdout);
    });

    it(`${name} --no-such-option prints one line, and exits with 2`, async () => {
      const { code, stdout, stderr } = await latchkey({ home }, name, "--no-such-option");
      expect(stderr).to.equal("error: unknown option '--no-such-option' (see --help)\n");
      expect(stdout).to.equal("");
      expect(code).to.equal(2);
    });
  }

  it("a command that does not exist is named in one line, with the one that may be meant", async () => {
    const { code, stdout, stderr } = await latchkey({ home }, "keygn");
    expect(stderr).to.equal("error: unknown command 'keygn' (Did you mean keygen?) (see --help)\n");
    expect(stdout).to.equal("");
    expect(code).to.equal(2);
  });

  it("without a command it prints the help to stderr, and exits with 2", async () => {
    const { code, stdout, stderr } = await latchkey({ home });
    expect(stdout).to.equal("");
    expect(stderr).to.match(/^Usage: latchkey /);
    expect(code).to.equal(2);
  });

  it("--version prints the version", async () => {
    const { code, stdout } = await latchkey({ home }, "--version");
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect(code).to.equal(0);
  });

  it("with --json, wrong usage is one JSON object on stderr", async () => {
    const { code, stdout, stderr } = await latchkey({ home }, "--json", "keygen", "--foo");
    expect(stdout).to.equal("");
    expect(JSON.parse(stderr)).to.deep.equal({
      code: "USAGE",
      message: "unknown option '--foo'",
      whatToDo: [],
      details: {},
      exitCode: 2,
    });
    expect(code).to.equal(2);
  });
});
