import { expect } from "chai";
import { concat, type Hex } from "viem";
import { genuineCode } from "#devchain/genuineCode.ts";
import { genuineUsdcCode, USDC_PARTS } from "#devchain/usdc.ts";
import { pinnedByAddress } from "#devchain-build/safeCode.ts";
import { buildUsdcCode } from "#devchain-build/usdcCode.ts";

describe("the code that the development chain is packed with", () => {
  it("is what the npm packages have, for USDC on either chain", () => {
    for (const chain of ["ethereum", "base"] as const) {
      const built = buildUsdcCode(chain);
      for (const part of USDC_PARTS) expect(genuineUsdcCode(chain)[part]).to.equal(built[part]);
    }
  });

  for (const key of ["Safe 1.4.1 safe", "passkey sharedSigner", "EntryPoint 0.9"])
    it(`is not written if a byte of it is another: ${key}`, () => {
      const { name, code, address, factory } = genuineCode(key);
      const pinned = { name, address: address as Hex, ...(factory ? { factory } : {}) };
      expect(pinnedByAddress({ ...pinned, code }).code).to.equal(code);
      expect(() => pinnedByAddress({ ...pinned, code: concat([code, "0x00"]) })).to.throw(
        `${name}: the artifact deploys to`,
      );
    });

  it("is asked for by names that there are", () => {
    expect(() => genuineCode("Safe 1.2.0 safe")).to.throw("There is no code of Safe 1.2.0 safe");
  });
});
