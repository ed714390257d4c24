import { access, chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { privateKeyToAccount } from "viem/accounts";
import { getTransactionCount } from "viem/actions";
import { EXIT_CODES } from "../../scripts/deploy/DeployError.ts";
import { LIVE_NETWORKS, rpcUrlVariable } from "../../scripts/deploy/liveNetworks.ts";
import { packageVersion } from "../../scripts/deploy/packageVersion.ts";
import { versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { CONTRACTS, newFolder, newServer, removeFolders } from "./deployChain.ts";
import { ETHERSCAN_KEY, openVerifiers } from "./openVerifiers.ts";
import { environmentOf } from "./runCommand.ts";
import { type Answer, runInTerminal } from "./runInTerminal.ts";
import { gitEnvironment, openScratchRepository } from "./scratchRepository.ts";
import { readShellBlocks } from "./shellBlocks.ts";

const page = "docs/deploying.md";
const address = new URL(`../../${page}`, import.meta.url);

/**
 * Stands before npm on the path: `npm ci` would ask the registry, and the packages are there already. All else goes on
 * to npm.
 */
const npmWithoutRegistry = `#!/bin/sh
[ "$1" = ci ] && exit 0
PATH="\${PATH#*:}" exec npm "$@"
`;

describe(page, function () {
  this.timeout(600_000);
  let server: Awaited<ReturnType<typeof newServer>>;
  let verifiers: Awaited<ReturnType<typeof openVerifiers>>;
  let repository: Awaited<ReturnType<typeof openScratchRepository>>;
  let env: NodeJS.ProcessEnv;
  before(async () => {
    server = await newServer("simulatedBase");
    verifiers = await openVerifiers(server.url);
    repository = await openScratchRepository();
    const [config, programs] = await Promise.all([newFolder(), newFolder()]);
    await writeFile(join(programs, "npm"), npmWithoutRegistry);
    await chmod(join(programs, "npm"), 0o755);
    env = environmentOf({
      config,
      env: { ...gitEnvironment, ...verifiers.env, PATH: `${programs}:${process.env.PATH}` },
    });
  });
  after(async () => {
    verifiers?.close();
    await server?.close();
    await removeFolders();
  });

  it("leads from a release to a verified deployment that is on record, command by command", async () => {
    const version = await packageVersion();
    const { folder, git } = repository;
    const sent = () => getTransactionCount(server.test, { address: privateKeyToAccount(server.key).address });
    const versionFile = async (name: string) =>
      JSON.parse(await readFile(versionFilePath(join(folder, "deployments"), version, name), "utf8"));
    const secrets: Record<string, string> = {
      LATCHKEY_DEPLOYER_KEY: server.key,
      BASE_RPC_URL: server.url,
      ETHERSCAN_API_KEY: ETHERSCAN_KEY,
    };
    /** What has to be true after each command of the page. */
    const outcomes: Record<string, (shown: string) => Promise<void> | void> = {
      "npm run release": async (shown) => {
        expect(shown).to.contain(`Version ${version} is released`);
        expect((await versionFile("SafeSessionModule")).released).to.equal(true);
      },
      [`git add deployments && git commit -m "Release ${version}" && git tag v${version}`]: async () => {
        expect(await git("status", "--porcelain")).to.equal("");
        expect(await git("tag", "--points-at", "HEAD")).to.equal(`v${version}`);
      },
      [`git checkout v${version} && npm ci && npm run build`]: async () => {
        expect(await git("status", "--porcelain")).to.equal("");
        await access(join(folder, "packages/sdk/dist/index.js"));
      },
      "npx hardhat keystore set LATCHKEY_DEPLOYER_KEY": (shown) =>
        void expect(shown).to.contain('Key "LATCHKEY_DEPLOYER_KEY" set'),
      "npx hardhat keystore set BASE_RPC_URL": (shown) =>
        void expect(shown).to.contain('Key "BASE_RPC_URL" set'),
      "npm run deploy -- --network base --dry-run": async (shown) => {
        expect(shown.match(/to deploy, up to \d+ gas$/gm)).to.have.length(CONTRACTS.length);
        expect(shown).not.to.contain("is not released");
        expect(await sent()).to.equal(0);
      },
      "npm run deploy -- --network base": async (shown) => {
        expect(shown.match(/deployed in 0x\w{64}, block \d+$/gm)).to.have.length(CONTRACTS.length);
        expect(await sent()).to.equal(CONTRACTS.length);
        for (const name of CONTRACTS)
          expect((await versionFile(name)).networkAddresses).to.deep.equal({ 8453: "canonical" });
      },
      "npx hardhat keystore set ETHERSCAN_API_KEY": (shown) =>
        void expect(shown).to.contain('Key "ETHERSCAN_API_KEY" set'),
      "npm run verify -- --network base": (shown) => {
        for (const name of CONTRACTS)
          for (const provider of ["etherscan", "sourcify"])
            expect(shown).to.contain(`${name}: ${provider} has the sources`);
        expect(verifiers.submissions).to.have.length(2 * CONTRACTS.length);
      },
      "npm run check-deployments": (shown) => void expect(shown).to.contain("8453: as on the chain"),
      "npm run generate": async () => {
        const changed = (await git("status", "--porcelain"))
          .split("\n")
          .map((line) => line.trim().slice(2).trim());
        expect(changed.some((path) => path.startsWith("packages/sdk/src/generated/"))).to.equal(true);
      },
      "git switch --create deployed-on-base": () => {},
      [`git add deployments packages/sdk && git commit -m "Latchkey ${version} on Base"`]: async () => {
        expect(await git("status", "--porcelain")).to.equal("");
        const { commit } = JSON.parse(await git("show", "HEAD:deployments/8453.json")).contracts
          .SafeSessionModule;
        expect(commit).to.equal(await git("rev-parse", `v${version}`));
      },
    };

    const blocks = await readShellBlocks(page);
    // A deployer checks out what a maintainer has released before.
    const isRelease = ({ heading }: { heading: string }) => heading === "Making a release";
    const lines = [...blocks.filter(isRelease), ...blocks.filter((block) => !isRelease(block))].flatMap(
      ({ commands }) => commands,
    );
    expect(lines).to.deep.equal(Object.keys(outcomes));
    for (const line of lines) {
      const [, variable = ""] = /keystore set (\w+)$/.exec(line) ?? [];
      const answers: Answer[] = [
        { question: /secret to store in the production keystore: $/, answer: secrets[variable] ?? "" },
        { question: /(Enter the password|confirm your password): $/, answer: "correct horse battery" },
        { question: /Send\? \[y\/N\] $/, answer: "y" },
      ];
      const { code, shown } = await runInTerminal(line, { answers, env, folder });
      expect(code, `${line}\n${shown}`).to.equal(0);
      for (const secret of [server.key, ETHERSCAN_KEY]) expect(shown, line).not.to.contain(secret);
      await outcomes[line]?.(shown);
    }
  });

  it("names every network with its variable, and every code of a refusal", async () => {
    const text = await readFile(address, "utf8");
    for (const network of Object.keys(LIVE_NETWORKS))
      expect(text)
        .to.contain(`\`${network}\``)
        .and.to.contain(`\`${rpcUrlVariable(network)}\``);
    const named = [...text.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(([, codes = ""]) =>
      codes.split(", ").map((code) => code.replaceAll("`", "")),
    );
    expect(named).to.have.members(Object.keys(EXIT_CODES));
  });

  it("links to files that exist", async () => {
    const text = await readFile(address, "utf8");
    const links = [...text.matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).not.to.deep.equal([]);
    for (const link of links) await access(new URL(link, address));
  });
});
