import { deployMock } from "@latchkey/accounts/deployMock";
import {
  encodeBatch,
  type ModularAccount,
  validatorOwnedAccount,
} from "@latchkey/accounts/erc7579/ModularAccount";
import {
  hashForKernel,
  kernelImplementation,
  kernelInitialization,
  nexusImplementation,
  nexusInitialization,
} from "@latchkey/accounts/erc7579/modularAccounts";
import type { EntryPoint, TestChain } from "@latchkey/devchain";
import { erc7579Abi, granterPrefix, VALIDATOR_TYPE } from "@latchkey/sdk/erc7579";
import { type Address, concat, encodeFunctionData, type Hex, parseAbi } from "viem";
import { delegate, eoaOf, sendAsEoa } from "./delegation.ts";

type Chain = { testChain: TestChain; entryPoint: EntryPoint };

/** The names from which {@link eoaOf} makes the keys of these accounts. */
export const DELEGATING_EOAS = {
  openzeppelin: "runs an OpenZeppelin account",
  nexus: "runs a Nexus",
  kernel: "runs a Kernel",
} as const;
type DelegateKind = keyof typeof DELEGATING_EOAS;

/** The validator by which an account obeys the EOA's own key. */
async function ownKeyValidator(testChain: TestChain, eoa: Address) {
  const { address: validator } = await deployMock(testChain, "EcdsaOwnerValidator");
  return { validator, installation: eoa };
}

/** An EOA acts by transactions to itself; its grants are its own signatures, told apart by the granter's prefix. */
function ofEoa(
  { testChain, entryPoint }: Chain,
  kind: DelegateKind,
  granter: Hex,
  wrap: (digest: Hex) => Hex = (digest) => digest,
): ModularAccount {
  const eoa = eoaOf(DELEGATING_EOAS[kind]);
  return {
    testChain,
    kind,
    address: eoa.address,
    entryPoint,
    granter,
    execute: (calls) => sendAsEoa(testChain, eoa, { to: eoa.address, data: encodeBatch(calls) }),
    sign: async (digest) => concat([granter, await eoa.sign({ hash: wrap(digest) })]),
  };
}

async function fundedEoa(testChain: TestChain, kind: DelegateKind) {
  const eoa = eoaOf(DELEGATING_EOAS[kind]);
  await testChain.setBalance(eoa.address, 10n ** 18n);
  return eoa;
}

/** An EOA that runs OpenZeppelin's AccountERC7579, with a validator that knows its key: what signs its grants. */
export async function openzeppelinEoa(chain: Chain): Promise<ModularAccount> {
  const { testChain, entryPoint } = chain;
  const eoa = await fundedEoa(testChain, "openzeppelin");
  const { address: implementation } = await deployMock(testChain, "DelegateAccount", [entryPoint.address]);
  const { validator, installation } = await ownKeyValidator(testChain, eoa.address);
  const data = encodeFunctionData({
    abi: erc7579Abi,
    functionName: "installModule",
    args: [VALIDATOR_TYPE, validator, installation],
  });
  await delegate(testChain, eoa, implementation, data);
  return ofEoa(chain, "openzeppelin", granterPrefix({ kind: "openzeppelin", validator }));
}

const nexusAbi = parseAbi(["function initializeAccount(bytes initData) payable"]);

/**
 * An EOA that runs Biconomy's Nexus 1.0.0, initialized in the transaction that delegates. This Nexus performs calls for
 * the EntryPoint alone, not for itself: so the EOA acts by userOps that its key signs.
 */
export async function nexusEoa(chain: Chain): Promise<ModularAccount> {
  const { testChain, entryPoint } = chain;
  const eoa = await fundedEoa(testChain, "nexus");
  const owner = {
    ...(await ownKeyValidator(testChain, eoa.address)),
    sign: (hash: Hex) => eoa.sign({ hash }),
  };
  const data = encodeFunctionData({
    abi: nexusAbi,
    functionName: "initializeAccount",
    args: [await nexusInitialization(testChain, owner)],
  });
  await delegate(testChain, eoa, await nexusImplementation(chain), data);
  return validatorOwnedAccount({ testChain, kind: "nexus", address: eoa.address, entryPoint, owner });
}

/** An EOA that runs ZeroDev's Kernel 3.1, initialized in the transaction that delegates. */
export async function kernelEoa(chain: Chain): Promise<ModularAccount> {
  const { testChain } = chain;
  const eoa = await fundedEoa(testChain, "kernel");
  const owner = await ownKeyValidator(testChain, eoa.address);
  await delegate(testChain, eoa, await kernelImplementation(chain), kernelInitialization(owner));
  return ofEoa(chain, "kernel", granterPrefix({ kind: "kernel" }), (hash) =>
    hashForKernel(testChain, eoa.address, hash),
  );
}
