import { useEffect, useMemo, useRef, useState } from "react";
import type { AskedChain } from "../chain/PageChains.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { type AccountNews, noNews, watchAccount } from "./watchAccount.ts";

/**
 * An account's on-chain state, kept up to date while the component is mounted.
 *
 * @param managed Must be referentially stable while unchanged: a new object restarts the watch.
 * @returns `askNow` queries the chain immediately.
 */
export function useAccountWatch(
  managed: ManagedAccount,
  { client, settings, rpc }: AskedChain,
): { news: AccountNews; askNow: () => void } {
  const [heard, setHeard] = useState<{ of: ManagedAccount; news: AccountNews }>();
  const watch = useRef<{ askNow: () => void }>(undefined);
  useEffect(() => {
    const begun = watchAccount({
      asked: { client, settings, rpc },
      managed,
      tell: (news) => setHeard({ of: managed, news }),
    });
    watch.current = begun;
    return begun.end;
  }, [client, settings, rpc, managed]);
  const before = useMemo(() => noNews(managed, Date.now()), [managed]);
  // Nothing read for another account is shown for this one.
  const news = heard?.of === managed ? heard.news : before;
  return { news, askNow: () => watch.current?.askNow() };
}
