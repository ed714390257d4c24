import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isRefusal } from "@latchkey/sdk";
import { ensureKey, readKeyFile, writeKeyFile } from "@latchkey/sdk/node";
import { expect } from "chai";
import { type Hex, keccak256, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const privateKey: Hex = keccak256(toBytes("the key of the key file tests"));
const { address } = privateKeyToAccount(privateKey);

/** Everything that an error shows in a log, including its causes. */
const shown = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return [error.stack, JSON.stringify(error), shown(error.cause ?? "")].join("\n");
};

async function refusedWith(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isRefusal(error, "KEY_FILE"), String(error)).to.equal(true);
  expect(shown(error).toLowerCase(), "the key stands in the error").not.to.contain(privateKey.slice(2, 14));
  return (error as Error).message;
}

describe("the file of a session's key", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-key-"));
    path = join(folder, "agent.key.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is read with the byte order mark that an editor put before it", async () => {
    await writeKeyFile(path, { privateKey });
    await writeFile(path, `\uFEFF${await readFile(path, "utf8")}`);
    expect((await readKeyFile(path)).address).to.equal(address);
  });

  it("holds a new key, which comes back as a viem account that signs", async () => {
    const made = await writeKeyFile(path);
    const read = await readKeyFile(path);
    expect(read.address).to.equal(made.address);
    const hash = keccak256("0x01");
    expect(await read.sign({ hash })).to.equal(await made.sign({ hash }));
    expect((await writeKeyFile(join(folder, "another"))).address).not.to.equal(made.address);
  });

  it("holds a key that there is already", async () => {
    expect((await writeKeyFile(path, { privateKey })).address).to.equal(address);
    expect((await readKeyFile(path)).address).to.equal(address);
  });

  it("is readable by its user only, and leaves nothing else behind", async () => {
    await writeKeyFile(path);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(["agent.key.json"]);
  });

  it("never takes the place of another file, also when two are made at once", async () => {
    await writeFile(path, "something dear");
    expect(await refusedWith(writeKeyFile(path, { privateKey }))).to.contain("already exists");
    expect(await readFile(path, "utf8")).to.equal("something dear");
    const name = join(folder, "contested");
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => writeKeyFile(name)));
    const winners = attempts.flatMap((one) => (one.status === "fulfilled" ? [one.value.address] : []));
    expect(winners).to.deep.equal([(await readKeyFile(name)).address]);
    expect((await readdir(folder)).sort()).to.deep.equal(["agent.key.json", "contested"]);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666])
    it(`is not read with mode ${mode.toString(8)}, in which others may touch it`, async function () {
      // Windows has no such modes.
      if (process.platform === "win32") this.skip();
      await writeKeyFile(path, { privateKey });
      await chmod(path, mode);
      const link = join(folder, "link");
      await symlink(path, link);
      for (const name of [path, link])
        expect(await refusedWith(readKeyFile(name))).to.contain(`mode 0${mode.toString(8)}`);
      await chmod(path, 0o400);
      for (const name of [path, link]) expect((await readKeyFile(name)).address).to.equal(address);
    });

  it("is refused where it is not there, is a folder, or cannot be written", async () => {
    expect(await refusedWith(readKeyFile(path))).to.contain("cannot be opened");
    expect(await refusedWith(readKeyFile(folder))).to.contain("is not a file");
    expect(await refusedWith(writeKeyFile(join(folder, "nowhere", "key"), { privateKey }))).to.contain(
      "cannot be written",
    );
  });

  it("is refused where it is damaged, and no error quotes what stands in it", async () => {
    await writeKeyFile(path, { privateKey });
    const text = await readFile(path, "utf8");
    const contents = JSON.parse(text);
    const damaged = [
      privateKey,
      text.slice(0, -10),
      text.replace(privateKey, `${privateKey}00`),
      text.replace(privateKey.slice(-4), "zzzz"),
      JSON.stringify({ ...contents, address: `0x${"11".repeat(20)}` }),
      JSON.stringify({ ...contents, version: 2 }),
      JSON.stringify({ ...contents, mnemonic: privateKey }),
      JSON.stringify({ ...contents, privateKey: `0x${"ff".repeat(32)}`, note: privateKey }),
    ];
    for (const one of damaged) {
      await writeFile(path, one, { mode: 0o600 });
      expect(await refusedWith(readKeyFile(path)), one).to.contain("damaged");
    }
  });

  it("is not created from an invalid key, which is not quoted either", async () => {
    for (const wrong of [privateKey.slice(0, 40), `${privateKey}00`, privateKey.slice(2)])
      expect(await refusedWith(writeKeyFile(path, { privateKey: wrong as Hex }))).to.contain(
        "private key is not valid",
      );
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("is created at the first start, and read at every other", async () => {
    const first = await ensureKey(path);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect((await ensureKey(path)).address).to.equal(first.address);
    expect((await readKeyFile(path)).address).to.equal(first.address);
    expect(await readdir(folder)).to.deep.equal(["agent.key.json"]);
  });

  it("is the same for all agents that start at once, in one process and in several", async () => {
    const keys = await Promise.all(Array.from({ length: 12 }, () => ensureKey(path)));
    expect(new Set(keys.map((key) => key.address)).size).to.equal(1);
    const other = join(folder, "processes");
    const script = fileURLToPath(new URL("ensuredKey.ts", import.meta.url));
    const run = promisify(execFile);
    const started = await Promise.all(
      Array.from({ length: 4 }, () =>
        run(process.execPath, ["--no-warnings", "--conditions=@latchkey/source", script, other]),
      ),
    );
    const { address: kept } = await readKeyFile(other);
    expect(started.map(({ stdout }) => stdout)).to.deep.equal([kept, kept, kept, kept]);
    expect((await readdir(folder)).sort()).to.deep.equal(["agent.key.json", "processes"]);
  }).timeout(60_000);

  it("is never replaced at a start: neither damaged, nor of others, nor where it cannot be made", async () => {
    await writeFile(path, "something dear", { mode: 0o600 });
    expect(await refusedWith(ensureKey(path))).to.contain("damaged");
    expect(await readFile(path, "utf8")).to.equal("something dear");
    if (process.platform !== "win32") {
      await chmod(path, 0o644);
      expect(await refusedWith(ensureKey(path))).to.contain("accessible to other users");
    }
    expect(await refusedWith(ensureKey(join(folder, "nowhere", "key")))).to.contain("cannot be written");
    await symlink(join(folder, "nothing"), join(folder, "dangling"));
    expect(await refusedWith(ensureKey(join(folder, "dangling")))).to.contain("cannot be opened");
  });
});
