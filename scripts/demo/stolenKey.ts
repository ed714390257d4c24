import { type SafeVersion, transferWithAuthorizationTypes, type Usdc } from "@latchkey/devchain";
import { hashSession, type Session, type Slot } from "@latchkey/sdk";
import { encodePayload, slotNonce, wrapForSafe } from "@latchkey/sdk/encoding";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  parseAbi,
  parseAbiParameters,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";

/** A transaction to the token, made by hand. */
type Forged = { to: Address; data: Hex };

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
