import { type Address, concat, type Hex } from "viem";
import { addressBytes } from "../../internal/addressBytes.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * Turns a payload into the ERC-1271 signature that an ERC-7579 account forwards to the module.
 *
 * @param payload From {@link encodePayload}; for a Kernel with `wrapsHash`.
 * @param account The account's kind and its session module.
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT; UNSUPPORTED_ACCOUNT.
 */
export const wrapForErc7579 = (payload: Hex, account: { kind: Erc7579AccountKind; module: Address }): Hex => {
  const { wrap } = erc7579AdapterOf(account.kind);
  return wrap(concat([addressBytes(account.module, "module"), parseHex(payload, "payload")]));
};
