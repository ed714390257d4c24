import { type Address, concat, encodeAbiParameters, type Hash, toFunctionSelector, zeroAddress } from "viem";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseChainId } from "../internal/parseWhole.ts";
import { VALIDATOR_TYPE } from "./erc7579/erc7579Abi.ts";
import { erc7579Adapter } from "./erc7579/erc7579Adapter.ts";
import { openzeppelin } from "./openzeppelin.ts";

const types = { Kernel: [{ name: "hash", type: "bytes32" }] } as const;

/**
 * What a Kernel 3.1 asks its validators about in place of a digest that it is asked about itself: typed data of
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
  /** What a contract would ask `isValidSignature` about; for a grant, its EIP-712 digest. */
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

/** What a validator of a Kernel may be used for; without it, for nothing. */
const EXECUTE_SELECTOR = toFunctionSelector("function execute(bytes32,bytes)");

/** ZeroDev's Kernel 3.1. */
export const kernel = erc7579Adapter({
  ...openzeppelin,
  kind: "kernel",
  // It signs in a domain that has its version: later ones want other signatures than kernelMessage makes.
  accountId: "kernel.advanced.v0.3.1",
  owners: {
    // The root validator, whichever that is by then.
    prefix: "0x00",
    message: kernelMessage,
    ofSafe: false,
  },
  laneBytes: 2,
  // Mode "default", type "validator".
  nonceKey: (validator, lane) => concat(["0x0001", validator, lane]),
  laneIn: (key) => BigInt.asUintN(16, key),
  granterPrefix: (validator) => concat(["0x01", validator]),
  // No hook (a hooked validator needs `executeUserOp`, which sessions do not accept), the data, and for a validator the
  // one function that its userOps may call.
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
