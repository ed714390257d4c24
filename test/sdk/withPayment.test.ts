import { decodeError, type Refusal } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { expect } from "chai";
import { type Address, encodeErrorResult, getAddress, toHex, zeroAddress } from "viem";
import { withExecutedPayment } from "#sdk/agent/withPayment.ts";
import { transferOf } from "#sdk/session/CallRequest.ts";

const address = (number: number): Address => getAddress(toHex(number, { size: 20 }));
const [usdc, weth, shop, other] = [address(0xda7a), address(0xe7e7), address(0x5409), address(0x540a)];
const pay = (to: Address, amount: bigint, token = usdc) => transferOf({ token, to, amount });
const tooMuch = (amount: bigint, token = usdc) =>
  decodeError(
    encodeErrorResult({
      abi: sessionModuleAbi,
      errorName: "PerTransactionExceeded",
      args: [token, amount, 1n],
    }),
  );
const notAllowed = (recipient: Address) =>
  decodeError(
    encodeErrorResult({
      abi: sessionModuleAbi,
      errorName: "RecipientNotAllowed",
      args: [0n, usdc, recipient],
    }),
  );

describe("a refusal of an execution", () => {
  it("names the payment that exceeds a limit, and stays what it was otherwise", () => {
    const refusal = tooMuch(5n);
    const complete = withExecutedPayment(refusal, [pay(shop, 5n)]);
    expect(complete.details).to.deep.equal({ ...refusal.details, recipient: shop });
    const { details: _, stack: __, ...rest } = refusal as Refusal & { stack: string };
    expect(complete).to.deep.include(rest);
    expect(complete.constructor).to.equal(refusal.constructor);
    expect(complete.message).to.equal(refusal.message);
  });

  it("names the amount for a payee that is not allowed", () => {
    const calls = [pay(shop, 5n), pay(other, 7n)];
    expect(withExecutedPayment(notAllowed(other), calls).details).to.include({ amount: 7n });
  });

  it("names a payment in native coin", () => {
    const calls = [{ target: shop, value: 5n, data: "0x" } as const];
    expect(withExecutedPayment(tooMuch(5n, zeroAddress), calls).details).to.include({ recipient: shop });
  });

  it("names no payment where several could be meant, or none is it", () => {
    for (const calls of [
      [pay(shop, 5n), pay(other, 5n)],
      [pay(shop, 2n), pay(other, 3n)],
      [pay(shop, 5n, weth)],
      [{ target: usdc, value: 0n, data: "0x12345678" } as const],
    ])
      expect(withExecutedPayment(tooMuch(5n), calls).details).not.to.have.property("recipient");
    expect(withExecutedPayment(notAllowed(other), [pay(shop, 5n)]).details).not.to.have.property("amount");
  });

  it("for another reason stays itself", () => {
    const refusal = decodeError(
      encodeErrorResult({ abi: sessionModuleAbi, errorName: "Expired", args: [1] }),
    );
    expect(withExecutedPayment(refusal, [pay(shop, 5n)])).to.equal(refusal);
  });
});
