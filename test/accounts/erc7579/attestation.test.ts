import { readFileSync } from "node:fs";
import { removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import { accountIdOf } from "@latchkey/accounts/erc7579/modularAccounts";
import { SAFE_SINGLETON_FACTORY } from "@latchkey/devchain";
import { erc7579Removal } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { artifacts } from "hardhat";
import { getContractAddress, type Hex, keccak256, zeroHash } from "viem";
import { MODULAR_ACCOUNTS } from "../../environment/erc7579/World7579.ts";
import {
  ENABLED,
  erc7579ModuleAbi,
  granterOf,
  install,
  isInitialized,
  sessionOf,
  stateOf,
  useWorld,
  world,
} from "./fixture.ts";

const file = new URL("../../../deployments/attestation.json", import.meta.url);
const attestation = JSON.parse(readFileSync(file, "utf8"));
const { module, moduleAttributes } = attestation;

/**
 * What an attester of a registry fills in, in the form of Rhinestone's tool for that. The test computes again what can
 * be: an attestation for other code than this would be worth nothing.
 */
describe("the attestation file", function () {
  this.timeout(60_000);
  useWorld();

  it("is for the code that is compiled, and for the address that this code gets on every chain", async () => {
    const { bytecode, deployedBytecode, immutableReferences } =
      await artifacts.readArtifact("ERC7579SessionModule");
    expect(immutableReferences, "the code is the same everywhere").to.deep.equal({});
    const address = getContractAddress({
      opcode: "CREATE2",
      from: SAFE_SINGLETON_FACTORY,
      salt: zeroHash,
      bytecode: bytecode as Hex,
    });
    expect({
      moduleAddress: moduleAttributes.moduleAddress,
      codeHash: module.codeHash,
      initCodeHash: module.initCodeHash,
      factory: module.factory,
      salt: module.salt,
    }).to.deep.equal({
      moduleAddress: address,
      codeHash: keccak256(deployedBytecode as Hex),
      initCodeHash: keccak256(bytecode as Hex),
      factory: SAFE_SINGLETON_FACTORY,
      salt: zeroHash,
    });
    expect(world().module).to.equal(address);
  });
  it("names the types that the module says it is of, and no others", async () => {
    const types = [];
    for (let type = 0; type <= 16; type++) {
      const is = await world().testChain.client.readContract({
        address: world().module,
        abi: erc7579ModuleAbi,
        functionName: "isModuleType",
        args: [BigInt(type)],
      });
      if (is) types.push(type);
    }
    expect(module.moduleTypes).to.deep.equal(types);
    for (const attributes of ["fallbackAttributes", "hookAttributes"]) {
      expect(Object.values(moduleAttributes[attributes]), attributes).not.to.include(true);
    }
  });
  it("names the accounts and the EntryPoints that the tests run it on", async () => {
    const tested = await Promise.all(
      MODULAR_ACCOUNTS.map(async (name) => {
        const account = world().accounts[name];
        const { address, version } = account.entryPoint;
        return { account: name, accountId: await accountIdOf(account), entryPoint: { version, address } };
      }),
    );
    expect(attestation.testedAccounts).to.deep.equal(tested);
  });
  it("says that uninstalling leaves unused storage behind", async () => {
    const account = world().accounts["Nexus 1.0.0"];
    const session = sessionOf(account);
    await install(account, { sessions: [session] });
    await account.execute(erc7579Removal(await removalOf(account, world().module)));
    expect(await granterOf(account.address)).to.equal("0x");
    expect(await isInitialized(account.address)).to.equal(false);
    const left = (await stateOf(session)) === ENABLED;
    expect(moduleAttributes.globalAttributes.uninstallCleanUp).to.equal(!left);
  });
  it("says that the module is neither audited nor attested", () => {
    expect(attestation.status).to.include("Nobody has attested this module yet");
    expect(attestation.status).to.include("Nobody has audited it");
    for (const nothing of ["auditor", "signer", "signature"]) expect(attestation[nothing]).to.equal(null);
    expect(attestation.reportUrl).to.equal("");
    expect(attestation.attestations).to.deep.equal([]);
  });
});
