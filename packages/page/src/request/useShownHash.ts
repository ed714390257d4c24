import { useCallback, useEffect, useRef, useState } from "react";

const isRequest = (hash: string): boolean => hash.startsWith("#request=");

/**
 * The URL's fragment, `#` included; empty if there is none. A new request does not replace one that is being reviewed:
 * the site that opened this page can change its URL at any moment, and users do not watch the address bar.
 *
 * @returns `hash`: what is shown. `other`: a request that was opened in its place and is not shown yet. `setReviewing`:
 * call it with whether the request shown is unanswered. `readOther` shows the other one, `stay` discards it.
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
  /** The request under review. It stays under review while another screen is open. */
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
    // Without a hashchange event: nothing new is shown.
    window.history.replaceState(null, "", shown.current || window.location.pathname + window.location.search);
    setOther(undefined);
  };
  return { hash, other, isReviewing, setReviewing, readOther, stay };
}
