import { type Address, getContractAddress, zeroHash } from "viem";

/**
 * Where the SafeSessionHandler of this version is, on every chain that has it: CREATE2 by Safe's singleton factory,
 * salt 0, from the very creation code in this package.
 */
export async function safeSessionHandlerAddress(): Promise<Address> {
  // Only who asks for the address pays for loading the code that it follows from.
  const { safeSessionHandlerBytecode } = await import("../generated/bytecode/safeSessionHandlerBytecode.ts");
  return getContractAddress({
    opcode: "CREATE2",
    from: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7",
    salt: zeroHash,
    bytecode: safeSessionHandlerBytecode,
  });
}
