import { usdcAbi } from "@latchkey/devchain";
import { type Address, domainSeparator, encodeFunctionData, type Hex, pad } from "viem";
import { ADMIN_SLOT, IMPLEMENTATION_SLOT } from "#devchain/usdc.ts";
import type { Environment } from "../environment/setUp.ts";

/** A token that runs USDC's own code under another name. */
export type FiatToken = {
  address: Address;
  /** EIP-712 domain, for `signTypedData`. */
  domain: { name: string; version: string; chainId: number; verifyingContract: Address };
  domainSeparator: Hex;
};

/**
 * Places a token that is made of the very code that USDC has on this chain, and initialises it under a name of its
 * own: what Circle did for EURC.
 * @param token.holder Who gets `amount` base units (6 decimals) of it.
 * @throws If the token does not answer with the domain separator of that name.
 */
export async function placeFiatToken(
  { testChain, usdc }: Environment,
  token: { address: Address; name: string; symbol: string; holder: Address; amount: bigint },
): Promise<FiatToken> {
  const { client, setCode, setStorageAt, send } = testChain;
  const { address, name, symbol } = token;
  const { owner, masterMinter, pauser, blacklister } = usdc.roles;
  await setCode(address, (await client.getCode({ address: usdc.address })) ?? "0x");
  await setStorageAt(address, ADMIN_SLOT, pad(usdc.admin));
  await setStorageAt(address, IMPLEMENTATION_SLOT, pad(usdc.implementation));
  type Call = Parameters<typeof encodeFunctionData<typeof usdcAbi>>[0];
  const write = (from: Address, call: Omit<Call, "abi">) =>
    send({ from, to: address, data: encodeFunctionData({ abi: usdcAbi, ...call } as Call) });
  await write(owner, {
    functionName: "initialize",
    args: [name, symbol, symbol, 6, masterMinter, pauser, blacklister, owner],
  });
  await write(owner, { functionName: "initializeV2", args: [name] });
  await write(owner, { functionName: "initializeV2_1", args: [usdc.roles.pauser] });
  await write(owner, { functionName: "initializeV2_2", args: [[], symbol] });
  await write(masterMinter, { functionName: "configureMinter", args: [masterMinter, token.amount] });
  await write(masterMinter, { functionName: "mint", args: [token.holder, token.amount] });
  const domain = { name, version: "2", chainId: usdc.chainId, verifyingContract: address };
  const separator = domainSeparator({ domain });
  const own = await client.readContract({ address, abi: usdcAbi, functionName: "DOMAIN_SEPARATOR" });
  if (own !== separator) throw new Error(`${name} says that its domain separator is ${own}`);
  return { address, domain, domainSeparator: separator };
}
