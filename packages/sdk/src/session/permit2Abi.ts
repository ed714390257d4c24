import { parseAbi } from "viem";

/** Of Permit2, its allowances: what a spender may take of a token that the owner has approved to Permit2. */
export const permit2Abi = parseAbi([
  "struct TokenSpenderPair { address token; address spender; }",
  "function allowance(address owner, address token, address spender) view returns (uint160 amount, uint48 expiration, uint48 nonce)",
  "function lockdown(TokenSpenderPair[] approvals)",
  "event Approval(address indexed owner, address indexed token, address indexed spender, uint160 amount, uint48 expiration)",
  "event Permit(address indexed owner, address indexed token, address indexed spender, uint160 amount, uint48 expiration, uint48 nonce)",
]);
