import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * The account that a client sends as. The types require one; an untyped program may pass a client without.
 *
 * @throws {InvalidInput} INVALID_SIGNER
 */
export function accountOf<account>({ account }: { account?: account | undefined }): account {
  if (account) return account;
  throw new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage: "The client has no account to send from.",
    metaMessages: ["Create it with createWalletClient and an account."],
  });
}
