import type { Grant } from "@latchkey/sdk";
import { reviewSession, type TokenFacts } from "@latchkey/sdk/review";
import { useEffect, useState } from "react";
import { type Address, isAddressEqual, zeroAddress } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";

/** What a page can say of a token without asking: the chain's own coin, and the USDC that is known for it. */
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
 * Symbols and decimals of a grant's tokens, asked of the chain once where they are not known.
 *
 * @returns Finds the facts of a token; undefined for one that has not told yet: show base units.
 */
export function useTokenFacts(asked: AskedChain, grant: Grant): (token: Address) => TokenFacts | undefined {
  const [told, setTold] = useState<readonly TokenFacts[]>([]);
  const { client, settings } = asked;
  const tokens = grant.session.budgets.map(({ token }) => token);
  const needsAsking = tokens.some((token) => !knownFacts(asked, token));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a grant never changes; its tokens and chain say all that matters.
  useEffect(() => {
    if (!needsAsking) return;
    let left = false;
    reviewSession(client, grant).then(
      ({ budgets }) => {
        if (!left) setTold(budgets);
      },
      // Base units are shown then.
      () => {},
    );
    return () => {
      left = true;
    };
  }, [client, settings.id, tokens.join(" "), needsAsking]);
  return (token) => knownFacts(asked, token) ?? told.find((one) => isAddressEqual(one.token, token));
}
