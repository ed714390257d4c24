import { useEffect, useMemo, useRef, useState } from "react";
import type { AskedChain } from "../chain/PageChains.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { type AccountNews, noNews, watchAccount } from "./watchAccount.ts";

/**
 * What the chain says of an account, kept up to date while the component is there.
 *
 * @param managed The same object as long as nothing of it changed: another one begins anew.
 * @returns `askNow` asks at once.
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
  // Nothing that was said of another account is shown for this one.
  const news = heard?.of === managed ? heard.news : before;
  return { news, askNow: () => watch.current?.askNow() };
}
