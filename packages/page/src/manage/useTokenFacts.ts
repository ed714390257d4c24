import type { Grant } from "@latchkey/sdk";
import { reviewSession, type TokenFacts } from "@latchkey/sdk/review";
import { useEffect, useState } from "react";
import { type Address, isAddressEqual, zeroAddress } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";

/** Facts known without a request: the chain's native coin and its known USDC. */
function knownFacts({ settings }: AskedChain, token: Address): TokenFacts | undefined {
  if (isAddressEqual(token, zeroAddress)) {
    const { symbol, decimals } = settings.chain.nativeCurrency;
    return { token, symbol, decimals, known: true };
  }
  if (settings.usdc && isAddressEqual(token, settings.usdc))
    return { token, symbol: "USDC", decimals: 6, known: true };
  return undefined;
}

/**
 * Symbols and decimals of a grant's tokens, read from the chain once if unknown.
 *
 * @returns Returns a token's facts; undefined until they are read: show base units.
 */
export function useTokenFacts(asked: AskedChain, grant: Grant): (token: Address) => TokenFacts | undefined {
  const [told, setTold] = useState<readonly TokenFacts[]>([]);
  const { client, settings } = asked;
  const tokens = grant.session.budgets.map(({ token }) => token);
  const needsAsking = tokens.some((token) => !knownFacts(asked, token));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a grant never changes; only its tokens and chain matter.
  useEffect(() => {
    if (!needsAsking) return;
    let left = false;
    reviewSession(client, grant).then(
      ({ budgets }) => {
        if (!left) setTold(budgets);
      },
      // Base units are shown instead.
      () => {},
    );
    return () => {
      left = true;
    };
  }, [client, settings.id, tokens.join(" "), needsAsking]);
  return (token) => knownFacts(asked, token) ?? told.find((one) => isAddressEqual(one.token, token));
}
