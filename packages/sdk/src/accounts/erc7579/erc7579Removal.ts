import { type Address, encodeAbiParameters, encodeFunctionData, type Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { loggable } from "../../errors/json.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseList } from "../../internal/parseList.ts";
import type { EncodedCall } from "../../session/CallRequest.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { encodeRevokeGranter } from "./encodeRevokeGranter.ts";
import { EXECUTOR_TYPE, erc7579Abi, VALIDATOR_TYPE } from "./erc7579Abi.ts";

/** Parameters of {@link erc7579Removal}. */
export type Erc7579RemovalParameters = {
  /** The account that removes. */
  account: Address;
  /** The ERC7579SessionModule that it has installed. */
  module: Address;
} & (
  | { kind: Exclude<Erc7579AccountKind, "reference" | "nexus" | "safe7579"> }
  | {
      kind: Extract<Erc7579AccountKind, "reference" | "nexus" | "safe7579">;
      /** The account's validators from `getValidatorsPaginated`, at least up to the module. */
      validators: readonly Address[];
      /** The account's executors from `getExecutorsPaginated`, at least up to the module. */
      executors: readonly Address[];
    }
);

/** The head of the linked lists of modules. */
const SENTINEL: Address = "0x0000000000000000000000000000000000000001";

/**
 * The calls with which an ERC-7579 account removes Latchkey, in one batch. Every session, every unused grant and
 * the granter are revoked first, in a call that must succeed ({@link encodeRevokeGranter}): some accounts remove a module
 * even if its uninstall hook runs out of gas, and a gas estimate finds the least gas that does not revert.
 *
 * An EOA makes them before it changes or removes its delegation. If it cannot batch, it sends them one after
 * the other, in this order: after the first, nothing from the old delegation can grant or pay.
 *
 * @throws {InvalidInput} MODULE_NOT_ENABLED: the module is not in the lists; INVALID_ADDRESS; INVALID_INPUT;
 * UNSUPPORTED_ACCOUNT.
 */
export function erc7579Removal(parameters: Erc7579RemovalParameters): EncodedCall[] {
  erc7579AdapterOf(parameters.kind);
  const account = parseAddress(parameters.account, "account");
  const module = parseAddress(parameters.module, "module");
  const uninstall = (type: bigint, installed: readonly Address[] | undefined): EncodedCall => ({
    to: account,
    value: 0n,
    data: encodeFunctionData({
      abi: erc7579Abi,
      functionName: "uninstallModule",
      args: [type, module, installed ? behindPrevious(installed, module) : "0x"],
    }),
  });
  const lists = "validators" in parameters ? parameters : undefined;
  return loggable([
    encodeRevokeGranter({ module }),
    uninstall(VALIDATOR_TYPE, lists?.validators),
    uninstall(EXECUTOR_TYPE, lists?.executors),
  ]);
}

/** These accounts keep their modules in linked lists, and need the entry before the removed one. */
function behindPrevious(installed: readonly Address[], module: Address): Hex {
  const modules = parseList(installed, "modules", parseAddress);
  const position = modules.indexOf(module);
  if (position < 0)
    throw new InvalidInput({
      code: "MODULE_NOT_ENABLED",
      shortMessage: `The module ${module} is not in the account's list of modules.`,
      metaMessages: [
        "Check the module's address, and read the lists again with readErc7579Removal.",
        "If the account has already removed it, send encodeRevokeGranter alone.",
      ],
      details: { module },
    });
  return encodeAbiParameters(
    [{ type: "address" }, { type: "bytes" }],
    [modules[position - 1] ?? SENTINEL, "0x"],
  );
}
