import { RELAYER, type TestChain } from "@latchkey/devchain";
import { artifacts } from "hardhat";
import {
  type Abi,
  type Address,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  type TransactionReceipt,
} from "viem";

/** A deployed contract of test/mocks, called by name. */
export type Mock = {
  address: Address;
  abi: Abi;
  /** Calldata of a call. */
  encode(functionName: string, args?: readonly unknown[]): Hex;
  /** What a call answers, undecoded; from nobody in particular. */
  answer(functionName: string, args?: readonly unknown[]): Promise<Hex>;
  read(functionName: string, args?: readonly unknown[]): Promise<unknown>;
  /** Sends a transaction; by default nobody in particular does. `value` in wei. */
  write(
    functionName: string,
    args?: readonly unknown[],
    options?: { from?: Address; value?: bigint },
  ): Promise<TransactionReceipt>;
};

/** Deploys a contract of test/mocks, or any other that this project compiles. */
export async function deployMock(
  testChain: TestChain,
  name: string,
  args: readonly unknown[] = [],
): Promise<Mock> {
  const { client } = testChain;
  const artifact = await artifacts.readArtifact(name);
  const abi = artifact.abi as Abi;
  const data = encodeDeployData({ abi, bytecode: artifact.bytecode as Hex, args });
  const { contractAddress } = await testChain.send({ from: RELAYER, data });
  if (!contractAddress) throw new Error(`${name} was not deployed`);
  const address = contractAddress;
  const encode: Mock["encode"] = (functionName, args = []) =>
    encodeFunctionData({ abi, functionName, args: [...args] });
  const answer: Mock["answer"] = async (functionName, args) =>
    (await client.call({ account: RELAYER, to: address, data: encode(functionName, args) })).data ?? "0x";
  return {
    address,
    abi,
    encode,
    answer,
    read: async (functionName, args) =>
      decodeFunctionResult({ abi, functionName, data: await answer(functionName, args) }),
    write: (functionName, args, { from = RELAYER, value = 0n } = {}) =>
      testChain.send({ from, to: address, data: encode(functionName, args), value }),
  };
}
