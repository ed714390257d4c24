import {
  type Address,
  type Chain,
  type Client,
  domainSeparator,
  type Hex,
  maxUint256,
  parseAbi,
  type Transport,
  zeroHash,
} from "viem";
import { ChainRefusal } from "../errors/ChainRefusal.ts";
import { isContractRefusal } from "../errors/isContractRefusal.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import { answerOf } from "../internal/answerOf.ts";
import { getEip712Domain, readContract } from "../internal/chainActions.ts";

const tokenAbi = parseAbi([
  "function name() view returns (string)",
  "function version() view returns (string)",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  // Called, never sent.
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature) view",
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
]);

/** The end of keccak256("latchkey: who pays nothing"): an address that no one controls. It gets code during a call. */
const PAYER: Address = "0x9FCf907AD6974525b87F7Ed1909Bf50D3407f95d";
/** The end of keccak256("latchkey: who is paid nothing"). */
const PAYEE: Address = "0x1be1FcC175E3dB7887a9Fc48f53cB1513a31f26a";
const ERC1271_YES: Hex = "0x1626ba7e";
/** Answers every call with ERC1271_YES: PUSH4, PUSH1 224, SHL, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN. */
const SAYS_YES: Hex = "0x631626ba7e60e01b60005260206000f3";
/** Answers every call with a word of zeros. */
const SAYS_NO: Hex = "0x600060005260206000f3";

/**
 * Why a contract account cannot pay a token by signed EIP-3009 authorizations: the functions, the signature's format,
 * and the EIP-712 domain are checked.
 *
 * Simulates whether `transferWithAuthorization` uses ERC-1271, in calls that change nothing: a payment of zero by an address
 * that gets code for that call alone must succeed if the code approves, and fail if it does not. A node without
 * state overrides only shows that the function exists, which is then enough.
 *
 * @returns The rest of a sentence about the token; undefined if it can.
 * @throws {Refusal} NETWORK
 */
export async function eip3009Fault(
  client: Client<Transport, Chain | undefined>,
  { token, chainId }: { token: Address; chainId: number },
): Promise<string | undefined> {
  const [separator, state, fault] = await Promise.all([
    answerOf(readContract(client, { address: token, abi: tokenAbi, functionName: "DOMAIN_SEPARATOR" })),
    answerOf(
      readContract(client, {
        address: token,
        abi: tokenAbi,
        functionName: "authorizationState",
        args: [PAYER, zeroHash],
      }),
    ),
    transferFault(client, token),
  ]);
  if (separator === undefined || state === undefined) return "it does not implement EIP-3009";
  if (fault) return fault;
  return (await isKnownDomain(client, { token, chainId, separator }))
    ? undefined
    : "its EIP-712 domain is not derived from its name, its version, the chain and its address";
}

/** Why a contract account cannot use `transferWithAuthorization` with the signature as bytes. */
async function transferFault(
  client: Client<Transport, Chain | undefined>,
  token: Address,
): Promise<string | undefined> {
  const refusal = await transferRefusal(client, token, SAYS_YES);
  if (refusal === undefined)
    return (await transferRefusal(client, token, SAYS_NO)) === undefined
      ? "it does not check the payer's signature"
      : undefined;
  const said = refusal instanceof ChainRefusal ? refusal.revertData : undefined;
  if (isRefusal(refusal, "UNKNOWN") && (said === undefined || said === "0x"))
    return "its transferWithAuthorization does not accept a signature as bytes";
  // A paused token, or one that blocks the payer, says nothing about signatures.
  if (!isRefusal(refusal, "TOKEN_INVALID_SIGNATURE") && !isRefusal(refusal, "UNKNOWN")) return undefined;
  return (await takesOverrides(client))
    ? "it rejects signatures that the payer's contract approves (ERC-1271)"
    : undefined;
}

/** How the token rejects a payment of zero by an address with this `code`. */
async function transferRefusal(
  client: Client<Transport, Chain | undefined>,
  token: Address,
  code: Hex,
): Promise<unknown> {
  const attempt = (stateOverride: { address: Address; code: Hex }[]) =>
    readContract(client, {
      address: token,
      abi: tokenAbi,
      functionName: "transferWithAuthorization",
      args: [PAYER, PAYEE, 0n, 0n, maxUint256, zeroHash, "0x"],
      ...(stateOverride.length > 0 ? { stateOverride } : {}),
    }).then(
      () => undefined,
      (error: unknown) => error,
    );
  let refusal = await attempt([{ address: PAYER, code }]);
  // If a node rejects the overrides themselves, the call is made without.
  if (refusal !== undefined && !isRefusal(refusal, "NETWORK") && !isContractRefusal(refusal))
    refusal = await attempt([]);
  if (isRefusal(refusal, "NETWORK")) throw refusal;
  return refusal;
}

/** Whether the node runs the code that a call gives to an address. */
const takesOverrides = async (client: Client<Transport, Chain | undefined>): Promise<boolean> =>
  readContract(client, {
    address: PAYER,
    abi: tokenAbi,
    functionName: "isValidSignature",
    args: [zeroHash, "0x"],
    stateOverride: [{ address: PAYER, code: SAYS_YES }],
  }).then(
    (answer) => answer === ERC1271_YES,
    () => false,
  );

/** Whether a merchant can state the token's separator by a name and a version. */
async function isKnownDomain(
  client: Client<Transport, Chain | undefined>,
  { token, chainId, separator }: { token: Address; chainId: number; separator: Hex },
): Promise<boolean> {
  const [name, version, domain] = await Promise.all([
    answerOf(readContract(client, { address: token, abi: tokenAbi, functionName: "name" })),
    answerOf(readContract(client, { address: token, abi: tokenAbi, functionName: "version" })),
    answerOf(getEip712Domain(client, { address: token })),
  ]);
  const candidates = [
    { name: domain?.domain.name, version: domain?.domain.version },
    ...[version, "1", "2"].map((one) => ({ name, version: one })),
  ];
  return candidates.some(
    (one) =>
      one.name !== undefined &&
      one.version !== undefined &&
      separator ===
        domainSeparator({
          domain: { name: one.name, version: one.version, chainId, verifyingContract: token },
        }),
  );
}
