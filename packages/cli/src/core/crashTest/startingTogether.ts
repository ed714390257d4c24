/**
 * A `fetch` for each of some processes. None hears the shop's price before all have asked for it, so that all check their limit
 * at the same moment: as replicas do that wake at the same minute.
 */
export function startingTogether(processes: number): (typeof fetch)[] {
  let arrived = 0;
  let open = () => {};
  const all = new Promise<void>((done) => {
    open = done;
  });
  return Array.from({ length: processes }, () => {
    let isFirst = true;
    return async (...request) => {
      const response = await fetch(...request);
      if (!isFirst) return response;
      isFirst = false;
      const body = await response.arrayBuffer();
      if (++arrived === processes) open();
      await all;
      return new Response(body, response);
    };
  });
}
