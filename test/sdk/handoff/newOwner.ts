import type { Latchkey } from "@latchkey/accounts/safeAccount";
import { predictSafe } from "@latchkey/accounts/safeKit";
import type { Passkey, SafeContracts, TestChain } from "@latchkey/devchain";
import { GRANT_VERSION, type Session, safeCreation, signGrant } from "@latchkey/sdk";
import { type GrantedAnswer, type HandoffRequest, requestedSession } from "@latchkey/sdk/handoff";
import { getAddress, type Hex, keccak256, toBytes } from "viem";

/**
 * Answers a request as a page does for a newcomer: predicts the Safe of a passkey, has the passkey grant the session,
 * sends nothing.
 *
 * @param parameters.change What the owner changes before granting.
 */
export async function answerAsNewOwner(parameters: {
  testChain: TestChain;
  safe: SafeContracts;
  latchkey: Latchkey;
  passkey: Passkey;
  request: HandoffRequest;
  change?: (session: Session) => Session;
}): Promise<GrantedAnswer> {
  const { testChain, safe, latchkey, passkey, request, change = (session) => session } = parameters;
  const config = safeCreation({
    version: "1.4.1",
    handler: latchkey.handler,
    module: latchkey.module,
    passkey: passkey.publicKey,
    sharedSigner: safe.passkey.sharedSigner,
  });
  const predicted = await predictSafe(testChain, safe, {
    version: "1.4.1",
    config,
    saltNonce: BigInt(keccak256(toBytes("a newcomer's Safe"))),
  });
  const { timestamp } = await testChain.client.getBlock();
  const account = getAddress(predicted.address);
  const session = change(requestedSession(request, { account, now: Number(timestamp) }));
  const grant = await signGrant(
    { ...passkey, signer: safe.passkey.sharedSigner },
    {
      version: GRANT_VERSION,
      chainId: testChain.chainId,
      module: latchkey.module,
      accountKind: "safe",
      session,
    },
  );
  return {
    version: 1,
    nonce: request.nonce,
    status: "granted",
    grant,
    transactions: [{ to: getAddress(predicted.to), data: predicted.data as Hex, value: "0x0" }],
  };
}
