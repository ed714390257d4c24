import type { Address, Chain, Client, Transport } from "viem";
import { getCode } from "./chainActions.ts";

/** Multicall3, at the same address on nearly every chain. */
export const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Whether a client's chain has it, once that was seen. It stays there. */
const seen = new WeakMap<object, boolean>();

/** Whether a client's chain has Multicall3, as far as that is known without asking. */
export const knownMulticall3 = (client: object): boolean | undefined => seen.get(client);

/** Remembers what the answer to a call of it has shown. */
export const noteMulticall3 = (client: object, isThere: boolean): void => {
  seen.set(client, isThere);
};

/**
 * Whether a client's chain has Multicall3: asked until it is known.
 *
 * @throws {Refusal} NETWORK
 */
export async function hasMulticall3(client: Client<Transport, Chain | undefined>): Promise<boolean> {
  const known = knownMulticall3(client);
  if (known !== undefined) return known;
  const code = await getCode(client, { address: MULTICALL3 });
  const isThere = code !== undefined && code !== "0x";
  noteMulticall3(client, isThere);
  return isThere;
}
