import { type Address, isAddressEqual } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { accountOf } from "../internal/accountOf.ts";

/**
 * Checks that a client sends as a session's key.
 *
 * @throws {InvalidInput} NOT_KEY; INVALID_SIGNER: it has no account.
 */
export function requireKey(
  client: { account?: { address: Address } | undefined },
  { key }: { key: Address },
): void {
  const { address } = accountOf(client);
  if (isAddressEqual(address, key)) return;
  throw new InvalidInput({
    code: "NOT_KEY",
    shortMessage: `The client's account is ${address}; the session's key is ${key}.`,
    metaMessages: ["Create the wallet client with the session's key as its account."],
    details: { caller: address, key },
  });
}
