import { type Address, concat, encodeAbiParameters, type Hash, toFunctionSelector, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseChainId } from "../internal/parseWhole.ts";
import { VALIDATOR_TYPE } from "./erc7579/erc7579Abi.ts";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { openzeppelin } from "./openzeppelin.ts";

/** A version of Kernel, as its EIP-712 domain and its `accountId()` say it. */
export type KernelVersion = "0.3.1" | "0.3.2" | "0.3.3";

const types = { Kernel: [{ name: "hash", type: "bytes32" }] } as const;

/**
 * What a Kernel passes to its validators instead of the digest that it is queried about: typed data of
 * `Kernel(bytes32 hash)` in the account's own domain.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const kernelMessage = ({
  account,
  chainId,
  digest,
  version = "0.3.1",
}: {
  account: Address;
  chainId: number;
  /** The argument of `isValidSignature`; for a grant, its EIP-712 digest. */
  digest: Hash;
  /** Of the account's code, which is part of its domain. Default: 0.3.1. */
  version?: KernelVersion;
}) =>
  ({
    domain: {
      name: "Kernel",
      version: parseKernelVersion(version),
      chainId: parseChainId(chainId),
      verifyingContract: parseAddress(account, "account"),
    },
    types,
    primaryType: "Kernel",
    message: { hash: parseHex(digest, "digest", 32) },
  }) as const;

function parseKernelVersion(version: KernelVersion): KernelVersion {
  if (["0.3.1", "0.3.2", "0.3.3"].includes(version)) return version;
  throw new InvalidInput({
    code: "INVALID_INPUT",
    shortMessage: `"${String(version)}" is not a supported version of Kernel.`,
    metaMessages: ["Supported are 0.3.1, 0.3.2 and 0.3.3: read it from the account's eip712Domain()."],
    details: { parameter: "version" },
  });
}

const bytes = { type: "bytes" } as const;

/** The selector that a Kernel's validator may be used for; without one it cannot be used. */
const EXECUTE_SELECTOR = toFunctionSelector("function execute(bytes32,bytes)");

const kernelOf = (kind: "kernel" | "kernel-0.3.2" | "kernel-0.3.3", version: KernelVersion) => {
  const message: typeof kernelMessage = (question) => kernelMessage({ ...question, version });
  return erc7579Adapter({
    ...openzeppelin,
    kind,
    // A kind for each version: the version is part of the domain that owners sign in.
    accountId: `kernel.advanced.v${version}`,
    owners: {
      // The current root validator.
      prefix: "0x00",
      message,
      ofSafe: false,
    },
    laneBytes: 2,
    // Mode "default", type "validator".
    nonceKey: (validator, lane) => concat(["0x0001", validator, lane]),
    laneIn: (key) => BigInt.asUintN(16, key),
    granterPrefix: (validator) => concat(["0x01", validator]),
    // No hook (a hooked validator needs `executeUserOp`, which sessions reject), the data, and for a validator the
    // one function that its userOps may call.
    installationBytes: (type, inner) =>
      concat([
        zeroAddress,
        type === VALIDATOR_TYPE
          ? encodeAbiParameters([bytes, bytes, bytes], [inner, "0x", EXECUTE_SELECTOR])
          : encodeAbiParameters([bytes, bytes], [inner, "0x"]),
      ]),
    wrappedHash: message,
    wrap: (addressed) => concat(["0x01", addressed]),
  });
};

/** ZeroDev's Kernel 3.1. */
export const kernel = kernelOf("kernel", "0.3.1");
/** ZeroDev's Kernel 3.2: no package has its code; what it shares with 3.1 was tried on that. */
export const kernel032 = kernelOf("kernel-0.3.2", "0.3.2");
/** ZeroDev's Kernel 3.3: as {@link kernel032}. */
export const kernel033 = kernelOf("kernel-0.3.3", "0.3.3");
