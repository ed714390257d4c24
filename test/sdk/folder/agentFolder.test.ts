import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRefusal, type RefusalCode } from "@latchkey/sdk";
import { agentFolder } from "@latchkey/sdk/node";
import { expect } from "chai";

/** The refusal of an attempt. */
async function refusalOf(attempt: Promise<unknown>): Promise<{ code: RefusalCode; message: string }> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  throw new Error("not refused");
}
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe("an agent's folder", () => {
  let parent: string;
  let dir: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "latchkey-folder-"));
    dir = join(parent, "agents", "research");
  });
  afterEach(() => rm(parent, { recursive: true }));

  it("is created for its user alone, with a key that stays", async () => {
    const folder = await agentFolder(dir);
    const { address } = await folder.key();
    expect(await modeOf(dir)).to.equal("700");
    for (const name of ["agent.json", "key.json"])
      expect(await modeOf(join(dir, name)), name).to.equal("600");
    expect((await (await agentFolder(dir)).key()).address).to.equal(address);
    expect(await folder.grant()).to.equal(undefined);
    expect(await folder.pending.read()).to.equal(undefined);
  });

  it("is made once by several that open it at the same time", async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => agentFolder(dir)));
    const keys = await Promise.all(opened.map((folder) => folder.key()));
    expect(new Set(keys.map(({ address }) => address)).size).to.equal(1);
  });

  for (const mode of [0o750, 0o705, 0o770, 0o777])
    it(`is refused with mode ${mode.toString(8)}, which lets others in`, async () => {
      await mkdir(dir, { recursive: true });
      await chmod(dir, mode);
      const { code, message } = await refusalOf(agentFolder(dir));
      expect(code).to.equal("FOLDER");
      expect(message).to.contain(`chmod 700 ${dir}`);
    });

  it("is refused where its path is a file, or leads through one", async () => {
    await writeFile(join(parent, "agents"), "");
    expect((await refusalOf(agentFolder(join(parent, "agents")))).code).to.equal("FOLDER");
    expect((await refusalOf(agentFolder(dir))).code).to.equal("FOLDER");
  });

  for (const dir of ["", undefined, 7])
    it(`is refused as ${JSON.stringify(dir)}, which is not a path`, async () => {
      expect((await refusalOf(agentFolder(dir as string))).code).to.equal("FOLDER");
    });

  it("is refused if a later version has written it, and stays as it is", async () => {
    await agentFolder(dir);
    const later = JSON.stringify({ format: "latchkey-agent", version: 2, more: true });
    await writeFile(join(dir, "agent.json"), later);
    const { code, message } = await refusalOf(agentFolder(dir));
    expect(code).to.equal("FOLDER");
    expect(message).to.contain("later version").and.to.contain("Update");
    expect(await readFile(join(dir, "agent.json"), "utf8")).to.equal(later);
  });

  for (const text of ["", "{", "[]", JSON.stringify({ format: "other", version: 1 })])
    it(`is refused with ${text || "an empty file"} as its agent.json`, async () => {
      await agentFolder(dir);
      await writeFile(join(dir, "agent.json"), text);
      expect((await refusalOf(agentFolder(dir))).code).to.equal("FOLDER");
    });

  it("reports a grant that is damaged, and does not treat it as missing", async () => {
    const folder = await agentFolder(dir);
    await writeFile(join(dir, "grant.json"), "{");
    expect((await refusalOf(folder.grant())).code).to.equal("INVALID_GRANT");
  });

  it("reports a request that is damaged, without quoting it", async () => {
    const folder = await agentFolder(dir);
    await writeFile(join(dir, "request.json"), '{"format":"latchkey-request","secret":"0x1234"}');
    const { code, message } = await refusalOf(folder.pending.read());
    expect(code).to.equal("FOLDER");
    expect(message).not.to.contain("0x1234");
  });
});
