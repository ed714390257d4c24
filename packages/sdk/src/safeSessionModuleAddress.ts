import { type Address, getContractAddress, zeroHash } from "viem";

/**
 * Where the SafeSessionModule of this version is, on every chain that has it: CREATE2 by Safe's singleton factory,
 * salt 0, from the very creation code in this package.
 */
export async function safeSessionModuleAddress(): Promise<Address> {
  // Only who asks for the default address pays for loading the code that it follows from.
  const { safeSessionModuleBytecode } = await import("./generated/bytecode/safeSessionModuleBytecode.ts");
  return getContractAddress({
    opcode: "CREATE2",
    from: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7",
    salt: zeroHash,
    bytecode: safeSessionModuleBytecode,
  });
}
