import { type AbiFunction, type Hex, parseAbiItem, toFunctionSelector } from "viem";
import { fixedWords } from "../propose/fixedWords.ts";

/** Functions that sessions call often, most of them with arguments of fixed size alone. */
const functions = [
  // ERC-20 and what tokens have beside it
  "transfer(address,uint256)",
  "transferFrom(address,address,uint256)",
  "approve(address,uint256)",
  "increaseAllowance(address,uint256)",
  "decreaseAllowance(address,uint256)",
  "increaseApproval(address,uint256)",
  "decreaseApproval(address,uint256)",
  "transferAndCall(address,uint256)",
  "transferAndCall(address,uint256,bytes)",
  "approveAndCall(address,uint256)",
  "approveAndCall(address,uint256,bytes)",
  "send(address,uint256,bytes)",
  "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
  "permit(address,address,uint256,uint256,bytes)",
  "permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)",
  "burn(uint256)",
  // ERC-721, ERC-1155
  "setApprovalForAll(address,bool)",
  "safeTransferFrom(address,address,uint256)",
  "safeTransferFrom(address,address,uint256,bytes)",
  "safeTransferFrom(address,address,uint256,uint256,bytes)",
  "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
  // ERC-4626, WETH
  "deposit(uint256,address)",
  "mint(uint256,address)",
  "withdraw(uint256,address,address)",
  "redeem(uint256,address,address)",
  "withdraw(uint256)",
  // Permit2
  "approve(address,address,uint160,uint48)",
  // Aave, Compound
  "supply(address,uint256,address,uint16)",
  "withdraw(address,uint256,address)",
  "borrow(address,uint256,uint256,uint16,address)",
  "repay(address,uint256,uint256,address)",
  "supply(address,uint256)",
  "withdraw(address,uint256)",
  // Uniswap
  "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))",
  "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))",
  "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
] as const;

let heads: ReadonlyMap<Hex, number> | undefined;

/**
 * How many bytes the arguments of a function take that have a fixed place in the calldata, offsets of the others included.
 *
 * @returns Undefined where this SDK does not know the selector.
 */
export function headOf(selector: Hex): number | undefined {
  heads ??= new Map(
    functions.map((form) => {
      const { inputs } = parseAbiItem(`function ${form}` as string) as AbiFunction;
      const words = inputs.reduce((sum, input) => sum + (fixedWords(input) ?? 1), 0);
      return [toFunctionSelector(form), 32 * words] as const;
    }),
  );
  return heads.get(selector.toLowerCase() as Hex);
}
