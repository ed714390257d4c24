import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { Refusal } from "@latchkey/sdk";
import { expect } from "chai";
import { EXIT, exitCodeOf } from "#cli/core/exitCodes.ts";
import { failureOf } from "#cli/core/failureOf.ts";
import { homeFolder, listSessionNames, makeSessionFolder } from "#cli/core/home.ts";
import { openOutput, printable } from "#cli/core/output.ts";
import { readSettings, writeSettings } from "#cli/core/settings.ts";
import { errorCatalogue } from "#sdk/errors/errorCatalogue.ts";
import { scratchFolder } from "./latchkey.ts";

describe("the folder of latchkey", () => {
  it("is LATCHKEY_HOME, or latchkey in the user's folder for settings", () => {
    const dot = join(homedir(), ".config");
    expect(homeFolder({ LATCHKEY_HOME: "/a/b" }, "linux")).to.equal("/a/b");
    expect(homeFolder({ LATCHKEY_HOME: "b" }, "linux")).to.equal(resolve("b"));
    expect(homeFolder({ XDG_CONFIG_HOME: "/x" }, "linux")).to.equal("/x/latchkey");
    expect(homeFolder({ XDG_CONFIG_HOME: "x" }, "linux")).to.equal(join(dot, "latchkey"));
    expect(homeFolder({ LATCHKEY_HOME: "", XDG_CONFIG_HOME: "" }, "darwin")).to.equal(join(dot, "latchkey"));
    expect(homeFolder({ APPDATA: "/roaming", XDG_CONFIG_HOME: "/x" }, "win32")).to.equal("/roaming/latchkey");
    expect(homeFolder({}, "win32")).to.equal(join(homedir(), "AppData/Roaming/latchkey"));
  });

  it("lists its sessions, and nothing else that lies there", async () => {
    const { path, remove } = await scratchFolder();
    expect(await listSessionNames(path)).to.deep.equal([]);
    await makeSessionFolder(path, "research");
    await makeSessionFolder(path, "default");
    writeFileSync(join(path, "sessions/file"), "");
    mkdirSync(join(path, "sessions/.git"));
    expect(await listSessionNames(path)).to.deep.equal(["default", "research"]);
    await remove();
  });
});

describe("a session's settings", () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ path: folder, remove } = await scratchFolder());
  });
  afterEach(() => remove());
  const failed = async () =>
    failureOf(await readSettings(folder).catch((error) => error), { interrupted: false });

  it("are empty where there is no file, and afterwards what was written, for their user alone", async () => {
    expect(await readSettings(folder)).to.deep.equal({});
    const settings = { rpc: "http://127.0.0.1:8545", chainId: 31_337, name: "Research Bot" };
    await writeSettings(folder, settings);
    expect(await readSettings(folder)).to.deep.equal(settings);
    await writeSettings(folder, { ...settings, page: "http://localhost:4173/" });
    expect(await readSettings(folder)).to.deep.equal({ ...settings, page: "http://localhost:4173/" });
    expect(statSync(join(folder, "settings.json")).mode & 0o777).to.equal(0o600);
  });

  it("are refused where they are damaged, or of a later version, with 7", async () => {
    for (const text of [
      "",
      "{",
      "[]",
      "null",
      '{"version":1,"rpc":5}',
      '{"version":1,"color":"red"}',
      "{}",
    ]) {
      writeFileSync(join(folder, "settings.json"), text);
      expect(await failed(), text).to.include({ code: "FOLDER", exitCode: 7 });
    }
    writeFileSync(join(folder, "settings.json"), '{"version":2,"rpc":{"url":"x"}}');
    const { message, whatToDo } = await failed();
    expect(message).to.match(/has version 2, which is newer/);
    expect(whatToDo).to.deep.equal(["Update latchkey."]);
    expect(readFileSync(join(folder, "settings.json"), "utf8")).to.include('"version":2');
  });
});

describe("what is printed", () => {
  const opened = (parameters: { json: boolean; isTTY?: boolean; env?: NodeJS.ProcessEnv }) => {
    const { json, isTTY = false, env = {} } = parameters;
    const [stdout, stderr] = [new PassThrough(), new PassThrough()].map((stream) =>
      Object.assign(stream, { isTTY }),
    );
    if (!stdout || !stderr) throw new Error("no streams");
    const output = openOutput({ json, stdout, stderr, env });
    const read = () => ({ stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") });
    return { output, read };
  };
  const failure = {
    code: "PERIOD",
    message: "2 USDC exceeds what is left.",
    whatToDo: ["Wait.", "Or ask for more."],
    details: { remaining: 5n },
    exitCode: EXIT.refused,
  };

  it("is text without --json, a result on stdout and the rest on stderr", () => {
    const { output, read } = opened({ json: false });
    output.print({ amount: 1n }, "1 USDC");
    output.note("waiting");
    output.failure(failure);
    expect(read()).to.deep.equal({
      stdout: "1 USDC\n",
      stderr: "waiting\nerror: 2 USDC exceeds what is left. (PERIOD)\nWait.\nOr ask for more.\n",
    });
  });

  it("is JSON with --json, one object a line, bigints as decimal strings, and no notes", () => {
    const { output, read } = opened({ json: true });
    output.print({ amount: 2n ** 80n, list: [1n] }, "text");
    output.note("waiting");
    output.failure(failure);
    const { stdout, stderr } = read();
    expect(stdout).to.equal('{"amount":"1208925819614629174706176","list":["1"]}\n');
    expect(JSON.parse(stderr)).to.deep.equal({ ...failure, details: { remaining: "5" } });
    expect(stderr.match(/\n/g)).to.have.length(1);
  });

  it("has colours in terminals alone, and none with NO_COLOR or TERM=dumb", () => {
    const printed = (parameters: { isTTY?: boolean; env?: NodeJS.ProcessEnv }) => {
      const { output, read } = opened({ json: false, ...parameters });
      output.print({}, output.bold("bold"));
      output.failure(failure);
      const { stdout, stderr } = read();
      return stdout + stderr;
    };
    const esc = String.fromCharCode(27);
    expect(printed({ isTTY: true }))
      .to.include(`${esc}[1mbold${esc}[0m`)
      .and.include(`${esc}[31merror:`);
    for (const parameters of [
      {},
      { isTTY: true, env: { NO_COLOR: "1" } },
      { isTTY: true, env: { TERM: "dumb" } },
    ])
      expect(printed(parameters)).not.to.include(esc);
  });

  it("has no control characters of others", () => {
    const code = (...numbers: number[]) => String.fromCharCode(...numbers);
    const hostile = `a${code(27)}[2Jb${code(13)}c${code(7, 0x9b)}31md${code(0x202e)}e\n\tf${code(27)}[31mg`;
    expect(printable(hostile)).to.equal("a[2Jbc31mde\n\tfg");
    expect(printable(hostile, true)).to.equal(`a[2Jbc31mde\n\tf${code(27)}[31mg`);
  });
});

describe("how latchkey ends", () => {
  const refusal = (code: keyof typeof errorCatalogue, details = {}) =>
    failureOf(new Refusal({ code, shortMessage: "x", metaMessages: ["y"], details }), { interrupted: false });

  it("has a number for each group of refusals, and 3 for those of limits and rules", async () => {
    const groups = Map.groupBy(Object.keys(errorCatalogue), exitCodeOf);
    expect([...groups.keys()].sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    for (const code of [
      "PER_TRANSACTION",
      "PERIOD",
      "RECIPIENT",
      "TOKEN_INSUFFICIENT_BALANCE",
      "NOT_OFFERED",
    ])
      expect(groups.get(3)).to.include(code);
    for (const code of ["NOT_GRANTED", "EXPIRED", "REVOKED", "DECLINED"])
      expect(groups.get(4)).to.include(code);
    expect(groups.get(5)).to.include("NETWORK");
    expect(groups.get(6)).to.deep.equal(["OUTCOME_UNKNOWN"]);
    expect(groups.get(7)).to.include.members(["STORE", "KEY_FILE", "GRANT_FILE"]);
    expect((await refusal("INVALID_GRANT")).exitCode).to.equal(4);
    expect((await refusal("INVALID_GRANT", { path: "grant.json" })).exitCode).to.equal(7);
  });

  it("is 130 after Ctrl-C, unless a payment's outcome is unknown", async () => {
    const interrupted = { interrupted: true };
    const aborted = new DOMException("This operation was aborted", "AbortError");
    expect(await failureOf(aborted, interrupted)).to.include({ code: "INTERRUPTED", exitCode: 130 });
    const unknown = new Refusal({ code: "OUTCOME_UNKNOWN", shortMessage: "x", metaMessages: ["y"] });
    expect(await failureOf(unknown, interrupted)).to.include({ code: "OUTCOME_UNKNOWN", exitCode: 6 });
  });

  it("is 7 for what a disk says, and 1 for what nobody expected", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(await failureOf(full, { interrupted: false })).to.include({ code: "DISK", exitCode: 7 });
    expect(await failureOf(new TypeError("x is not a function"), { interrupted: false })).to.include({
      code: "UNEXPECTED",
      exitCode: 1,
    });
  });
});
