import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { getTransactionCount } from "viem/actions";
import { ROOT } from "../../scripts/deploy/CompiledContract.ts";
import { newFolder, newServer, removeFolders } from "./deployChain.ts";
import { environmentOf, runCommand, setInKeystore } from "./runCommand.ts";
import { type Answer, runInTerminal } from "./runInTerminal.ts";

describe("the deployer's key and the RPC URL in Hardhat's keystore", function () {
  this.timeout(300_000);
  let server: Awaited<ReturnType<typeof newServer>>;
  let out: string;
  before(async () => {
    server = await newServer("simulatedBase");
    out = await newFolder();
  });
  after(async () => {
    await server.close();
    await removeFolders();
  });
  const sent = () => getTransactionCount(server.test, { address: privateKeyToAccount(server.key).address });
  const node = JSON.stringify(process.execPath);

  it("are overridden by the environment", async () => {
    const config = await newFolder();
    await setInKeystore("LATCHKEY_DEPLOYER_KEY", generatePrivateKey(), config);
    const run = await runCommand("deploy", ["--rpc-url", server.url, "--dry-run", "--out", out], {
      config,
      env: { LATCHKEY_DEPLOYER_KEY: server.key },
    });
    expect(run.stdout).to.contain(`deployer ${privateKeyToAccount(server.key).address}`);
  });

  describe("behind a password", () => {
    const password = "correct horse battery";
    const storing = (secret: string): Answer[] => [
      { question: /secret to store in the production keystore: $/, answer: secret },
      { question: /(Enter the password|confirm your password): $/, answer: password },
    ];
    const asks = { question: /Enter the password: $/, answer: password };
    let config: string;
    const inTerminal = (line: string, answers: readonly Answer[]) =>
      runInTerminal(line, { answers, env: environmentOf({ config }), folder: ROOT });
    const deploy = (answers: readonly Answer[], ...args: string[]) =>
      inTerminal(
        `${node} --no-warnings scripts/deploy.ts --network base --out ${JSON.stringify(out)} ${args.join(" ")}`,
        answers,
      );
    const timesAsked = (shown: string) => shown.split("Enter the password: ").length - 1;

    before(async () => {
      config = await newFolder();
      for (const [name, secret] of [
        ["BASE_RPC_URL", server.url],
        ["LATCHKEY_DEPLOYER_KEY", server.key],
      ] as const) {
        const { code, shown } = await inTerminal(
          `${node} node_modules/hardhat/dist/src/cli.js keystore set ${name}`,
          storing(secret),
        );
        expect(code, shown).to.equal(0);
        expect(shown).to.contain(`Key "${name}" set`).and.not.to.contain(secret);
      }
    });

    it("send nothing when the password is wrong, and the message says so", async () => {
      const { code, shown } = await deploy([{ ...asks, answer: "incorrect horse" }]);
      expect(code, shown).to.equal(2);
      expect(shown).to.contain("the password was wrong");
      expect(await sent()).to.equal(0);
    });

    it("make a command without a terminal fail, instead of waiting for a password", async () => {
      const run = await runCommand("deploy", ["--network", "base", "--out", out, "--json"], { config });
      expect(run.code).to.equal(2);
      expect(JSON.parse(run.stdout).error.code).to.equal("NO_RPC_URL");
      expect(run.stderr).to.contain("there was no terminal to ask for it");
    });

    it("keep a command's JSON clean: the prompt goes to stderr", async () => {
      const json = `${await newFolder()}/plan.json`;
      const { code, shown } = await deploy([asks], "--dry-run", "--json", `> ${json}`);
      expect(code, shown).to.equal(0);
      expect(timesAsked(shown)).to.equal(1);
      expect(JSON.parse(await readFile(json, "utf8"))).to.include({ chainId: 8453, dryRun: true });
    });

    for (const [what, answer] of [
      ["no", "n"],
      ["nothing", ""],
      ["the end of the input", "\u0004"],
    ] as const)
      it(`send nothing when the person at the terminal answers with ${what}`, async () => {
        const { code, shown } = await deploy([asks, { question: /Send\? \[y\/N\] $/, answer }]);
        expect(code, shown).to.equal(1);
        expect(shown).to.contain("Nothing was sent.");
        expect(await sent()).to.equal(0);
      });

    it("deploy after one password and one confirmation, without a confirmation if nothing is missing", async () => {
      const yes = { question: /Send\? \[y\/N\] $/, answer: "y" };
      const first = await deploy([asks, yes]);
      expect(first.code, first.shown).to.equal(0);
      expect(timesAsked(first.shown)).to.equal(1);
      expect(first.shown).not.to.contain(password).and.not.to.contain(server.key.slice(2));
      expect(await sent()).to.equal(4);
      const second = await deploy([asks]);
      expect(second.code, second.shown).to.equal(0);
      expect(second.shown)
        .to.match(/already exists/)
        .and.not.to.contain("Send?");
      expect(await sent()).to.equal(4);
    });

    it("are asked for once by the verification too", async () => {
      const { code, shown } = await inTerminal(
        `${node} --no-warnings scripts/verify.ts --network base --contract SafeSessionHandler --offline ` +
          `--out ${JSON.stringify(out)}`,
        [asks],
      );
      expect(code, shown).to.equal(0);
      expect(timesAsked(shown)).to.equal(1);
    });
  });
});
