import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isAddress } from "viem";
import { latchkey, scratchFolder } from "./latchkey.ts";

describe("latchkey keygen", function () {
  this.timeout(60_000);
  let home: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    const { path, remove: removeIt } = await scratchFolder();
    [home, remove] = [join(path, "home"), removeIt];
  });
  afterEach(() => remove());
  const secretIn = (folder: string): string =>
    JSON.parse(readFileSync(join(folder, "key.json"), "utf8")).privateKey ?? "";

  it("creates a key in a folder that only its user can read, and prints its address alone", async () => {
    const { code, stdout, stderr } = await latchkey({ home }, "keygen", "--json");
    expect(stderr).to.equal("");
    expect(code).to.equal(0);
    const { address, fingerprint, file, created } = JSON.parse(stdout);
    expect(isAddress(address)).to.equal(true);
    expect(fingerprint).to.match(/^[0-9A-Z-]{14}$/);
    expect(created).to.equal(true);
    const folder = join(home, "sessions/default");
    expect(file).to.equal(join(folder, "key.json"));
    for (const path of [home, join(home, "sessions"), folder])
      expect(statSync(path).mode & 0o777).to.equal(0o700);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(secretIn(folder)).to.match(/^0x[0-9a-f]{64}$/);
    expect(stdout).not.to.include(secretIn(folder).slice(2));
  });

  it("keeps a key that is there, and says so", async () => {
    const first = JSON.parse((await latchkey({ home }, "keygen", "--json")).stdout);
    const second = JSON.parse((await latchkey({ home }, "keygen", "--json")).stdout);
    expect(second).to.deep.equal({ ...first, created: false });
    const { stdout } = await latchkey({ home }, "keygen");
    expect(stdout).to.equal(`${first.address}\nKey in ${first.file}\n`);
  });

  it("has a key for each session", async () => {
    const keys = await Promise.all(
      ["default", "research", "fleet-2"].map(async (session) =>
        JSON.parse((await latchkey({ home }, "keygen", "--session", session, "--json")).stdout),
      ),
    );
    expect(new Set(keys.map(({ address }) => address)).size).to.equal(3);
  });

  for (const name of ["..", "../x", "a/b", "Default", "", ".hidden", "a".repeat(65), "a b"])
    it(`refuses ${JSON.stringify(name)} as a session's name, in one line, with 2`, async () => {
      const { code, stdout, stderr } = await latchkey({ home }, "keygen", "--session", name);
      expect(stdout).to.equal("");
      expect(stderr).to.match(/^error: ".*" is not a name for a session.*\n$/);
      expect(code).to.equal(2);
    });

  it("does not replace a damaged key, and exits with 7", async () => {
    const folder = join(home, "sessions/default");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "key.json"), "{", { mode: 0o600 });
    const { code, stdout, stderr } = await latchkey({ home }, "keygen", "--json");
    expect(stdout).to.equal("");
    expect(JSON.parse(stderr)).to.include({ code: "KEY_FILE", exitCode: 7 });
    expect(code).to.equal(7);
    expect(readFileSync(join(folder, "key.json"), "utf8")).to.equal("{");
  });

  it("refuses a key that others can read, and exits with 7", async () => {
    await latchkey({ home }, "keygen");
    const folder = join(home, "sessions/default");
    chmodSync(join(folder, "key.json"), 0o644);
    const { code, stderr } = await latchkey({ home }, "keygen");
    expect(stderr).to.match(/^error: The key file .*\(KEY_FILE\)\n/);
    expect(stderr).not.to.include(secretIn(folder).slice(2));
    expect(code).to.equal(7);
  });

  it("says what is wrong where the folder cannot be made, and exits with 7", async () => {
    writeFileSync(home, "a file");
    const { code, stdout, stderr } = await latchkey({ home }, "keygen", "--json");
    expect(stdout).to.equal("");
    expect(JSON.parse(stderr)).to.include({ code: "DISK", exitCode: 7 });
    expect(code).to.equal(7);
  });
});
