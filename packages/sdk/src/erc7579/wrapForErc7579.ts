import { type Address, concat, type Hex } from "viem";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * Makes the ERC-1271 signature that an ERC-7579 account takes to the module out of a payload.
 *
 * @param payload By {@link encodePayload}; for a Kernel made with `wrapsHash`.
 * @param account Which kind the account is of, and its session module.
 */
export const wrapForErc7579 = (payload: Hex, account: { kind: Erc7579AccountKind; module: Address }): Hex =>
  account.kind === "kernel" ? concat(["0x01", account.module, payload]) : concat([account.module, payload]);
