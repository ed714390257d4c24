import { permit2Abi } from "@latchkey/devchain";
import { type Address, concat, encodeFunctionData, type Hex, hashStruct, toHex } from "viem";
import { key, USD, X402_EXACT } from "./fixture.ts";
import { permit2Digest, permit2Types, signedPayment, signPayment, type Terms } from "./permit2Payment.ts";

/** Messages of Permit2's domain that no session approves. */
export const PERMIT2_MESSAGES = [
  "PermitSingle, which allows more than one transfer",
  "a transfer without a witness",
  "a batch with x402's witness",
  "a transfer with another witness",
] as const;

/** Who would pay what to whom, and when: seconds of Unix time. */
type Subject = { account: Address; token: Address; to: Address; nonce: bigint; now: number };

/** A message of $1: what Permit2 asks the account about, and how it is handed in. */
export type Permit2Message = { digest: Hex; from: Address; data(signature: Hex): Hex };

/** One of the messages, as its spender would use it. */
export function permit2Message(
  title: (typeof PERMIT2_MESSAGES)[number],
  { account, token, to, nonce, now }: Subject,
): Permit2Message {
  const permitted = { token, amount: USD };
  const deadline = BigInt(now + 600);
  const details = { to, requestedAmount: USD };
  const { TokenPermissions } = permit2Types.exact;
  switch (title) {
    case "PermitSingle, which allows more than one transfer": {
      const permitSingle = {
        details: { token: token, amount: USD, expiration: now + 86_400, nonce: 0 },
        spender: X402_EXACT,
        sigDeadline: deadline,
      };
      const types = {
        PermitSingle: [
          { name: "details", type: "PermitDetails" },
          { name: "spender", type: "address" },
          { name: "sigDeadline", type: "uint256" },
        ],
        PermitDetails: [
          { name: "token", type: "address" },
          { name: "amount", type: "uint160" },
          { name: "expiration", type: "uint48" },
          { name: "nonce", type: "uint48" },
        ],
      };
      return {
        digest: permit2Digest(types, "PermitSingle", permitSingle),
        from: X402_EXACT,
        data: (signature) =>
          encodeFunctionData({
            abi: permit2Abi,
            functionName: "permit",
            args: [account, permitSingle, signature],
          }),
      };
    }
    case "a transfer without a witness": {
      const types = {
        PermitTransferFrom: [
          { name: "permitted", type: "TokenPermissions" },
          { name: "spender", type: "address" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
        ],
        TokenPermissions,
      };
      const permit = { permitted, nonce, deadline };
      return {
        digest: permit2Digest(types, "PermitTransferFrom", { ...permit, spender: X402_EXACT }),
        from: X402_EXACT,
        data: (signature) =>
          encodeFunctionData({
            abi: permit2Abi,
            functionName: "permitTransferFrom",
            args: [permit, details, account, signature],
          }),
      };
    }
    case "a batch with x402's witness": {
      const types = {
        PermitBatchWitnessTransferFrom: [
          { name: "permitted", type: "TokenPermissions[]" },
          { name: "spender", type: "address" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
          { name: "witness", type: "Witness" },
        ],
        TokenPermissions,
        Witness: permit2Types.exact.Witness,
      };
      const permit = { permitted: [permitted], nonce, deadline };
      const witness = { to, validAfter: 0n };
      return {
        digest: permit2Digest(types, "PermitBatchWitnessTransferFrom", {
          ...permit,
          spender: X402_EXACT,
          witness,
        }),
        from: X402_EXACT,
        data: (signature) =>
          encodeFunctionData({
            abi: permit2Abi,
            functionName: "permitWitnessTransferFrom",
            args: [
              permit,
              [details],
              account,
              hashStruct({ types, primaryType: "Witness", data: witness } as never),
              "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)",
              signature,
            ],
          }),
      };
    }
    case "a transfer with another witness": {
      const Witness = [
        { name: "to", type: "address" },
        { name: "validBefore", type: "uint256" },
      ];
      const types = { ...permit2Types.exact, Witness };
      const permit = { permitted, nonce, deadline };
      const witness = { to, validBefore: 0n };
      return {
        digest: permit2Digest(types, "PermitWitnessTransferFrom", {
          ...permit,
          spender: X402_EXACT,
          witness,
        }),
        from: X402_EXACT,
        data: (signature) =>
          encodeFunctionData({
            abi: permit2Abi,
            functionName: "permitWitnessTransferFrom",
            args: [
              permit,
              details,
              account,
              hashStruct({ types, primaryType: "Witness", data: witness } as never),
              "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validBefore)",
              signature,
            ],
          }),
      };
    }
  }
}

/** Good payloads of a session, with the key's signatures over another digest in place of theirs. */
export async function payloadsOver(
  digest: Hex,
  terms: Terms & { of: NonNullable<Terms["of"]> },
): Promise<Hex[]> {
  const { by = key, wrap = (one) => signedPayment(terms.of.account, one) } = terms;
  const { parts } = await signPayment(terms);
  const signatures = [await by.sign({ hash: wrap(digest) }), await by.sign({ hash: digest })];
  return signatures.map((signature) => {
    const s = BigInt(`0x${signature.slice(66, 130)}`) | (signature.endsWith("1c") ? 1n << 255n : 0n);
    return concat(
      parts.map(([name, bytes]) =>
        name === "r" ? (signature.slice(0, 66) as Hex) : name === "vs" ? toHex(s, { size: 32 }) : bytes,
      ),
    );
  });
}
