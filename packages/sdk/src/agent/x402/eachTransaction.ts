import type { Chain, Client, Hash, Hex, Transport } from "viem";
import { getTransaction } from "../../internal/chainActions.ts";

/** Most transactions that are looked at for one payment, and how many at the same time. */
export const MOST_LOOKED_AT = 400;
const AT_ONCE = 16;

/**
 * The transactions with these hashes, in order, for a search that ends once it has found its own: some are read at a time, and
 * no more than {@link MOST_LOOKED_AT}.
 *
 * @throws {Refusal} NETWORK
 */
export async function* eachTransaction(
  client: Client<Transport, Chain | undefined>,
  hashes: readonly Hash[],
): AsyncGenerator<{ hash: Hash; to: Hex | null; input: Hex }> {
  const most = Math.min(hashes.length, MOST_LOOKED_AT);
  for (let place = 0; place < most; place += AT_ONCE) {
    const some = hashes.slice(place, Math.min(place + AT_ONCE, most));
    const read = some.map(async (hash) => {
      const { to, input } = await getTransaction(client, { hash });
      return { hash, to, input };
    });
    yield* await Promise.all(read);
  }
}
