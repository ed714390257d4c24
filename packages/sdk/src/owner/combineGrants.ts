import {
  type Address,
  concat,
  getAddress,
  type Hex,
  isAddressEqual,
  recoverAddress,
  size,
  slice,
} from "viem";
import type { AccountKind } from "../accounts/AccountKind.ts";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { hashSafeMessage } from "../accounts/safe/safeMessage.ts";
import { type SafeOwnerSignature, safeSignatures } from "../accounts/safe/safeSignatures.ts";
import { InvalidGrant } from "../errors/InvalidGrant.ts";
import type { Grant } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { grantDigest } from "../session/grantDigest.ts";
import { hashSession } from "../session/hashSession.ts";

/**
 * Joins grants of one session that owners of a Safe, or of a Safe7579, signed on their own devices into one with all
 * their signatures.
 *
 * @param grants Of the same proposal, from {@link signGrant}.
 * @throws {InvalidGrant} INVALID_GRANT: an empty list, different proposals, an account with one
 * signature only, or a signature that cannot be read.
 */
export async function combineGrants(grants: readonly Grant[]): Promise<Grant> {
  const [first] = Array.isArray(grants) ? (grants as readonly Grant[]) : [];
  if (!first) throw invalid("The list of grants is empty.");
  const session = sessionIn(first);
  const id = hashSession(session);
  for (const grant of grants) {
    sessionIn(grant);
    parseAddress(grant.module, "module");
    parseHex(grant.signature, "signature");
  }
  const differs = grants.some(
    (grant) =>
      grant.chainId !== first.chainId ||
      grant.accountKind !== first.accountKind ||
      !isAddressEqual(grant.module, first.module) ||
      hashSession(sessionIn(grant)) !== id,
  );
  if (differs) throw invalid("The grants are not for the same proposal.");
  const prefix = ownersPrefix(first.accountKind);
  const digest = grantDigest(session, first);
  const hash = hashSafeMessage({ safe: session.account, chainId: first.chainId, digest });
  const byOwner = new Map<Address, SafeOwnerSignature>();
  for (const grant of grants)
    for (const one of await readSignatures(withoutPrefix(grant.signature, prefix), hash))
      byOwner.set(one.signer, one);
  return { ...first, signature: concat([prefix, safeSignatures([...byOwner.values()])]) };
}

/** The prefix of the owners' signatures in a grant of such an account. */
function ownersPrefix(kind: AccountKind): Hex {
  const { owners } = accountAdapterOf(kind);
  if (owners?.ofSafe) return owners.prefix;
  throw invalid(`A grant of an account of kind ${kind} has only one signature.`);
}

function withoutPrefix(signature: Hex, prefix: Hex): Hex {
  if (!signature.startsWith(prefix)) throw invalid(`A grant's signature does not start with ${prefix}.`);
  return `0x${signature.slice(prefix.length)}`;
}

/** Splits what {@link safeSignatures} has joined. */
async function readSignatures(bytes: Hex, hash: Hex): Promise<SafeOwnerSignature[]> {
  const signatures: SafeOwnerSignature[] = [];
  // The static parts end at the first owner's own bytes.
  let end = size(bytes);
  try {
    for (let at = 0; at < end; at += 65) {
      const head = slice(bytes, at, at + 65, { strict: true });
      if (Number(slice(head, 64)) !== 0) {
        signatures.push({
          signer: await recoverAddress({ hash, signature: head }),
          signature: head,
        });
        continue;
      }
      const place = Number(BigInt(slice(head, 32, 64)));
      const length = Number(BigInt(slice(bytes, place, place + 32, { strict: true })));
      signatures.push({
        signer: getAddress(slice(head, 12, 32)),
        signature: slice(bytes, place + 32, place + 32 + length, { strict: true }),
        isContract: true,
      });
      end = Math.min(end, place);
    }
  } catch (cause) {
    throw invalid("A grant's signature is not in signGrant's format.", cause);
  }
  return signatures;
}

const invalid = (shortMessage: string, cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_GRANT",
    shortMessage,
    metaMessages: ["Have every owner sign the same proposal with signGrant, and combine the results."],
    cause,
  });
