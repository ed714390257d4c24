import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { RELAYER, type TestChain } from "@latchkey/devchain";
import { type Abi, type Address, concat, encodeDeployData, type Hex } from "viem";

const require = createRequire(import.meta.url);

/**
 * Creation code of a contract that modulekit carries inside its Solidity: the real accounts, as Rhinestone built them
 * for its own tests. Other compiler settings than the released contracts have: good for what they do, not for gas.
 * @param file Of src/deployment/precompiles, without `Precompiles.sol`.
 * @throws If there is no such constant.
 */
export function precompiled(file: "ERC7579" | "Kernel" | "Nexus" | "Safe7579", constant: string): Hex {
  const path = require.resolve(`@rhinestone/modulekit/src/deployment/precompiles/${file}Precompiles.sol`);
  const code = new RegExp(`\\b${constant}\\s*=\\s*hex"([0-9a-f]+)"`).exec(readFileSync(path, "utf8"))?.[1];
  if (!code) throw new Error(`modulekit has no ${constant} for ${file}`);
  return `0x${code}`;
}

/** Deploys creation code with constructor arguments, by nobody in particular. */
export async function deploy(
  testChain: TestChain,
  bytecode: Hex,
  creation?: { abi: Abi; args: readonly unknown[] },
): Promise<Address> {
  const data = creation ? encodeDeployData({ ...creation, bytecode }) : concat([bytecode]);
  const { contractAddress } = await testChain.send({ from: RELAYER, data });
  if (!contractAddress) throw new Error("it was not deployed");
  return contractAddress;
}
