import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createPasskey, installSafe, openTestChain } from "@latchkey/devchain";
import { revokeSession } from "@latchkey/sdk";
import { handoffCode, keyFingerprint, parseHandoffRequest } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { createWalletClient, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";
import type { PageEvent } from "../../scripts/page/PageEvent.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { answerAsNewOwner } from "../sdk/handoff/newOwner.ts";

const root = resolve(import.meta.dirname, "../..");
type Event<name extends PageEvent["event"]> = Extract<PageEvent, { event: name }>;

/** `npm run page` without its build, being read. */
function startPage(...args: string[]) {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--no-warnings", FROM_SOURCES, join(root, "scripts/page.ts"), ...args],
    { cwd: root, stdio: "pipe" },
  );
  const events: PageEvent[] = [];
  let wake = () => {};
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) events.push(JSON.parse(line));
      wake();
    });
  const ended = once(child, "close").then(([code]) => {
    wake();
    return code as number | null;
  });
  let read = 0;
  return {
    child,
    ended,
    errors: () => errors,
    /** The next event of a name; those before it are left out. */
    async next<name extends PageEvent["event"]>(name: name): Promise<Event<name>> {
      for (;;) {
        while (read < events.length) {
          const event = events[read++];
          if (event?.event === name) return event as Event<name>;
        }
        if (child.exitCode !== null) throw new Error(`it ended before ${name}: ${errors}`);
        await new Promise<void>((done) => {
          wake = done;
        });
      }
    },
  };
}

describe("npm run page", function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-page-"));
    await writeFile(join(folder, "index.html"), "<!doctype html><title>Page</title>");
  });
  after(() => rm(folder, { recursive: true }));

  it("has an agent that asks, is funded, pays until its owner stops it, and asks again when told to", async () => {
    const page = startPage("--json", "--port", "0", "--pace", "0.2", "--page", folder);
    try {
      const ready = await page.next("ready");
      const request = parseHandoffRequest(ready.link);
      expect(ready.link.startsWith(`${ready.page}#request=`)).to.equal(true);
      expect(ready.page).to.match(/^http:\/\/localhost:\d+\/$/);
      expect(ready.code).to.equal(handoffCode(request));
      expect(ready.fingerprint).to.equal(keyFingerprint(ready.agent));
      expect(await (await fetch(ready.page)).text()).to.include("<title>Page</title>");
      const config = (await (await fetch(`${ready.page}config.json`)).json()) as { chains: object[] };
      expect(config.chains[0]).to.include({ id: ready.chainId, rpc: ready.rpc, usdc: ready.usdc });
      // A browser's page asks this first.
      const preflight = await fetch(ready.rpc, {
        method: "OPTIONS",
        headers: { origin: ready.page.slice(0, -1), "access-control-request-headers": "content-type" },
      });
      expect(preflight.headers.get("access-control-allow-origin")).to.equal("*");
      expect(preflight.headers.get("access-control-allow-headers")).to.equal("content-type");

      const testChain = await openTestChain(ready.rpc);
      const safe = await installSafe(testChain);
      const latchkey = await installLatchkey(testChain);
      expect(latchkey.module).to.equal(ready.module);
      const passkey = createPasskey();
      const answer = await answerAsNewOwner({ testChain, safe, latchkey, passkey, request });
      const heard = await fetch(request.callback ?? "", {
        method: "POST",
        headers: { origin: ready.page.slice(0, -1), "content-type": "application/json" },
        body: JSON.stringify(answer),
      });
      expect(heard.status).to.equal(200);
      const { account } = answer.grant.session;
      expect(await page.next("granted")).to.include({ account, transactions: 1 });
      expect(await page.next("funded")).to.include({ account, amount: "$100.00" });
      const paid = [await page.next("paid"), await page.next("paid")];
      expect(new Set(paid.map(({ transaction }) => transaction)).size).to.equal(2);
      for (const { transaction } of paid) {
        const receipt = await testChain.client.getTransactionReceipt({ hash: transaction });
        expect(receipt.status).to.equal("success");
      }

      const payer = privateKeyToAccount(generatePrivateKey());
      await testChain.setBalance(payer.address, 10n ** 18n);
      const wallet = createWalletClient({ account: payer, transport: http(ready.rpc), pollingInterval: 50 });
      await revokeSession(wallet, {
        grant: answer.grant,
        owner: { ...passkey, signer: safe.passkey.sharedSigner },
      });
      expect(await page.next("stopped")).to.include({ code: "REVOKED" });

      page.child.stdin?.write("\n");
      const again = await page.next("ready");
      expect(again.agent).to.equal(ready.agent);
      expect(again.code).not.to.equal(ready.code);
      page.child.stdin?.write('{"version":1}\n');
      expect(await page.next("refusedAnswer")).to.include({ code: "INVALID_ANSWER" });
      const no = { version: 1, nonce: parseHandoffRequest(again.link).nonce, status: "declined" };
      await writeFile(join(folder, "answer.json"), JSON.stringify(no, undefined, 2));
      page.child.stdin?.write(`${join(folder, "answer.json")}\n`);
      await page.next("declined");

      page.child.kill("SIGINT");
      expect(await page.ended).to.equal(0);
    } finally {
      page.child.kill("SIGKILL");
    }
  });

  for (const [what, args, says] of [
    [
      "an invalid port",
      ["--port", "http"],
      /--port.*'http' is invalid\. Pass a whole number from 0 to 65535\./,
    ],
    [
      "a port beyond the last",
      ["--port", "65536"],
      /'65536' is invalid\. Pass a whole number from 0 to 65535\./,
    ],
    [
      "an invalid pace",
      ["--pace", "fast"],
      /'fast' is invalid\. Pass a number of seconds from 0\.1 to 3600\./,
    ],
    ["an option that is not known", ["--prot", "1"], /unknown option '--prot'.*--port/],
    ["a word too much", ["now"], /too many arguments/],
  ] as const)
    it(`ends with 2 and says why: ${what}`, async () => {
      const page = startPage(...args);
      expect(await page.ended).to.equal(2);
      expect(page.errors())
        .to.match(says)
        .and.to.match(/^error: [^\n]*\(see --help\)\n$/);
    });

  it("ends with 1 and says why without a stack when its port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const page = startPage("--port", `${port}`, "--page", folder);
    expect(await page.ended).to.equal(1);
    other.close();
    expect(page.errors()).to.match(new RegExp(`^Port ${port} is taken by another program[^\n]*\n$`));
  });
});
