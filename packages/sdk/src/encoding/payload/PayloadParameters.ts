import type { Address, Hex } from "viem";
import type { PaymentMethod } from "../../session/paymentMethods.ts";
import type { Session } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";

/** Parameters of {@link encodePayload}: everything that the module needs to rebuild and check a signed payment. */
export type PayloadParameters = PaymentMethodParameters & {
  session: Session;
  /** Which of the session's budgets pays. */
  budgetIndex: number;
  /** Where the payment counts. By Permit2 a node, whose depth is the slot's size. */
  slot: Slot;
  /** The payee. */
  to: Address;
  /** In the token's base units. */
  value: bigint;
  /** Of the authorization, or of x402's witness; seconds. */
  validAfter: bigint;
  /** Of the authorization, or Permit2's deadline; seconds. */
  validBefore: bigint;
  /**
   * The key's signature: 65 bytes (r, s, v) or 64 (EIP-2098). Over the EIP-3009 digest; by Permit2 over
   * {@link signedPayment}.
   */
  keySignature: Hex;
  /**
   * The owner's signature, for a session that is not enabled yet: the whole session is included then. Absent: the
   * session is enabled, and hashes replace what the module does not need.
   */
  grant?: Hex;
  /**
   * Whether the account queries the module with its own hash of the authorization's digest, as a Kernel does:
   * the key cannot be recovered then, and is included. Default: false.
   */
  wrapsHash?: boolean;
};

/** How the payment is made, and what the digest needs beside. Default: an EIP-3009 authorization. */
export type PaymentMethodParameters =
  | {
      method?: Extract<PaymentMethod, "eip3009">;
      /** The token's EIP-712 name and version, as its own domain separator has them. */
      tokenDomain: { name: string; version: string };
    }
  | { method: Extract<PaymentMethod, "permit2-exact"> }
  | {
      method: Extract<PaymentMethod, "permit2-upto">;
      /** Who may settle. */
      facilitator: Address;
    };
