import { RELAYER, type TestChain } from "@latchkey/devchain";
import { type Address, concat, getContractAddress, type Hex } from "viem";
import { artifact } from "../environment/artifact.ts";

/** The entry points that have one address on every chain, with the salts that give it. */
const RELEASES = {
  "0.7": {
    path: "aa07/artifacts/EntryPoint.json",
    salt: "0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3",
    address: "0x0000000071727De22E5E9d8BAf0edAc6f37da032",
  },
  "0.8": {
    path: "aa08/artifacts/EntryPoint.json",
    salt: "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
    address: "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108",
  },
} as const;

export type EntryPointVersion = keyof typeof RELEASES;

export const ENTRY_POINT_VERSIONS = Object.keys(RELEASES) as EntryPointVersion[];

/** The contract that deploys whatever it is sent, behind a salt; it stands at this address on every chain. */
const DEPLOYER: Address = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
/** CREATE2 with the value of the call, the salt in calldata's first word and the creation code behind it. */
const DEPLOYER_CODE: Hex =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

/**
 * Deploys the genuine entry point at its own address.
 * @throws If what comes out of it is another address.
 */
export async function installEntryPoint(chain: TestChain, version: EntryPointVersion): Promise<Address> {
  const { path, salt, address } = RELEASES[version];
  const { bytecode } = artifact(path);
  const made = getContractAddress({ opcode: "CREATE2", from: DEPLOYER, salt, bytecode });
  if (made !== address) throw new Error(`entry point ${version} would be at ${made}`);
  if (!(await chain.client.getCode({ address }))) {
    if (!(await chain.client.getCode({ address: DEPLOYER }))) await chain.setCode(DEPLOYER, DEPLOYER_CODE);
    await chain.send({ from: RELAYER, to: DEPLOYER, data: concat([salt, bytecode]) });
  }
  if (!(await chain.client.getCode({ address }))) throw new Error(`entry point ${version} was not deployed`);
  return address;
}
