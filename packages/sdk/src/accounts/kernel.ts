import { type Address, concat, encodeAbiParameters, type Hash, toFunctionSelector, zeroAddress } from "viem";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseChainId } from "../internal/parseWhole.ts";
import { VALIDATOR_TYPE } from "./erc7579/erc7579Abi.ts";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { openzeppelin } from "./openzeppelin.ts";

const types = { Kernel: [{ name: "hash", type: "bytes32" }] } as const;

/**
 * What a Kernel 3.1 passes to its validators instead of the digest that it is queried about: typed data of
 * `Kernel(bytes32 hash)` in the account's own domain.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const kernelMessage = ({
  account,
  chainId,
  digest,
}: {
  account: Address;
  chainId: number;
  /** The argument of `isValidSignature`; for a grant, its EIP-712 digest. */
  digest: Hash;
}) =>
  ({
    domain: {
      name: "Kernel",
      version: "0.3.1",
      chainId: parseChainId(chainId),
      verifyingContract: parseAddress(account, "account"),
    },
    types,
    primaryType: "Kernel",
    message: { hash: parseHex(digest, "digest", 32) },
  }) as const;

const bytes = { type: "bytes" } as const;

/** The selector that a Kernel's validator may be used for; without one it cannot be used. */
const EXECUTE_SELECTOR = toFunctionSelector("function execute(bytes32,bytes)");

/** ZeroDev's Kernel 3.1. */
export const kernel = erc7579Adapter({
  ...openzeppelin,
  kind: "kernel",
  // Its signing domain contains its version: later ones need other signatures than those over kernelMessage.
  accountId: "kernel.advanced.v0.3.1",
  owners: {
    // The current root validator.
    prefix: "0x00",
    message: kernelMessage,
    ofSafe: false,
  },
  laneBytes: 2,
  // Mode "default", type "validator".
  nonceKey: (validator, lane) => concat(["0x0001", validator, lane]),
  laneIn: (key) => BigInt.asUintN(16, key),
  granterPrefix: (validator) => concat(["0x01", validator]),
  // No hook (a hooked validator needs `executeUserOp`, which sessions reject), the data, and for a validator the
  // only function that its userOps may call.
  installationBytes: (type, inner) =>
    concat([
      zeroAddress,
      type === VALIDATOR_TYPE
        ? encodeAbiParameters([bytes, bytes, bytes], [inner, "0x", EXECUTE_SELECTOR])
        : encodeAbiParameters([bytes, bytes], [inner, "0x"]),
    ]),
  wrapsHash: true,
  wrap: (addressed) => concat(["0x01", addressed]),
});
