import { parseAbi } from "viem";

/** What the tests ask of a token, ERC-20 and EIP-3009 as USDC has them, and what a token asks of an account. */
export const tokenAbi = parseAbi([
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "function approve(address spender, uint256 amount) returns (bool)",
  "function transfer(address to, uint256 amount) returns (bool)",
  "function transferFrom(address from, address to, uint256 amount) returns (bool)",
  "function increaseAllowance(address spender, uint256 amount) returns (bool)",
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
  "function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)",
]);
