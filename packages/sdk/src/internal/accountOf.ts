import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * The account that a client sends as. Types promise one; a program without types may pass a client that only reads.
 *
 * @throws {InvalidInput} INVALID_SIGNER
 */
export function accountOf<account>({ account }: { account?: account | undefined }): account {
  if (account) return account;
  throw new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage: "The client has no account to send from.",
    metaMessages: ["Make it by createWalletClient, with an account."],
  });
}
