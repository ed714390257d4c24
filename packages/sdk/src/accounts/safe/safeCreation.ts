import {
  type Address,
  concat,
  encodeFunctionData,
  encodePacked,
  erc20Abi,
  type Hex,
  parseAbi,
  size,
  zeroAddress,
} from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseList } from "../../internal/parseList.ts";
import { parseWhole } from "../../internal/parseWhole.ts";
import { PERMIT2 } from "../../session/permit2.ts";
import { safeAbi } from "./safeAbi.ts";
import { safeAddresses } from "./safeAddresses.ts";
import { type SafeSignatureRail, signatureRailCalls, signatureRailHandler } from "./safeSignatureRail.ts";

const multiSendAbi = parseAbi(["function multiSend(bytes transactions) payable"]);
const sharedSignerAbi = parseAbi(["function configure((uint256 x, uint256 y, uint176 verifiers) signer)"]);

/**
 * The verifiers of a passkey's signatures, as Safe packs them into uint176: the precompile's address, then the
 * address of a contract that is called if the precompile does not accept the signature.
 */
export const passkeyVerifiers = (
  precompile: Address = safeAddresses.p256Precompile,
  contract: Address = safeAddresses.p256Verifier,
): bigint =>
  (BigInt(parseAddress(precompile, "precompile")) << 160n) | BigInt(parseAddress(contract, "contract"));

/** Parameters of {@link safeCreation}. */
export type SafeCreationParameters = SafeSignatureRail & {
  /** The deployed SafeSessionModule. */
  module: Address;
  /** Coordinates of the P-256 key of the passkey that owns the Safe through Safe's shared signer. */
  passkey?: { x: bigint; y: bigint };
  /** The passkey's verifiers: see {@link passkeyVerifiers}. */
  verifiers?: bigint;
  /** Further owners besides the passkey. */
  owners?: readonly Address[];
  /**
   * What the Safe approves to Permit2 from its first transaction on, in base units: what sessions that Permit2 pays for
   * will need. On a Safe 1.5.0, also put `permit2DomainSeparator(chainId)` into `domainSeparators`.
   */
  permit2?: readonly { token: Address; amount: bigint }[];
  /** How many owners must sign. Default: 1. */
  threshold?: number;
  /** Safe's shared signer. Default: its canonical address. */
  sharedSigner?: Address;
  /** MultiSend 1.5.0, for every version of the Safe. Default: its canonical address. */
  multiSend?: Address;
};

/** The set-up of a new Safe: protocol-kit's `SafeAccountConfig`. */
export type SafeCreation = {
  owners: Address[];
  threshold: number;
  /** The contract that the new Safe delegate-calls during its set-up. */
  to: Address;
  data: Hex;
  fallbackHandler: Address;
};

/** One transaction of a MultiSend batch; operation 1 is a delegatecall. Target 0 is the Safe itself. */
const batched = (operation: 0 | 1, to: Address, data: Hex): Hex =>
  encodePacked(
    ["uint8", "address", "uint256", "uint256", "bytes"],
    [operation, to, 0n, BigInt(size(data)), data],
  );

/**
 * The set-up of a new Safe with its passkey, the module and the signature rail from its first transaction on:
 * pass it to protocol-kit as `predictedSafe.safeAccountConfig`, or to {@link safeInitializer}.
 *
 * The batch cannot contain the Safe's address, which depends on the batch. It contains address 0 instead, which
 * MultiSend 1.5.0 replaces with the Safe. An older MultiSend would call address 0, succeed, and install nothing:
 * check `isModuleEnabled` after the creation.
 * @throws {InvalidInput} INVALID_OWNERS: the Safe would have no owner, or the threshold cannot be met;
 * MODULE_IS_FALLBACK_HANDLER; UNKNOWN_TOKEN: no token's domain for a Safe 1.5.0; INVALID_ADDRESS;
 * INVALID_INPUT; UNSUPPORTED_ACCOUNT.
 */
export function safeCreation(parameters: SafeCreationParameters): SafeCreation {
  const {
    passkey,
    verifiers = passkeyVerifiers(),
    threshold = 1,
    sharedSigner = safeAddresses.sharedSigner,
    multiSend = safeAddresses.multiSend,
  } = parameters;
  const module = parseAddress(parameters.module, "module");
  const owners = [
    ...(passkey ? [parseAddress(sharedSigner, "sharedSigner")] : []),
    ...parseList(parameters.owners ?? [], "owners", parseAddress),
  ];
  if (owners.length === 0)
    throw invalidOwners("A Safe needs an owner.", "Pass a passkey, or an address in owners.");
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > owners.length) {
    throw invalidOwners(
      `The threshold is ${threshold}; the Safe would have ${owners.length} owner(s).`,
      "Use a whole number from 1 to the number of owners.",
    );
  }
  const configuration = passkey
    ? [
        batched(
          1,
          sharedSigner,
          encodeFunctionData({
            abi: sharedSignerAbi,
            functionName: "configure",
            args: [
              {
                x: parseWhole(passkey.x, "passkey.x", 1n << 256n),
                y: parseWhole(passkey.y, "passkey.y", 1n << 256n),
                verifiers: parseWhole(verifiers, "verifiers", 1n << 176n),
              },
            ],
          }),
        ),
      ]
    : [];
  const installation = [
    encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [module] }),
    ...signatureRailCalls(parameters, module),
  ].map((data) => batched(0, zeroAddress, data));
  const approvals = parseList(parameters.permit2 ?? [], "permit2", (one, path) =>
    batched(
      0,
      parseAddress(one?.token, `${path}.token`),
      encodeFunctionData({
        abi: erc20Abi,
        functionName: "approve",
        args: [PERMIT2, parseWhole(one.amount, `${path}.amount`, 1n << 256n)],
      }),
    ),
  );
  return {
    owners,
    threshold,
    to: parseAddress(multiSend, "multiSend"),
    data: encodeFunctionData({
      abi: multiSendAbi,
      functionName: "multiSend",
      args: [concat([...configuration, ...installation, ...approvals])],
    }),
    fallbackHandler: signatureRailHandler(parameters, module),
  };
}

/**
 * The initializer of a new Safe, for `SafeProxyFactory.createProxyWithNonce`: the same that protocol-kit encodes
 * from the configuration.
 */
export function safeInitializer(creation: SafeCreation): Hex {
  const owners = parseList(creation.owners, "owners", parseAddress);
  const threshold = BigInt(parseWhole(creation.threshold, "threshold", 2 ** 32));
  const to = parseAddress(creation.to, "to");
  const data = parseHex(creation.data, "data");
  const fallbackHandler = parseAddress(creation.fallbackHandler, "fallbackHandler");
  return encodeFunctionData({
    abi: safeAbi,
    functionName: "setup",
    args: [owners, threshold, to, data, fallbackHandler, zeroAddress, 0n, zeroAddress],
  });
}

const invalidOwners = (shortMessage: string, metaMessage: string) =>
  new InvalidInput({ code: "INVALID_OWNERS", shortMessage, metaMessages: [metaMessage] });
