import {
  type Address,
  type Chain,
  type Client,
  concat,
  encodeAbiParameters,
  type Hex,
  keccak256,
  parseAbi,
  type Transport,
  toBytes,
} from "viem";
import { decodeError } from "../errors/decodeError.ts";
import { Refusal } from "../errors/Refusal.ts";
import { readContract } from "../internal/chainActions.ts";
import { contractAnswer } from "../internal/contractAnswer.ts";

const signaturesAbi = parseAbi([
  "function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view",
  "function domainSeparator() view returns (bytes32)",
]);
const safeMessageTypeHash = keccak256(toBytes("SafeMessage(bytes message)"));

/**
 * Checks whether a Safe's owners signed a digest, as the module does: the Safe must accept their signatures, and must
 * reject an empty signature.
 *
 * @param parameters.digest What was signed; for a grant, its EIP-712 digest.
 * @param parameters.signature The owners' signatures, in the Safe's format.
 * @returns NOT_GRANTED with the reason, or undefined if they did. Throws only if the node cannot be reached.
 */
export async function ownersRefusal(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; digest: Hex; signature: Hex },
): Promise<Refusal | undefined> {
  const { account, digest, signature } = parameters;
  const preimage = await safeMessagePreimage(client, account, digest);
  const check = (signatures: Hex) =>
    contractAnswer(
      readContract(client, {
        address: account,
        abi: signaturesAbi,
        functionName: "checkSignatures",
        args: [keccak256(preimage), preimage, signatures],
      }).then(() => true),
    );
  const signed = await check(signature);
  if (signed !== true)
    return new Refusal({
      code: "NOT_GRANTED",
      shortMessage: `The account's owners did not sign this session: ${decodeError(signed).shortMessage}`,
      metaMessages: ["Have it signed again, by as many owners as the account's threshold."],
      details: { account },
      cause: signed,
    });
  if ((await check("0x")) !== true) return undefined;
  return new Refusal({
    code: "NOT_GRANTED",
    shortMessage: `The account ${account} accepts an empty signature, so it cannot grant.`,
    metaMessages: ["Have the account itself enable the session."],
    details: { account },
  });
}

async function safeMessagePreimage(
  client: Client<Transport, Chain | undefined>,
  safe: Address,
  digest: Hex,
): Promise<Hex> {
  const separator = await readContract(client, {
    address: safe,
    abi: signaturesAbi,
    functionName: "domainSeparator",
  });
  const structHash = keccak256(
    encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [safeMessageTypeHash, keccak256(digest)]),
  );
  return concat(["0x1901", separator, structHash]);
}
