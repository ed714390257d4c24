import type { Account, Address, Chain, Hex, TestClient, Transport } from "viem";
import type { LatchkeyContract } from "../addresses/findAddress.ts";
import { Refusal } from "../errors/Refusal.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";
import { erc7579SessionModuleRuntimeBytecode } from "../generated/bytecode/erc7579SessionModuleRuntimeBytecode.ts";
import { safeSessionHandlerRuntimeBytecode } from "../generated/bytecode/safeSessionHandlerRuntimeBytecode.ts";
import { safeSessionModuleRuntimeBytecode } from "../generated/bytecode/safeSessionModuleRuntimeBytecode.ts";
import { sessionLensRuntimeBytecode } from "../generated/bytecode/sessionLensRuntimeBytecode.ts";
import { getCode, setCode } from "../internal/chainActions.ts";

const code: { readonly [contract in LatchkeyContract]: Hex } = {
  erc7579SessionModule: erc7579SessionModuleRuntimeBytecode,
  safeSessionHandler: safeSessionHandlerRuntimeBytecode,
  safeSessionModule: safeSessionModuleRuntimeBytecode,
  sessionLens: sessionLensRuntimeBytecode,
};

/**
 * Puts Latchkey's contracts on a development chain, at the same addresses as elsewhere, for tests. The result
 * is the same as after CREATE2: the contracts have neither constructor arguments nor immutables.
 * Costs no gas and needs no account; repeating it changes nothing.
 *
 * @param client A viem test client: it needs the node's `hardhat_setCode`, `anvil_setCode` or the like, which no chain
 * with money on it has.
 * @returns The address of each contract.
 * @throws {Refusal} NETWORK: the node was not reached, or does not support setCode.
 *
 * @example
 * await deployLatchkey(createTestClient({ mode: "anvil", transport: http() }))
 */
export async function deployLatchkey(
  client: TestClient<TestClient["mode"], Transport, Chain | undefined, Account | undefined, false>,
): Promise<{ readonly [contract in LatchkeyContract]: Address }> {
  for (const contract of Object.keys(code) as LatchkeyContract[]) {
    const address = deterministicAddresses[contract];
    if ((await getCode(client, { address })) === code[contract]) continue;
    const refuse = (shortMessage: string, cause?: unknown) =>
      new Refusal({
        code: "NETWORK",
        shortMessage,
        metaMessages: ["Use a test client of a development node, with the node's mode."],
        details: { contract, address },
        cause,
      });
    try {
      await setCode(client, { address, bytecode: code[contract] });
    } catch (error) {
      throw refuse(`The node does not support ${client.mode}_setCode.`, error);
    }
    if ((await getCode(client, { address })) !== code[contract])
      throw refuse(`The node did not store the code of ${contract}.`);
  }
  return deterministicAddresses;
}
