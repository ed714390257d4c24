import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import {
  type Grant,
  type Proposal,
  type Session,
  sessionTypedData,
  signGrant,
  type ValidatorSigner,
} from "@latchkey/sdk";
import { getAddress, type Hex, hashTypedData, size, slice } from "viem";
import { sessionOf, world } from "../../accounts/erc7579/fixture.ts";

/** A session of the fixture as something to be signed. */
export const proposalOf = (account: ModularAccount, changes: Partial<Session> = {}): Proposal => ({
  version: 1,
  chainId: world().testChain.chainId,
  module: world().module,
  accountKind: account.kind,
  session: { ...sessionOf(account, changes), account: getAddress(account.address) },
});

/** The account's owner, as the SDK is told about one whose validator it does not know. */
export const signerOf = (account: ModularAccount): ValidatorSigner => ({
  granter: account.granter,
  sign: async (_, session): Promise<Hex> =>
    slice(await account.sign(hashTypedData(session)), size(account.granter)),
});

/** The owner's grant of a session of the fixture. */
export const grantBy = (account: ModularAccount, changes: Partial<Session> = {}): Promise<Grant> =>
  signGrant(signerOf(account), proposalOf(account, changes));

/** What the account's owner is to have signed. */
export const digestIn = ({ session, chainId, module }: Proposal): Hex =>
  hashTypedData(sessionTypedData(session, { chainId, module }));
