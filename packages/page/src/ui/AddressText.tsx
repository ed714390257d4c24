import type { Address } from "viem";
import { addressGroups } from "./addressGroups.ts";

/**
 * An address in full, in groups of four that are easy to compare. The gaps are drawn, not typed: what is copied is the
 * address. Never shortened: addresses with matching ends are cheap to generate.
 */
export const AddressText = ({ address }: { address: Address }) => (
  <bdi className="address" translate="no">
    {addressGroups(address).map(({ at, signs }) => (
      <span className="address__group" key={at}>
        {signs}
      </span>
    ))}
  </bdi>
);
