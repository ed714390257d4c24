import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { ENDS_WITH_PARENT, startBundler } from "../environment/erc7579/bundler.ts";
import { refusal } from "../environment/refusal.ts";
import { bundledAccount, mallory, useBundler, world } from "./fixture.ts";

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Whether the process ends within some seconds. */
async function ends(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20))
    if (!isAlive(pid)) return true;
  return false;
}

describe("the process of the bundler", function () {
  this.timeout(60_000);
  useBundler();

  it("answers, until it is closed", async () => {
    const { address } = bundledAccount("Nexus 1.0.0").entryPoint;
    const { url, chainUrl, close } = await startBundler(world().testChain, [address]);
    const ask = (url: string, method: string) =>
      fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }),
      });
    expect(await (await ask(url, "eth_supportedEntryPoints")).json()).to.deep.include({ result: [address] });
    expect((await ask(chainUrl, "eth_chainId")).ok).to.equal(true);
    await close();
    expect(await refusal(ask(url, "eth_supportedEntryPoints"))).to.include("fetch failed");
    expect(await refusal(ask(chainUrl, "eth_chainId"))).to.include("fetch failed");
  });
  it("exits with a reason if it cannot start", async () => {
    expect(await refusal(startBundler(world().testChain, [mallory]))).to.include("does not exist");
  });
  it("ends when the process that started it is killed", async () => {
    const child = JSON.stringify([...ENDS_WITH_PARENT, "--eval", "setInterval(() => {}, 1000)"]);
    const parent: ChildProcess = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { spawn } from "node:child_process";
         const child = spawn(process.execPath, ${child}, { stdio: ["pipe", "ignore", "ignore"] });
         console.log(child.pid);
         setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(parent.stdout as NodeJS.ReadableStream, "data");
    const pid = Number(String(line));
    expect(isAlive(pid)).to.equal(true);
    parent.kill("SIGKILL");
    expect(await ends(pid)).to.equal(true);
  });
});
