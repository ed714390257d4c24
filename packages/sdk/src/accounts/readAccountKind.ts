import type { Address, Chain, Client, Transport } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { answerOf } from "../internal/answerOf.ts";
import { getCode, readContract } from "../internal/chainActions.ts";
import type { AccountKind } from "./AccountKind.ts";
import { erc7579Abi, erc7579ModuleAbi, VALIDATOR_TYPE } from "./erc7579/erc7579Abi.ts";
import { erc7579KindOf } from "./erc7579/erc7579KindOf.ts";

/**
 * Finds out the kind of an account, as the session module sees it: only the module for ERC-7579 accounts reports that
 * it is a validator, and it supports no others.
 *
 * @param parameters.named The kind, if the caller knows it: used as it is, if the module supports it.
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT: the account is not deployed, or its id is unknown; or the
 * module does not support the kind.
 */
export async function readAccountKind(
  client: Client<Transport, Chain | undefined>,
  { account, module, named }: { account: Address; module: Address; named: AccountKind | undefined },
): Promise<AccountKind> {
  const isForModular = await answerOf(
    readContract(client, {
      address: module,
      abi: erc7579ModuleAbi,
      functionName: "isModuleType",
      args: [VALIDATOR_TYPE],
    }),
  );
  if (named !== undefined) {
    if ((named !== "safe") === (isForModular === true)) return named;
    throw unsupported(
      named === "safe"
        ? `The module ${module} is for ERC-7579 accounts, not for Safes.`
        : `The module ${module} is not for ERC-7579 accounts.`,
      "Omit module to use the canonical one for the kind of account.",
      { account, module, accountKind: named },
    );
  }
  if (isForModular !== true) return "safe";
  const code = await getCode(client, { address: account });
  if (code === undefined || code === "0x")
    throw unsupported(
      `The account ${account} is not deployed, so its kind cannot be read.`,
      'Pass its kind: proposeSession({ …, accountKind: "nexus" }).',
      { account },
    );
  const accountId = await answerOf(
    readContract(client, { address: account, abi: erc7579Abi, functionName: "accountId" }),
  );
  if (accountId === undefined)
    throw unsupported(
      `The account ${account} is not an ERC-7579 account: it has no accountId.`,
      "Check the account's address. For a plain Safe, omit module.",
      { account },
    );
  return erc7579KindOf(accountId);
}

const unsupported = (
  shortMessage: string,
  metaMessage: string,
  details: { readonly [name: string]: unknown },
) => new InvalidInput({ code: "UNSUPPORTED_ACCOUNT", shortMessage, metaMessages: [metaMessage], details });
