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
 * Asks a Safe whether its owners signed a digest, the way the module asks: their signatures must be accepted, and no
 * signatures at all must not be.
 *
 * @param parameters.digest What the Safe vouches for; for a grant, its EIP-712 digest.
 * @param parameters.signature The owners' signatures, in the Safe's own form.
 * @returns NOT_GRANTED with the reason, or undefined where they did. It throws only where the chain cannot be asked.
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
      metaMessages: ["Have it signed again by owners of the account, as many as its threshold."],
      details: { account },
      cause: signed,
    });
  if ((await check("0x")) !== true) return undefined;
  return new Refusal({
    code: "NOT_GRANTED",
    shortMessage: `The account ${account} says yes to no signatures at all, so its word is worth nothing.`,
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
