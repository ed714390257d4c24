import type { Account, Address, Chain, Hex, TestClient, Transport } from "viem";
import { getCode, setCode } from "viem/actions";
import type { LatchkeyContract } from "../addresses/findAddress.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
import { erc7579SessionModuleRuntimeBytecode } from "../generated/bytecode/erc7579SessionModuleRuntimeBytecode.ts";
import { safeSessionHandlerRuntimeBytecode } from "../generated/bytecode/safeSessionHandlerRuntimeBytecode.ts";
import { safeSessionModuleRuntimeBytecode } from "../generated/bytecode/safeSessionModuleRuntimeBytecode.ts";

const code: { readonly [contract in LatchkeyContract]: Hex } = {
  erc7579SessionModule: erc7579SessionModuleRuntimeBytecode,
  safeSessionHandler: safeSessionHandlerRuntimeBytecode,
  safeSessionModule: safeSessionModuleRuntimeBytecode,
};

/**
 * Puts Latchkey's contracts on a development chain, at the addresses that they have elsewhere, for tests. What is
 * there afterwards is what CREATE2 would leave there: the contracts have neither constructor arguments nor immutables.
 * Costs no gas and needs no account; doing it again changes nothing.
 *
 * @param client A viem test client: it needs the node's `hardhat_setCode`, `anvil_setCode` or the like, which no chain
 * with money on it has.
 * @returns The address of each contract.
 *
 * @example
 * await deployLatchkey(createTestClient({ mode: "anvil", transport: http() }))
 */
export async function deployLatchkey(
  client: TestClient<TestClient["mode"], Transport, Chain | undefined, Account | undefined, false>,
): Promise<{ readonly [contract in LatchkeyContract]: Address }> {
  for (const contract of Object.keys(code) as LatchkeyContract[]) {
    const address = deterministicAddresses[contract];
    if ((await getCode(client, { address })) !== code[contract])
      await setCode(client, { address, bytecode: code[contract] });
  }
  return deterministicAddresses;
}
