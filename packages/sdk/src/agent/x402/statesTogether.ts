import { AbiDecodingZeroDataError, type Hex, pad } from "viem";
import type { AggregatingClient } from "../../internal/aggregatingClient.ts";
import { asking } from "../../internal/chainActions.ts";
import { type AuthorizationsAsked, authorizationStates } from "./authorizationStates.ts";

/** The selector of authorizationState(address,bytes32). */
const SELECTOR = "0xe94a0102";

/**
 * The same as {@link authorizationStates}, in one request with whatever else a client is asked at the same time.
 *
 * @throws {Refusal} NETWORK; UNKNOWN if the token does not implement EIP-3009.
 */
export const statesTogether = /* @__PURE__ */ asking(
  (
    client: AggregatingClient,
    asked: Omit<AuthorizationsAsked, "blockNumber">,
  ): Promise<readonly boolean[]> => {
    const { token, account, nonces } = asked;
    const question = `${SELECTOR}${pad(account).slice(2)}` as const;
    return client.calls(
      token,
      nonces.map((nonce) => `${question}${nonce.slice(2)}` as const),
      readBoolean,
      () => authorizationStates(client.alone, asked),
    );
  },
);

const readBoolean = (data: Hex): boolean => {
  // No code returns nothing, which must not pass for an unused nonce.
  if (data.length !== 66 || BigInt(data) > 1n) throw new AbiDecodingZeroDataError();
  return data.endsWith("1");
};
