import "../../environment/seed.ts";
import { expect } from "chai";
import fc from "fast-check";
import { type Address, encodeFunctionData, encodeFunctionResult, type Hex, multicall3Abi } from "viem";
import { decodeAggregate3, encodeAggregate3 } from "#sdk/internal/aggregate3.ts";

const hex = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`);

describe("the calldata of aggregate3", () => {
  it("is as viem writes it", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ to: hex(20, 20), data: hex(0, 200) }), { maxLength: 6 }), (calls) => {
        const args = [
          calls.map(({ to, data }) => ({ target: to, allowFailure: true, callData: data })),
        ] as const;
        expect(encodeAggregate3(calls as { to: Address; data: Hex }[])).to.equal(
          encodeFunctionData({ abi: multicall3Abi, functionName: "aggregate3", args }),
        );
      }),
    );
  });

  it("is read as viem writes it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ success: fc.boolean(), data: hex(0, 200) }), { maxLength: 6 }),
        (answers) => {
          const result = answers.map(({ success, data }) => ({ success, returnData: data }));
          const returned = encodeFunctionResult({ abi: multicall3Abi, functionName: "aggregate3", result });
          expect(decodeAggregate3(returned)).to.deep.equal(answers);
        },
      ),
    );
  });

  it("is refused wherever it is cut off, and where it is something else", () => {
    const returned = encodeFunctionResult({
      abi: multicall3Abi,
      functionName: "aggregate3",
      result: [
        { success: true, returnData: "0x1234" },
        { success: false, returnData: `0x${"ab".repeat(40)}` },
      ],
    });
    // The last word is padding in part, which nobody needs.
    for (let length = 2; length < returned.length - 48; length++)
      expect(() => decodeAggregate3(returned.slice(0, length) as Hex), `${length}`).to.throw(TypeError);
    for (const other of ["0x", "nonsense", `0x${"ff".repeat(96)}`])
      expect(() => decodeAggregate3(other as Hex)).to.throw(TypeError);
  });
});
