import { useCallback, useEffect, useRef, useState } from "react";

const isRequest = (hash: string): boolean => hash.startsWith("#request=");

/**
 * What stands behind the `#` of the page's address, the sign included; empty where nothing does. Another request does not
 * take the place of one that the reader has begun to read and not answered: whoever opened this page may change its address
 * at any moment, and no reader looks there.
 *
 * @returns `hash`: what is shown. `other`: a request that was opened in its place and is not shown yet. `setReviewing`: to be
 * told whether the request that is shown waits for its answer. `readOther` shows the other one, `stay` forgets it.
 */
export function useShownHash(): {
  hash: string;
  other: string | undefined;
  isReviewing: boolean;
  setReviewing: (isOpen: boolean) => void;
  readOther: () => void;
  stay: () => void;
} {
  const [hash, setHash] = useState(() => window.location.hash);
  const [other, setOther] = useState<string>();
  const [isReviewing, setIsReviewing] = useState(false);
  /** The request that was begun and not answered. It stays so while another screen is looked at. */
  const begun = useRef<string>(undefined);
  const shown = useRef(hash);

  const show = useCallback((next: string) => {
    shown.current = next;
    setHash(next);
    setOther(undefined);
  }, []);

  useEffect(() => {
    const onHashChange = () => {
      const next = window.location.hash;
      if (isRequest(next) && begun.current !== undefined && next !== begun.current) setOther(next);
      else show(next);
    };
    window.addEventListener("hashchange", onHashChange);
    return () => window.removeEventListener("hashchange", onHashChange);
  }, [show]);

  const setReviewing = useCallback((isOpen: boolean) => {
    begun.current = isOpen ? shown.current : undefined;
    setIsReviewing(isOpen);
  }, []);
  const readOther = () => {
    begun.current = undefined;
    if (other !== undefined) show(other);
  };
  const stay = () => {
    // Without an event: nothing new is shown.
    window.history.replaceState(null, "", shown.current || window.location.pathname + window.location.search);
    setOther(undefined);
  };
  return { hash, other, isReviewing, setReviewing, readOther, stay };
}
