import { deployMock } from "@latchkey/accounts/deployMock";
import { deploy } from "@latchkey/accounts/erc7579/precompiled";
import { type EntryPoint, paymasterHead, type TestChain } from "@latchkey/devchain";
import {
  type Abi,
  type Address,
  concat,
  encodeAbiParameters,
  type Hex,
  keccak256,
  parseAbi,
  toBytes,
} from "viem";
import type { PackedUserOperation } from "viem/account-abstraction";
import { privateKeyToAccount } from "viem/accounts";
import { artifact } from "../artifact.ts";

const hashAbi = parseAbi([
  "struct PackedUserOperation { address sender; uint256 nonce; bytes initCode; bytes callData; bytes32 accountGasLimits; uint256 preVerificationGas; bytes32 gasFees; bytes paymasterAndData; bytes signature; }",
  "function getHash(PackedUserOperation userOp, uint48 validUntil, uint48 validAfter) view returns (bytes32)",
]);

/** A paymaster with a deposit. */
export type Paymaster = {
  address: Address;
  /** The userOp with the paymaster's consent; to be signed by the account after it. */
  sponsor(userOp: PackedUserOperation): Promise<PackedUserOperation>;
};

/** Gas that it gets for its two functions. */
export const PAYMASTER_GAS = { verification: 200_000n, postOp: 50_000n };

/** OpenZeppelin's paymaster, which pays for everybody: for the EntryPoints that account-abstraction has no sample for. */
async function installGenerousPaymaster(testChain: TestChain, entryPoint: EntryPoint): Promise<Paymaster> {
  const { address } = await deployMock(testChain, "GenerousPaymaster", [entryPoint.address]);
  await entryPoint.deposit(address, 10n ** 18n);
  const paymasterAndData = paymasterHead(address, PAYMASTER_GAS.verification, PAYMASTER_GAS.postOp);
  return { address, sponsor: async (userOp) => ({ ...userOp, paymasterAndData }) };
}

/** The sample paymaster of account-abstraction 0.7.0, as its package compiled it: it pays for what its signer signs. */
async function installVerifyingPaymaster(testChain: TestChain, entryPoint: EntryPoint): Promise<Paymaster> {
  const signer = privateKeyToAccount(keccak256(toBytes("the paymaster's signer")));
  const { abi, bytecode } = artifact("aa07/artifacts/VerifyingPaymaster.json");
  const address = await deploy(testChain, bytecode, {
    abi: abi as Abi,
    args: [entryPoint.address, signer.address],
  });
  await entryPoint.deposit(address, 10n ** 18n);
  const window = encodeAbiParameters([{ type: "uint48" }, { type: "uint48" }], [0, 0]);
  const head = paymasterHead(address, PAYMASTER_GAS.verification, PAYMASTER_GAS.postOp);
  return {
    address,
    async sponsor(userOp) {
      const unsigned: Hex = concat([head, window]);
      const raw = await testChain.client.readContract({
        address,
        abi: hashAbi,
        functionName: "getHash",
        args: [{ ...userOp, paymasterAndData: unsigned }, 0, 0],
      });
      const signature = await signer.signMessage({ message: { raw } });
      return { ...userOp, paymasterAndData: concat([unsigned, signature]) };
    },
  };
}

/** A paymaster for an EntryPoint. */
export const installPaymaster = (testChain: TestChain, entryPoint: EntryPoint): Promise<Paymaster> =>
  entryPoint.version === "0.7"
    ? installVerifyingPaymaster(testChain, entryPoint)
    : installGenerousPaymaster(testChain, entryPoint);
