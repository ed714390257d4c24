import { type Address, type Chain, type Client, type Hash, parseAbi, type Transport } from "viem";
import { safeAddresses } from "../accounts/safe/safeAddresses.ts";
import { safeTransaction } from "../accounts/safe/safeTransaction.ts";
import { decodeError } from "../errors/decodeError.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { call, getChainId, readContract } from "../internal/chainActions.ts";
import { hasCode } from "../internal/hasCode.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { sendOnce } from "../internal/sendOnce.ts";
import { type EncodedCall, encodedCalls } from "../session/CallRequest.ts";
import type { PayingClient } from "./AccountSender.ts";
import type { Owner } from "./Owner.ts";
import { ownersSignature } from "./ownersSignature.ts";

const nonceAbi = parseAbi(["function nonce() view returns (uint256)"]);

/**
 * Makes a Safe execute calls, all or none, with its owner's signature: what installing, enabling and revoking
 * need. Apps with `@safe-global/protocol-kit` or a wallet's `sendCalls` can pass them the same calls.
 *
 * @param client A wallet client that pays the gas: anyone's.
 * @param parameters.owner The owner, or as many as the Safe's threshold. Default: the client's own account.
 * @param parameters.multiSendCallOnly For chains without Safe's at its canonical address. Used for more than one
 * call.
 * @returns The transaction's hash, as soon as it is sent.
 * @throws {InvalidInput} EMPTY_BATCH; INVALID_ADDRESS if there is no contract at `multiSendCallOnly`.
 * @throws {InvalidInput} INVALID_SIGNER: no owner, or another's signature.
 * @throws {Refusal} With the reason, if the calls would fail (a single one is simulated before the owner signs),
 * or if the Safe would not accept the signature; NOT_SIGNED: the owner rejected the request; NETWORK if the node could not be reached, and
 * nothing was sent; OUTCOME_UNKNOWN if the connection failed while sending.
 */
export async function executeAsSafe(
  client: PayingClient,
  parameters: {
    safe: Address;
    calls: readonly EncodedCall[];
    owner?: Owner | readonly Owner[];
    multiSendCallOnly?: Address;
  },
): Promise<Hash> {
  const { owner = client } = parameters;
  const safe = parseAddress(parameters.safe, "safe");
  const multiSendCallOnly = parseAddress(
    parameters.multiSendCallOnly ?? safeAddresses.multiSendCallOnly,
    "multiSendCallOnly",
  );
  const [only, ...others] = parameters.calls?.length > 0 ? encodedCalls(parameters.calls) : [];
  if (!only)
    throw new InvalidInput({
      code: "EMPTY_BATCH",
      shortMessage: "The batch contains no calls.",
      metaMessages: ["Pass at least one call."],
    });
  const reader: Client<Transport, Chain | undefined> = client;
  try {
    if (others.length === 0) await call(reader, { account: safe, ...only });
    else await requireMultiSend(reader, multiSendCallOnly);
    const [chainId, nonce] = await Promise.all([
      getChainId(reader),
      readContract(reader, { address: safe, abi: nonceAbi, functionName: "nonce" }),
    ]);
    const transaction = safeTransaction({
      safe,
      chainId,
      nonce,
      calls: [only, ...others],
      multiSendCallOnly,
    });
    const signatures = await ownersSignature(owner, transaction.typedData);
    return await sendOnce(client, transaction.encode(signatures));
  } catch (error) {
    throw decodeError(error);
  }
}

/**
 * Checks that there is a contract to execute the batch. A Safe's delegatecall to an address without code succeeds and
 * does nothing: a removal would seem to succeed while a thief goes on.
 */
async function requireMultiSend(
  client: Client<Transport, Chain | undefined>,
  multiSendCallOnly: Address,
): Promise<void> {
  if (await hasCode(client, multiSendCallOnly)) return;
  throw new InvalidInput({
    code: "INVALID_ADDRESS",
    shortMessage: `multiSendCallOnly: there is no contract at ${multiSendCallOnly} on this chain.`,
    metaMessages: [
      "Nothing was signed. Pass the address of Safe's MultiSendCallOnly on this chain as multiSendCallOnly,",
      "or make the calls one by one.",
    ],
    details: { path: "multiSendCallOnly", address: multiSendCallOnly },
  });
}
