import type { Address, Hash } from "viem";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseChainId } from "../../internal/parseWhole.ts";

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
