import type { Account, Chain, Hash, Transport, WalletClient } from "viem";
import { encodeRevoke } from "../calls/encodeRevoke.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../requireGrantChain.ts";
import { executeAsSafe } from "./executeAsSafe.ts";
import type { Owner } from "./Owner.ts";

/**
 * Takes a session of a Safe (or Safe7579) back, for ever, on the owner's word. Neither the agent nor any server has to agree, and a grant
 * that was never used dies as well.
 *
 * @param client A wallet client that pays the gas: anyone's.
 * @param parameters.owner The owner, or as many as the Safe's threshold. Default: the client's own account.
 * @returns The transaction's hash. The session works until that is mined: wait for the receipt.
 * @throws {Refusal} See {@link executeAsSafe}; WRONG_CHAIN; UNSUPPORTED_ACCOUNT: an account of another kind sends
 * {@link encodeRevoke} itself.
 */
export async function revokeSession(
  client: WalletClient<Transport, Chain | undefined, Account>,
  parameters: { grant: Grant; owner?: Owner | readonly Owner[] },
): Promise<Hash> {
  const { grant, owner } = parameters;
  const { accountKind } = grant;
  if (accountKind !== "safe" && accountKind !== "safe7579")
    throw new InvalidInput({
      code: "UNSUPPORTED_ACCOUNT",
      shortMessage: `An account of this kind (${accountKind}) acts by its owner's own client.`,
      metaMessages: [
        "Have it send encodeRevoke(grant): sendUserOperation({ calls: [encodeRevoke(grant)] }).",
      ],
      details: { accountKind },
    });
  await requireGrantChain(client, grant);
  return executeAsSafe(client, {
    safe: grant.session.account,
    calls: [encodeRevoke(grant)],
    ...(owner === undefined ? {} : { owner }),
  });
}
