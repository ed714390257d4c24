import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { erc7579Abi } from "@latchkey/sdk/erc7579";
import { type Address, concat, encodeAbiParameters, encodeFunctionData, type Hex } from "viem";

/** The module type of fallback handlers. */
export const FALLBACK_TYPE = 3n;

const bytes = { type: "bytes" } as const;

/** What each account wants to know of a fallback handler that is to be called, for one function. */
function handlerData({ kind }: ModularAccount, selector: Hex): Hex {
  if (kind === "openzeppelin") return selector;
  // Type of the call, one byte: 0, an ordinary one.
  if (kind === "nexus" || kind === "reference") return concat([selector, "0x00"]);
  if (kind === "safe7579")
    return encodeAbiParameters([{ type: "bytes4" }, { type: "bytes1" }, bytes], [selector, "0x00", "0x"]);
  return concat([
    selector,
    "0x0000000000000000000000000000000000000001",
    encodeAbiParameters([bytes, bytes], ["0x00", "0x"]),
  ]);
}

/** Calldata by which an account installs the fallback handler of a function. */
export const fallbackInstallation = (account: ModularAccount, handler: Address, selector: Hex): Hex =>
  encodeFunctionData({
    abi: erc7579Abi,
    functionName: "installModule",
    args: [FALLBACK_TYPE, handler, handlerData(account, selector)],
  });
