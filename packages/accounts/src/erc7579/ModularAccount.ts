import type { EntryPoint, TestChain } from "@latchkey/devchain";
import type { EncodedCall, Erc7579AccountKind } from "@latchkey/sdk";
import {
  BATCH_CALL_MODE,
  type Erc7579RemovalParameters,
  erc7579Abi,
  granterPrefix,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  type TransactionReceipt,
} from "viem";
import type { ModularOwner } from "./ModularOwner.ts";

/** A deployed ERC-7579 account that one owner speaks for. */
export type ModularAccount = {
  testChain: TestChain;
  kind: Erc7579AccountKind;
  address: Address;
  entryPoint: EntryPoint;
  /** What the owner's grants begin with. */
  granter: Hex;
  /**
   * The owner makes the account perform calls, all or none.
   * @throws If they fail.
   */
  execute(calls: readonly EncodedCall[]): Promise<TransactionReceipt>;
  /** The owner's signature over a digest, as the account takes it: a grant, if the digest is a session's. */
  sign(digest: Hex): Promise<Hex>;
};

const executionsParameter = [
  {
    type: "tuple[]",
    components: [
      { name: "target", type: "address" },
      { name: "value", type: "uint256" },
      { name: "callData", type: "bytes" },
    ],
  },
] as const;

/** The account's own call of several calls. */
export const encodeBatch = (calls: readonly EncodedCall[]): Hex =>
  encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [
      BATCH_CALL_MODE,
      encodeAbiParameters(executionsParameter, [
        calls.map(({ to, value, data }) => ({ target: to, value, callData: data })),
      ]),
    ],
  });

/** An account whose owner speaks through a validator: by userOps, which a relayer includes, and by ERC-1271. */
export function validatorOwnedAccount(parameters: {
  testChain: TestChain;
  kind: Erc7579AccountKind;
  address: Address;
  entryPoint: EntryPoint;
  owner: ModularOwner;
  /** Default: the one that names the validator. */
  nonceKey?: bigint;
  granter?: Hex;
  /** What the owner signs in place of a digest. Default: the digest. */
  wrap?: (digest: Hex) => Hex;
}): ModularAccount {
  const { testChain, kind, address, entryPoint, owner } = parameters;
  const { wrap = (digest: Hex) => digest } = parameters;
  const nonceKey = parameters.nonceKey ?? validatorNonceKey({ kind, validator: owner.validator });
  const granter = parameters.granter ?? granterPrefix({ kind, validator: owner.validator });
  return {
    testChain,
    kind,
    address,
    entryPoint,
    granter,
    async execute(calls) {
      const userOp = await entryPoint.draft({ sender: address, nonceKey, callData: encodeBatch(calls) });
      const signature = await owner.sign(await entryPoint.hash(userOp));
      const { success, reason, receipt } = await entryPoint.handle({ ...userOp, signature });
      if (!success) throw new Error(`the owner's userOp failed: ${reason}`);
      return receipt;
    },
    sign: async (digest) => concat([granter, await owner.sign(wrap(digest))]),
  };
}

/** What the SDK's `erc7579Removal` has to know of an account, read from it. */
export async function removalOf(
  { testChain, kind, address }: ModularAccount,
  module: Address,
): Promise<Erc7579RemovalParameters> {
  if (kind !== "reference" && kind !== "nexus" && kind !== "safe7579")
    return { kind, account: address, module };
  const list = async (functionName: "getValidatorsPaginated" | "getExecutorsPaginated") => {
    const args = ["0x0000000000000000000000000000000000000001", 100n] as const;
    return (await testChain.client.readContract({ address, abi: erc7579Abi, functionName, args }))[0];
  };
  return {
    kind,
    account: address,
    module,
    validators: await list("getValidatorsPaginated"),
    executors: await list("getExecutorsPaginated"),
  };
}
