import { concat, encodeAbiParameters, type Hex, toFunctionSelector, zeroAddress } from "viem";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { type EXECUTOR_TYPE, VALIDATOR_TYPE } from "./erc7579Abi.ts";

const bytes = { type: "bytes" } as const;

/** What a validator of a Kernel may be used for; without it, for nothing. */
const EXECUTE_SELECTOR = toFunctionSelector("function execute(bytes32,bytes)");

/**
 * What `installModule` of an account takes so that the module's `onInstall` gets `inner`.
 *
 * A Kernel wants more: no hook (a hooked validator needs `executeUserOp`, which sessions do not accept), the data, and
 * for a validator the one function that its userOps may call.
 *
 * @param type {@link VALIDATOR_TYPE} or {@link EXECUTOR_TYPE}.
 */
export function installationBytes(
  kind: Erc7579AccountKind,
  type: typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE,
  inner: Hex,
): Hex {
  if (kind !== "kernel") return inner;
  return concat([
    zeroAddress,
    type === VALIDATOR_TYPE
      ? encodeAbiParameters([bytes, bytes, bytes], [inner, "0x", EXECUTE_SELECTOR])
      : encodeAbiParameters([bytes, bytes], [inner, "0x"]),
  ]);
}
