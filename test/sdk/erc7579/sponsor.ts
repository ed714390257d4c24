import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { hexToBigInt, size, slice } from "viem";
import { type PaymasterActions, toPackedUserOperation, type UserOperation } from "viem/account-abstraction";
import { world } from "../../accounts/erc7579/fixture.ts";

/** The world's paymaster, as viem's clients ask one. */
export function sponsorOf({ entryPoint }: Pick<ModularAccount, "entryPoint">): PaymasterActions {
  const { sponsor } = world().paymasters[entryPoint.version];
  const answer = async (userOp: object) => {
    const some = { callGasLimit: 0n, verificationGasLimit: 0n, preVerificationGas: 0n, signature: "0x" };
    const asked = { ...some, ...userOp, paymaster: undefined } as unknown as UserOperation;
    const { paymasterAndData: bytes } = await sponsor(toPackedUserOperation(asked));
    return {
      paymaster: slice(bytes, 0, 20),
      paymasterVerificationGasLimit: hexToBigInt(slice(bytes, 20, 36)),
      paymasterPostOpGasLimit: hexToBigInt(slice(bytes, 36, 52)),
      paymasterData: size(bytes) > 52 ? slice(bytes, 52) : ("0x" as const),
    };
  };
  return { getPaymasterStubData: answer, getPaymasterData: answer } as unknown as PaymasterActions;
}
