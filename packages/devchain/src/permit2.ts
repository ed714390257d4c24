import { type Address, type Hex, keccak256, parseAbi } from "viem";
import { genuineCode } from "./genuineCode.ts";
import type { TestChain } from "./TestChain.ts";

/** Uniswap's Permit2, at the same address on every chain. */
export const PERMIT2: Address = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
/** Of its runtime code, as it is on Ethereum. On another chain only the cached domain separator in it is not used. */
export const PERMIT2_CODE_HASH: Hex = "0x463331fa7a0d5f07488e42c37b461bb56a822145c161a821fbafe7d4e916b546";

/** What Permit2 has: transfers by signature, allowances, and their revocation. */
export const permit2Abi = parseAbi([
  "struct TokenPermissions { address token; uint256 amount; }",
  "struct PermitTransferFrom { TokenPermissions permitted; uint256 nonce; uint256 deadline; }",
  "struct PermitBatchTransferFrom { TokenPermissions[] permitted; uint256 nonce; uint256 deadline; }",
  "struct SignatureTransferDetails { address to; uint256 requestedAmount; }",
  "struct PermitDetails { address token; uint160 amount; uint48 expiration; uint48 nonce; }",
  "struct PermitSingle { PermitDetails details; address spender; uint256 sigDeadline; }",
  "struct TokenSpenderPair { address token; address spender; }",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function nonceBitmap(address owner, uint256 word) view returns (uint256)",
  "function allowance(address owner, address token, address spender) view returns (uint160 amount, uint48 expiration, uint48 nonce)",
  "function permitTransferFrom(PermitTransferFrom permit, SignatureTransferDetails transferDetails, address owner, bytes signature)",
  "function permitTransferFrom(PermitBatchTransferFrom permit, SignatureTransferDetails[] transferDetails, address owner, bytes signature)",
  "function permitWitnessTransferFrom(PermitTransferFrom permit, SignatureTransferDetails transferDetails, address owner, bytes32 witness, string witnessTypeString, bytes signature)",
  "function permitWitnessTransferFrom(PermitBatchTransferFrom permit, SignatureTransferDetails[] transferDetails, address owner, bytes32 witness, string witnessTypeString, bytes signature)",
  "function permit(address owner, PermitSingle permitSingle, bytes signature)",
  "function approve(address token, address spender, uint160 amount, uint48 expiration)",
  "function transferFrom(address from, address to, uint160 amount, address token)",
  "function lockdown(TokenSpenderPair[] approvals)",
  "function invalidateUnorderedNonces(uint256 wordPos, uint256 mask)",
]);

/**
 * Puts Permit2 at its address, unless it is there.
 *
 * @throws If the code is not the one that stands on Ethereum.
 */
export async function installPermit2(testChain: TestChain): Promise<Address> {
  const code = await testChain.client.getCode({ address: PERMIT2 });
  if (keccak256(code ?? genuineCode("Permit2").code) !== PERMIT2_CODE_HASH)
    throw new Error("Permit2: the code is not the pinned one");
  if (!code) await testChain.setCode(PERMIT2, genuineCode("Permit2").code);
  return PERMIT2;
}
