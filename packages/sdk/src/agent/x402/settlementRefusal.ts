import { type Address, encodeFunctionData, erc20Abi, type Hex, maxUint48, parseAbi } from "viem";
import { decodeError } from "../../errors/decodeError.ts";
import type { Refusal } from "../../errors/Refusal.ts";
import type { AggregatingClient } from "../../internal/aggregatingClient.ts";
import { call } from "../../internal/chainActions.ts";
import { PERMIT2 } from "../../session/permit2.ts";
import type { SignedAuthorization } from "./authorizationFate.ts";

/** A signed authorization, as x402 carries it. */
export type SignedPayment = { signature: Hex; authorization: SignedAuthorization };

const abi = parseAbi([
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
]);

/** Why a token would not settle an authorization now, if it would not: its own function is tried. */
export async function settlementRefusal(
  client: AggregatingClient,
  { token, authorization, signature }: SignedPayment & { token: Address },
): Promise<Refusal | undefined> {
  const { from, to, value, validAfter, validBefore, nonce } = authorization;
  const data = encodeFunctionData({
    abi,
    args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature],
  });
  try {
    await client.calls(
      token,
      [data],
      () => undefined,
      async () => {
        await call(client.alone, { to: token, data });
        return [];
      },
    );
    return undefined;
  } catch (error) {
    const refusal = decodeError(error);
    if (refusal.code === "NETWORK") throw refusal;
    return refusal;
  }
}

/** A nonce of no slot. */
const NO_SLOT: Hex = `0x${"ff".repeat(32)}`;

/**
 * Whether a token is paused, or has one of the parties on its blacklist: it says so before it looks at the signature,
 * and here there is none.
 *
 * @returns TOKEN_PAUSED or TOKEN_BLACKLISTED.
 */
export async function partiesRefusal(
  client: AggregatingClient,
  { token, from, to, value }: { token: Address; from: Address; to: Address; value: bigint },
): Promise<Refusal | undefined> {
  const refusal = await settlementRefusal(client, {
    token,
    signature: "0x",
    authorization: {
      from,
      to,
      value: `${value}`,
      validAfter: "0",
      validBefore: `${maxUint48}`,
      nonce: NO_SLOT,
    },
  });
  return refusal?.code === "TOKEN_PAUSED" || refusal?.code === "TOKEN_BLACKLISTED" ? refusal : undefined;
}

/**
 * The same for a payment by Permit2: the token's own transfer is tried as Permit2 makes it, without a signature. It is a
 * request of its own, as only Permit2 may ask.
 *
 * @returns TOKEN_PAUSED or TOKEN_BLACKLISTED.
 */
export async function transferRefusal(
  client: AggregatingClient,
  { token, from, to, value }: { token: Address; from: Address; to: Address; value: bigint },
): Promise<Refusal | undefined> {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "transferFrom", args: [from, to, value] });
  const refusal = await call(client.alone, { account: PERMIT2, to: token, data }).then(
    () => undefined,
    (error: unknown) => decodeError(error),
  );
  if (refusal?.code === "NETWORK") throw refusal;
  return refusal?.code === "TOKEN_PAUSED" || refusal?.code === "TOKEN_BLACKLISTED" ? refusal : undefined;
}
