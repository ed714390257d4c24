import type { Erc7579AccountKind } from "@latchkey/sdk";
import { validatorNonceKey } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { isNonceOfValidator } from "#sdk/accounts/erc7579/isNonceOfValidator.ts";

const validator = "0x1234567890AbcdEF1234567890aBcdef12345678";
/** Bytes of a lane. */
const kinds: Record<Erc7579AccountKind, number> = {
  openzeppelin: 4,
  reference: 4,
  safe7579: 4,
  nexus: 3,
  kernel: 2,
  "kernel-0.3.2": 2,
  "kernel-0.3.3": 2,
};

describe("whether a nonce goes to a validator", () => {
  for (const [kind, bytes] of Object.entries(kinds) as [Erc7579AccountKind, number][]) {
    const last = 2 ** (8 * bytes) - 1;
    it(`is so in every lane, and whatever its sequence is, on the account kind ${kind}`, () => {
      for (const lane of [0, 1, 255, last]) {
        const key = validatorNonceKey({ kind, validator, lane });
        for (const sequence of [0n, 1n, 2n ** 64n - 1n])
          expect(isNonceOfValidator({ kind, validator, nonce: (key << 64n) + sequence })).to.equal(true);
      }
    });
    it(`is not with any bit flipped outside the lane, on the account kind ${kind}`, () => {
      const nonce = validatorNonceKey({ kind, validator }) << 64n;
      const flipped = [...Array(192).keys()].filter(
        (bit) => !isNonceOfValidator({ kind, validator, nonce: nonce ^ (1n << BigInt(64 + bit)) }),
      );
      expect(flipped).to.have.length(192 - 8 * bytes);
    });
  }
});
