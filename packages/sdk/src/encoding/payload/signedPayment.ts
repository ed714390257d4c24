import type { Address, Hex } from "viem";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { eip712Domain } from "../../session/eip712Domain.ts";
import { eip712Types } from "../../session/eip712Types.ts";

/**
 * What the key signs for a payment by Permit2: typed data in Latchkey's domain. Permit2's own digest does not name the
 * account: a signature over it would also move the key's own money.
 *
 * @param payment.digest Of the transfer: the hash of {@link permit2Transfer}.
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const signedPayment = (
  payment: { account: Address; digest: Hex },
  domain: { chainId: number; module: Address },
) =>
  ({
    domain: eip712Domain(domain.chainId, domain.module),
    types: { SignedPayment: eip712Types.SignedPayment },
    primaryType: "SignedPayment",
    message: {
      account: parseAddress(payment.account, "account"),
      digest: parseHex(payment.digest, "digest", 32),
    },
  }) as const;
