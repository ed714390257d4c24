import { type Address, getContractAddress, zeroHash } from "viem";

/**
 * Where the ERC7579SessionModule of this version is, on every chain that has it: CREATE2 by Safe's singleton factory,
 * salt 0, from the very creation code in this package.
 */
export async function erc7579SessionModuleAddress(): Promise<Address> {
  // Only who asks for the default address pays for loading the code that it follows from.
  const { erc7579SessionModuleBytecode } = await import(
    "./generated/bytecode/erc7579SessionModuleBytecode.ts"
  );
  return getContractAddress({
    opcode: "CREATE2",
    from: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7",
    salt: zeroHash,
    bytecode: erc7579SessionModuleBytecode,
  });
}
