import type { Address, Chain, Client, Transport } from "viem";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { readContract } from "../internal/chainActions.ts";
import type { AccountKind } from "./AccountKind.ts";
import type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";
import { erc7579Abi } from "./erc7579/erc7579Abi.ts";
import { erc7579KindOf } from "./erc7579/erc7579KindOf.ts";

/**
 * Whether an account identifies itself as another kind than its grant says: its nonces and signatures would be
 * encoded wrongly. An unknown id contradicts nothing.
 *
 * @returns INVALID_GRANT, or undefined.
 * @throws {Refusal} NETWORK
 */
export async function accountKindRefusal(
  client: Client<Transport, Chain | undefined>,
  grant: { accountKind: AccountKind; session: { account: Address } },
): Promise<Refusal | undefined> {
  const { accountKind } = grant;
  if (accountKind === "safe") return undefined;
  const { account } = grant.session;
  let kind: Erc7579AccountKind;
  try {
    kind = erc7579KindOf(
      await readContract(client, { address: account, abi: erc7579Abi, functionName: "accountId" }),
    );
  } catch (error) {
    if (isRefusal(error, "UNSUPPORTED_ACCOUNT") || isContractRefusal(error)) return undefined;
    throw error;
  }
  if (kind === accountKind) return undefined;
  return new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage: `The grant says that the account ${account} is of kind "${accountKind}"; it identifies itself as "${kind}".`,
    metaMessages: ["Propose the session again: proposeSession reads the kind from the account."],
    details: { account, accountKind, kind },
  });
}
