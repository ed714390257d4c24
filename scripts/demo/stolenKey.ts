import { permit2Abi, type SafeVersion, transferWithAuthorizationTypes, type Usdc } from "@latchkey/devchain";
import { hashSession, type Session, type Slot } from "@latchkey/sdk";
import {
  encodePayload,
  nodeNonce,
  PERMIT2,
  type Permit2Transfer,
  permit2DomainSeparator,
  permit2Transfer,
  signedPayment,
  slotNonce,
  wrapForSafe,
} from "@latchkey/sdk/encoding";
import {
  x402ExactPermit2ProxyABI,
  x402ExactPermit2ProxyAddress,
  x402UptoPermit2ProxyABI,
  x402UptoPermit2ProxyAddress,
} from "@x402/evm";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  parseAbi,
  parseAbiParameters,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";

/** A transaction to the token, made by hand. */
type Forged = { to: Address; data: Hex };

/** A payment by Permit2 as a thief signs it, of the node that is a whole lot. */
type StolenTransfer = {
  budgetIndex: number;
  amount: bigint;
  lot: bigint;
  to?: Address;
  /** By upto: whom the signature names. Absent: exact. */
  facilitator?: Address;
};

/** What somebody signs who has the agent's key, the session, and no scruples. Nothing is checked before. */
export type StolenKey = {
  /** An authorization of any value to anybody, in a slot of the thief's choice. Default: lot 10, whole, to the shop. */
  authorize(parameters: { to?: Address; value: bigint; slot?: Slot; period: bigint }): Promise<Forged>;
  /** A Permit, dressed up as the session's payload. */
  permit(parameters: { spender: Address; value: bigint }): Promise<Forged>;
};

const WHOLE_LOT: Slot = { lot: 10n, size: 0, index: 0n };

/** What the handler of Safe 1.5.0 asks a domain verifier by. */
const EXTENSIBLE = "0x5fd7e97d";

/** The same for a session that Permit2 pays for. */
export type StolenPermit2Key = {
  /** A transfer of any amount to anybody, as x402's proxy settles it. */
  transfer(parameters: StolenTransfer): Promise<Forged>;
  /** An allowance in Permit2 itself, dressed up as the session's payload. */
  allowance(parameters: { spender: Address; amount: bigint }): Promise<Forged>;
};

/** The agent's key in a thief's hand. `shop` is the session's one recipient. */
export function stolenKey(parameters: {
  agent: PrivateKeyAccount;
  session: Session;
  usdc: Usdc;
  safeVersion: SafeVersion;
  shop: Address;
}): StolenKey {
  const { agent, session, usdc, safeVersion, shop } = parameters;
  const { account } = session;
  const id = hashSession(session);
  return {
    async authorize({ to = shop, value, period, slot = WHOLE_LOT }) {
      const validBefore = BigInt(session.validUntil);
      const nonce = slotNonce({ id, budgetIndex: 0, period, ...slot });
      const authorization = { from: account, to, value, validAfter: 0n, validBefore, nonce };
      const keySignature = await agent.signTypedData({
        domain: usdc.domain,
        types: transferWithAuthorizationTypes,
        primaryType: "TransferWithAuthorization",
        message: authorization,
      });
      const payload = encodePayload({
        // A stranger is not a recipient of the session; the payload of a thief says that he is.
        session: { ...session, budgets: session.budgets.map((one) => ({ ...one, recipients: [to] })) },
        budgetIndex: 0,
        slot,
        to,
        value,
        validAfter: 0n,
        validBefore,
        tokenDomain: usdc.domain,
        keySignature,
      });
      const signature = wrapForSafe(
        payload,
        safeVersion === "1.5.0"
          ? { handler: "extensible", domainSeparator: usdc.domainSeparator, authorization }
          : { handler: "session" },
      );
      return {
        to: usdc.address,
        data: encodeFunctionData({
          abi: authorizationAbi,
          functionName: "transferWithAuthorization",
          args: [account, to, value, 0n, validBefore, nonce, signature],
        }),
      };
    },

    async permit({ spender, value }) {
      const deadline = 2n ** 48n;
      const keySignature = await agent.signTypedData({
        domain: usdc.domain,
        types: permitTypes,
        primaryType: "Permit",
        message: { owner: account, spender, value, nonce: 0n, deadline },
      });
      const payload = encodePayload({
        session,
        budgetIndex: 0,
        slot: WHOLE_LOT,
        to: shop,
        value: 1n,
        validAfter: 0n,
        validBefore: deadline,
        tokenDomain: usdc.domain,
        keySignature,
      });
      // The handler of Safe 1.5.0 asks the module only if the message that it is shown hashes to what the token asks.
      const typeHash = keccak256(
        toHex("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
      );
      const words = encodeAbiParameters(
        parseAbiParameters("address owner, address spender, uint256 value, uint256 nonce, uint256 deadline"),
        [account, spender, value, 0n, deadline],
      );
      const wrapped = encodeAbiParameters(
        parseAbiParameters("bytes32 domainSeparator, bytes32 typeHash, bytes encodeData, bytes payload"),
        [usdc.domainSeparator, typeHash, words, payload],
      );
      return {
        to: usdc.address,
        data: encodeFunctionData({
          abi: authorizationAbi,
          functionName: "permit",
          args: [
            account,
            spender,
            value,
            deadline,
            safeVersion === "1.5.0" ? concat([EXTENSIBLE, wrapped]) : payload,
          ],
        }),
      };
    },
  };
}

/** The key of a session that Permit2 pays for, in a thief's hand, in the session's first period. */
export function stolenPermit2Key(parameters: {
  agent: PrivateKeyAccount;
  session: Session;
  module: Address;
  chainId: number;
  safeVersion: SafeVersion;
  shop: Address;
}): StolenPermit2Key {
  const { agent, session, module, chainId, safeVersion, shop } = parameters;
  const { account } = session;
  const id = hashSession(session);
  const deadline = BigInt(session.validUntil);

  const sign = async (digest: Hex, { budgetIndex, amount, lot, to = shop, facilitator }: StolenTransfer) =>
    encodePayload({
      session: { ...session, budgets: session.budgets.map((one) => ({ ...one, recipients: [to] })) },
      budgetIndex,
      slot: { lot, size: 0, index: 0n },
      to,
      value: amount,
      validAfter: 0n,
      validBefore: deadline,
      ...(facilitator === undefined ? { method: "permit2-exact" } : { method: "permit2-upto", facilitator }),
      keySignature: await agent.signTypedData(signedPayment({ account, digest }, { chainId, module })),
    });
  return {
    async transfer(stolen) {
      const { budgetIndex, amount, lot, to = shop, facilitator } = stolen;
      const { token } = session.budgets[budgetIndex] as Session["budgets"][number];
      const nonce = nodeNonce({ id, budgetIndex, period: 0n, lot, size: 0, index: 0n });
      const transfer: Permit2Transfer = { token, amount, nonce, deadline, to, validAfter: 0n, facilitator };
      const payload = await sign(hashTypedData(permit2Transfer(transfer, chainId)), stolen);
      const domainSeparator = permit2DomainSeparator(chainId);
      const signature = wrapForSafe(
        payload,
        safeVersion === "1.5.0"
          ? { handler: "extensible", domainSeparator, transfer }
          : { handler: "session" },
      );
      const permit = { permitted: { token, amount }, nonce, deadline };
      return facilitator === undefined
        ? {
            to: x402ExactPermit2ProxyAddress,
            data: encodeFunctionData({
              abi: x402ExactPermit2ProxyABI,
              functionName: "settle",
              args: [permit, account, { to, validAfter: 0n }, signature],
            }),
          }
        : {
            to: x402UptoPermit2ProxyAddress,
            data: encodeFunctionData({
              abi: x402UptoPermit2ProxyABI,
              functionName: "settle",
              args: [permit, amount, account, { to, facilitator, validAfter: 0n }, signature],
            }),
          };
    },

    async allowance({ spender, amount }) {
      const { token } = session.budgets[0] as Session["budgets"][number];
      const details = { token, amount, expiration: session.validUntil, nonce: 0 };
      const permit = { details, spender, sigDeadline: deadline };
      const domain = { name: "Permit2", chainId, verifyingContract: PERMIT2 } as const;
      const typed = {
        domain,
        types: permitSingleTypes,
        primaryType: "PermitSingle",
        message: permit,
      } as const;
      const payload = await sign(hashTypedData(typed), { budgetIndex: 0, amount: 1n, lot: 0n });
      const struct = encodeAbiParameters(parseAbiParameters("bytes32, address, uint256"), [
        hashStruct({ types: permitSingleTypes, primaryType: "PermitDetails", data: details }),
        spender,
        deadline,
      ]);
      const typeHash = keccak256(
        toHex(
          "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
        ),
      );
      const wrapped = encodeAbiParameters(
        parseAbiParameters("bytes32 domainSeparator, bytes32 typeHash, bytes encodeData, bytes payload"),
        [permit2DomainSeparator(chainId), typeHash, struct, payload],
      );
      const signature = safeVersion === "1.5.0" ? concat([EXTENSIBLE, wrapped]) : payload;
      return {
        to: PERMIT2,
        data: encodeFunctionData({
          abi: permit2Abi,
          functionName: "permit",
          args: [account, permit, signature],
        }),
      };
    },
  };
}

const permitSingleTypes = {
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
} as const;

const authorizationAbi = parseAbi([
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  "function permit(address owner, address spender, uint256 value, uint256 deadline, bytes signature)",
]);

const permitTypes = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;
